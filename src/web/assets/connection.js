// The form of a connection: makes and changes it, makes signing secrets up, shows the requests that the settings lead to.
import { Failure, call, post } from "./api.js";
import { byId, el, replace } from "./dom.js";

const form = byId("connection-form");
const words = form?.dataset ?? {};

/** `whsec_` and the Base64 of 32 random bytes, shown so that it can be copied to the receiver. */
for (const button of document.querySelectorAll("[data-generate]")) {
  button.addEventListener("click", () => {
    const input = byId(button.dataset.generate);
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    input.type = "text";
    input.value = `whsec_${btoa(String.fromCharCode(...bytes))}`;
    input.select();
  });
}

byId("carry-email")?.addEventListener("change", () => {
  byId("carry-why").hidden = !byId("carry-email").checked;
});

function valueOf(input) {
  if (input.dataset.kind === "boolean") return input.checked;
  const text = input.value.trim();
  if (text === "") return undefined;
  return input.dataset.kind === "integer" ? Number(text) : text;
}

function given(attribute) {
  const inputs = [...form.querySelectorAll(`[data-${attribute}]`)];
  return Object.fromEntries(inputs.map((input) => [input.dataset[attribute], valueOf(input)]).filter(([, value]) => value !== undefined));
}

/** The overrides; throws when the text is no JSON object. */
function mapping() {
  const text = byId("mapping")?.value.trim() ?? "";
  if (text === "") return {};
  const value = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new SyntaxError("no object");
  return value;
}

function settings() {
  const types = [...form.querySelectorAll("input[name=event-type]")];
  const taken = types.filter((box) => box.checked).map((box) => box.value);
  const carries = { ats_id: byId("carry-ats-id").checked, email: byId("carry-email").checked };
  if (carries.email) carries.purpose = byId("carry-purpose").value.trim();
  return {
    name: byId("connection-name").value,
    fields: given("field"),
    mapping: mapping(),
    // No list means all types, also those that a later version of the connector takes.
    event_types: taken.length === types.length ? [] : taken,
    outcomes: [...form.querySelectorAll("input[name=outcome]:checked")].map((box) => box.value),
    carries,
  };
}

/** The form's own names for what the gateway found wrong. */
export function explain(failure, away) {
  if (!(failure instanceof Failure)) throw failure;
  if (failure.status === 0) return away;
  const bare = (name) => name.replace(/^(fields|secrets)\./, "");
  const named = (name) => document.querySelector(`[data-field="${CSS.escape(bare(name))}"], [data-secret="${CSS.escape(bare(name))}"]`);
  const label = (name) => named(name)?.labels?.[0]?.querySelector("[lang]")?.textContent ?? name;
  const errors = failure.errors.map((one) => `${label(one.field)}: ${one.message}`);
  return errors.length > 0 ? errors.join(" · ") : failure.message;
}

async function run(place, work) {
  place.textContent = "";
  try {
    await work();
  } catch (failure) {
    if (failure instanceof SyntaxError) place.textContent = words.badMapping;
    else if (failure instanceof Failure && failure.status === 401) location.reload();
    else place.textContent = explain(failure, words.away);
  }
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  byId("connection-saved").textContent = "";
  if (!form.reportValidity()) return;
  run(byId("connection-error"), async () => {
    if (words.connection) {
      await call("PATCH", `/v1/connections/${encodeURIComponent(words.connection)}`, settings());
      sessionStorage.setItem("connection-result", words.saved);
      location.reload();
    } else {
      const made = await post("/v1/connections", { connector: words.connector, ...settings(), secrets: given("secret") });
      location.assign(`/connections/${encodeURIComponent(made.id)}`);
    }
  });
});

const SIGN = { same: "  ", added: "+ ", removed: "− " };

function plan() {
  byId("plan").hidden = false;
  return run(byId("plan-error"), async () => {
    const type = byId("plan-type").value;
    const question = { fields: given("field"), mapping: mapping(), ...(type && { event_type: type }), ...(words.connection && { connection_id: words.connection }) };
    const { lines } = await post(`/v1/connectors/${encodeURIComponent(words.connector)}/plan`, question);
    replace(byId("plan-lines"), lines.map(({ change, text }) => el("span", { class: `line ${change}` }, `${SIGN[change]}${text}\n`)));
    const differs = lines.some((line) => line.change !== "same");
    byId("plan-status").textContent = words.connection && !differs ? words.noDifference : "";
  });
}

byId("show-plan")?.addEventListener("click", plan);
byId("plan-type")?.addEventListener("change", plan);
