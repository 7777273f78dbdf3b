// Deliveries: filter, inspect each attempt, try again.
import { badge, byId, count, el, moment, replace } from "./dom.js";
import { get, post } from "./api.js";
import { DELIVERY } from "./words.js";

const PAGE_LENGTH = 25;
let next;

export function setUpDeliveries(page) {
  const again = () => page.attempt(() => refreshDeliveries(page));
  byId("filter-state").addEventListener("change", again);
  byId("filter-connection").addEventListener("change", again);
  byId("refresh").addEventListener("click", again);
  byId("delivery-filter").addEventListener("submit", (event) => event.preventDefault());
  byId("deliveries-more").addEventListener("click", () => page.attempt(() => load(page, next)));
  byId("replay-all").addEventListener("click", () => page.attempt(() => replayAll(page)));
}

export async function refreshDeliveries(page) {
  replace(byId("deliveries"));
  await load(page);
}

async function load(page, after) {
  const query = new URLSearchParams({ limit: String(PAGE_LENGTH) });
  if (after) query.set("after", after);
  if (byId("filter-state").value) query.set("state", byId("filter-state").value);
  if (byId("filter-connection").value) query.set("connection_id", byId("filter-connection").value);
  const list = await get(`/v1/deliveries?${query}`);
  next = list.next;
  byId("deliveries").append(...list.items.map((delivery) => row(page, delivery)));
  byId("deliveries-more").hidden = !next;
  byId("deliveries-empty").hidden = byId("deliveries").childElementCount > 0;
}

function row(page, delivery) {
  const [tone, word] = DELIVERY[delivery.state] ?? ["neutral", delivery.state];
  const attempts = el("div", {});
  const details = el("details", {}, el("summary", {}, count(delivery.attempts, "attempt", "attempts")), attempts);
  details.addEventListener("toggle", () => details.open && page.attempt(() => showAttempts(delivery, attempts)));
  const again = () => page.attempt(async () => {
    await post(`/v1/deliveries/${encodeURIComponent(delivery.id)}/replay`);
    await refreshDeliveries(page);
    page.say("The delivery is tried again now.");
  });
  return el(
    "li",
    {},
    el("div", { class: "row-head" }, badge(tone, word), el("strong", { class: "grow" }, page.connectionName(delivery.connection_id)), moment(delivery.updated_at)),
    delivery.message && el("p", {}, delivery.message),
    delivery.next_attempt_at && delivery.state === "pending" && el("p", { class: "hint" }, "Next attempt: ", moment(delivery.next_attempt_at)),
    el(
      "div",
      { class: "row-foot" },
      details,
      delivery.state !== "pending" && el("button", { type: "button", class: "secondary small", onclick: again }, "Try again"),
    ),
  );
}

async function showAttempts(delivery, into) {
  const { attempt_log: log } = await get(`/v1/deliveries/${encodeURIComponent(delivery.id)}`);
  if (log.length === 0) {
    replace(into, el("p", { class: "hint" }, "Not tried yet."));
    return;
  }
  replace(into, el("ol", { class: "attempts" }, log.map(attempt)));
}

function attempt(one) {
  return el(
    "li",
    {},
    el("p", {}, moment(one.started_at), ` — ${[one.result, one.reason].filter(Boolean).join(", ")}`),
    one.message && el("p", {}, one.message),
    one.calls.map((call) =>
      el("pre", {}, `${call.step}: ${call.method} ${call.url} → ${call.status ?? "no answer"} (${call.milliseconds} ms)${call.response ? `\n${call.response}` : ""}`),
    ),
  );
}

async function replayAll(page) {
  const connection = byId("filter-connection").value;
  const { replayed } = await post("/v1/deliveries/replay", { state: "dead", ...(connection && { connection_id: connection }) });
  await refreshDeliveries(page);
  page.say(replayed === 0 ? "There are no given-up deliveries." : `${count(replayed, "delivery is", "deliveries are")} tried again now.`);
}
