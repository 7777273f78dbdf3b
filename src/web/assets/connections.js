// Connected employer systems: list, set up from the connector's own form, pause, test, remove.
import { badge, byId, el, icon, replace } from "./dom.js";
import { Failure, call, get, post } from "./api.js";

let connectors = [];

export function setUpConnections(page) {
  byId("connector").addEventListener("change", () => showForm());
  byId("carry-email").addEventListener("change", () => {
    byId("carry-why").hidden = !byId("carry-email").checked;
  });
  byId("connection-form").addEventListener("submit", (event) => {
    event.preventDefault();
    create(page);
  });
}

export async function refreshConnections(page) {
  if (connectors.length === 0) {
    connectors = (await get("/v1/connectors")).items;
    replace(byId("connector"), connectors.map((connector) => el("option", { value: connector.name }, connector.title)));
    showForm();
  }
  page.connections = (await get("/v1/connections")).items;
  byId("connections-empty").hidden = page.connections.length > 0;
  if (page.connections.length === 0) byId("new-connection").open = true;
  replace(byId("connections"), page.connections.map((connection) => card(page, connection)));
  const filter = byId("filter-connection");
  const chosen = filter.value;
  replace(filter, el("option", { value: "" }, "All"), page.connections.map((one) => el("option", { value: one.id }, one.name)));
  filter.value = chosen;
}

function card(page, connection) {
  const active = connection.state === "active";
  const result = el("div", { role: "status", "aria-live": "polite" });
  const connector = connectors.find((one) => one.name === connection.connector);
  return el(
    "li",
    {},
    el("div", { class: "card-head" }, el("h3", {}, connection.name), active ? badge("accepted", "Active") : badge("attention", "Paused")),
    el("p", { class: "hint" }, connector?.title ?? connection.connector),
    !active && connection.paused_reason && el("p", {}, connection.paused_reason),
    el(
      "div",
      { class: "actions" },
      button(active ? "Pause" : "Resume", connection, () => change(page, connection, active ? "pause" : "resume")),
      button("Test", connection, () => test(page, connection, result)),
      button("Remove", connection, () => remove(page, connection)),
    ),
    result,
  );
}

function button(text, connection, action) {
  return el("button", { type: "button", class: "secondary", "aria-label": `${text} ${connection.name}`, onclick: action }, text);
}

const path = (connection) => `/v1/connections/${encodeURIComponent(connection.id)}`;

function change(page, connection, action) {
  return page.attempt(async () => {
    await post(`${path(connection)}/${action}`);
    await refreshConnections(page);
    page.say(`${connection.name}: ${action === "pause" ? "paused; deliveries wait" : "active again"}.`);
  });
}

function test(page, connection, result) {
  replace(result, el("p", { class: "hint" }, "Testing…"));
  return page.attempt(async () => {
    const { ok, steps } = await post(`${path(connection)}/test`);
    const rows = steps.map((step) => {
      const tone = step.ok ? "accepted" : "rejected";
      return el("li", { class: tone }, icon(tone), el("div", {}, el("span", { class: "name" }, step.name, " "), el("p", {}, step.message)));
    });
    replace(result, el("p", {}, ok ? "The test passed." : "The test failed."), el("ul", { class: "checks" }, rows));
  });
}

function remove(page, connection) {
  if (!confirm(`Remove ${connection.name}? Deliveries that wait for it are dropped.`)) return undefined;
  return page.attempt(async () => {
    await call("DELETE", path(connection));
    await refreshConnections(page);
    await page.connectionsChanged();
    page.say(`${connection.name} was removed.`);
  });
}

const chosenConnector = () => connectors.find((connector) => connector.name === byId("connector").value);

function showForm() {
  const connector = chosenConnector();
  if (!connector) return;
  const standing = { stable: "", beta: "Tried against a copy of this system.", experimental: "Not yet tried against the real system." };
  byId("connector-note").textContent = standing[connector.status] ?? "";
  byId("connection-name").value = connector.title;
  replace(byId("connection-fields"), connector.fields.map(formField));
}

function formField(field) {
  const id = `field-${field.name}`;
  const hint = [field.help, field.example && `For example ${field.example}`, field.secret && "Stored encrypted; never shown again."].filter(Boolean).join(" ");
  const shared = { id, "data-field": field.name, required: field.required, "aria-describedby": hint ? `${id}-hint` : null };
  const optional = !field.required && el("span", { class: "optional" }, " optional");
  const note = hint && el("p", { class: "hint", id: `${id}-hint` }, hint);
  if (field.kind === "boolean") {
    const box = el("input", { ...shared, required: false, type: "checkbox", checked: field.default === true });
    return el("div", { class: "field" }, el("label", { class: "check" }, box, field.label), note);
  }
  const input = control(field, shared);
  return el("div", { class: "field" }, el("label", { for: id }, field.label, optional), input, generator(field, input), note);
}

/** A button that makes a webhook's signing secret and shows it, to be copied to the receiver. */
function generator(field, input) {
  if (!field.secret || !field.required || !/whsec_/.test(field.help ?? "")) return null;
  const make = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    input.type = "text";
    input.value = `whsec_${btoa(String.fromCharCode(...bytes))}`;
    input.select();
  };
  return el("button", { type: "button", class: "secondary small", onclick: make }, "Generate");
}

function control(field, shared) {
  if (field.choices?.length > 0) {
    const empty = field.required ? null : el("option", { value: "" }, "—");
    return el("select", shared, empty, field.choices.map((choice) => el("option", { value: choice, selected: choice === field.default }, choice)));
  }
  const type = field.secret ? "password" : field.kind === "integer" ? "number" : "text";
  return el("input", { ...shared, type, value: field.default ?? null, autocomplete: "off", spellcheck: "false" });
}

async function create(page) {
  const error = byId("connection-error");
  error.textContent = "";
  const form = byId("connection-form");
  if (!form.reportValidity()) return;
  const connector = chosenConnector();
  const body = { connector: connector.name, name: byId("connection-name").value, fields: {}, secrets: {} };
  for (const field of connector.fields) {
    const value = valueOf(field, byId(`field-${field.name}`));
    if (value !== undefined) (field.secret ? body.secrets : body.fields)[field.name] = value;
  }
  const carries = { ats_id: byId("carry-ats-id").checked, email: byId("carry-email").checked };
  if (carries.email) carries.purpose = byId("carry-purpose").value.trim();
  body.carries = carries;
  body.outcomes = [...form.querySelectorAll("input[name=outcome]:checked")].map((box) => box.value);
  try {
    await post("/v1/connections", body);
  } catch (failure) {
    error.textContent = failure instanceof Failure ? explain(failure, connector) : "Something went wrong on this page.";
    return;
  }
  byId("new-connection").open = false;
  showForm();
  await page.attempt(async () => {
    await refreshConnections(page);
    page.say(`${body.name} is connected. Events from now on are delivered.`);
  });
}

function valueOf(field, input) {
  if (field.kind === "boolean") return input.checked;
  const text = input.value.trim();
  if (text === "") return undefined;
  return field.kind === "integer" && !field.secret ? Number(text) : text;
}

/** The form's own names for the fields that the gateway found wrong. */
function explain(failure, connector) {
  if (failure.errors.length === 0) return failure.message;
  const bare = (name) => name.replace(/^(fields|secrets)\./, "");
  const label = (name) => connector.fields.find((field) => field.name === bare(name))?.label ?? name;
  return failure.errors.map((one) => `${label(one.field)}: ${one.message}`).join(" · ");
}
