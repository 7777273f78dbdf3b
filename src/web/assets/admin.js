// The administrator's page: connected systems, deliveries, events.
import { byId, el, moment, replace } from "./dom.js";
import { Failure, call } from "./api.js";
import { askForKey } from "./session.js";
import { refreshConnections, setUpConnections } from "./connections.js";
import { refreshDeliveries, setUpDeliveries } from "./deliveries.js";

const EVENTS_SHOWN = 20;
const EVENTS_PER_CALL = 500;
const REFRESH_MILLISECONDS = 5000;

let cursor = "0";
let tail = [];

async function refreshAll() {
  await refreshConnections(page);
  await refreshDeliveries(page);
  await refreshEvents();
}

/** What the parts of the page share: saying something, and doing something that may fail. */
const page = {
  say: (text) => {
    byId("status").textContent = text;
  },
  async attempt(work) {
    try {
      await work();
      return true;
    } catch (failure) {
      if (failure instanceof Failure && failure.status === 401) askForKey();
      else page.say(failure instanceof Failure ? failure.message : "Something went wrong on this page. Reload it and try again.");
      return false;
    }
  },
  connectionName: (id) => page.connections?.find((connection) => connection.id === id)?.name ?? "removed connection",
  connections: [],
  connectionsChanged: () => refreshDeliveries(page),
};

async function quietly(work) {
  await work().catch(() => {});
}

/** Reads on from where the last call ended; keeps the newest. */
async function refreshEvents() {
  let fresh;
  do {
    const answer = await call("GET", `/v1/events?limit=${EVENTS_PER_CALL}&after=${cursor}`);
    fresh = answer.body;
    cursor = answer.headers.get("Skillgate-Next") ?? cursor;
    tail = [...tail, ...fresh].slice(-EVENTS_SHOWN);
  } while (fresh.length === EVENTS_PER_CALL);
  byId("events-empty").hidden = tail.length > 0;
  replace(byId("events"), [...tail].reverse().map(eventRow));
}

function eventRow(event) {
  const name = event.type.replace("org.skillgate.", "").replace(".v1", "");
  return el(
    "li",
    {},
    el("div", { class: "row-head" }, el("strong", { class: "grow" }, name), moment(event.time)),
    el("details", {}, el("summary", {}, event.subject), el("pre", {}, JSON.stringify(event, null, 2))),
  );
}

setUpConnections(page);
setUpDeliveries(page);
setInterval(() => document.visibilityState === "visible" && quietly(refreshEvents), REFRESH_MILLISECONDS);
await page.attempt(refreshAll);
