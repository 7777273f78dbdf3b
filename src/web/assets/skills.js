// The review of skills: one text at a time, one key for each decision, and a way back.
import { byId, el, replace } from "./dom.js";
import { Failure, call, get, post } from "./api.js";
import { askForKey } from "./session.js";
import { framework } from "./words.js";

const PAGE_LENGTH = 25;
const TYPING_MILLISECONDS = 120;

const words = byId("workspace").dataset;
/** A text of the page with its places filled. */
const filled = (text, values) => Object.entries(values).reduce((done, [name, value]) => done.replace(`{${name}}`, () => value.toLocaleString()), text);

let queue = [];
let skipped = 0;
let shown;
let undoable = [];
let isBusy = false;
let typing;
let asked = 0;

function setUp() {
  byId("not-a-skill").addEventListener("click", () => decide({ ruling: "not_a_skill" }));
  byId("leave").addEventListener("click", () => decide({ ruling: "leave_unmapped" }));
  byId("skip-text").addEventListener("click", later);
  byId("undo").addEventListener("click", undo);
  byId("new-concept").addEventListener("click", () => decide({ ruling: "concept", new_concept: shown.label }));
  byId("search").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => attempt(search), TYPING_MILLISECONDS);
  });
  byId("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    byId("found").querySelector("button")?.focus();
  });
  document.addEventListener("keydown", onKey);
}

/** Keys work everywhere but where somebody types. */
function onKey(event) {
  const isTyping = event.target instanceof HTMLInputElement && event.target.type !== "checkbox";
  if (event.key === "Escape" && isTyping) byId("main").focus();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "u") undo();
  if (!shown) return;
  if (key >= "1" && key <= "5") byId("suggestions").querySelectorAll("button")[Number(key) - 1]?.click();
  if (key === "n") byId("not-a-skill").click();
  if (key === "l") byId("leave").click();
  if (key === "c") byId("new-concept").click();
  if (key === "s") later();
  if (key === "i") byId("only-issuer").click();
  if (key === "f") {
    event.preventDefault();
    byId("search").focus();
  }
}

async function attempt(work) {
  try {
    await work();
  } catch (failure) {
    if (failure instanceof Failure && failure.status === 401) askForKey();
    else if (failure instanceof Failure) say(failure.status === 0 ? words.away : failure.message);
    else throw failure;
  }
}

function say(text) {
  byId("status").textContent = text;
}

async function refill() {
  const query = new URLSearchParams({ limit: String(PAGE_LENGTH) });
  if (skipped > 0) query.set("after", String(skipped));
  const list = await get(`/v1/skills/review?${query}`);
  queue = list.items;
  const { automatic, corrected } = list.precision;
  byId("precision").textContent = automatic === 0 ? "" : filled(words.precision, { automatic, corrected });
  const { taxonomies } = await get("/v1/skills/catalogue");
  byId("no-taxonomy").hidden = taxonomies.length > 0;
  show();
}

function show() {
  shown = queue[0];
  byId("entry").hidden = !shown;
  byId("all-done").hidden = Boolean(shown);
  byId("undo").disabled = undoable.length === 0;
  if (!shown) return;
  byId("text-title").textContent = shown.label;
  const issuers = shown.issuers.length > 0 ? ` ${filled(words.issuers, { issuers: shown.issuers.join(", ") })}` : "";
  byId("text-facts").textContent = filled(words.facts, { people: shown.people, credentials: shown.credentials }) + issuers;
  byId("only-issuer").checked = false;
  byId("only-issuer").disabled = shown.issuers.length === 0;
  byId("search").value = "";
  replace(byId("found"));
  replace(byId("suggestions"), shown.suggestions.map((concept, at) => choice(concept, `${at + 1} `)));
}

function choice(concept, before) {
  const path = concept.mapping?.path?.join(" › ");
  return el(
    "li",
    {},
    el("button", { type: "button", class: "secondary", onclick: () => decide({ ruling: "concept", concept: concept.uri }) }, before, concept.label ?? concept.uri),
    el("p", { class: "hint" }, [framework(concept), path].filter(Boolean).join(" · ")),
    concept.mapping?.why && el("p", { class: "hint" }, concept.mapping.why),
  );
}

async function decide(ruling) {
  if (isBusy || !shown) return;
  isBusy = true;
  const entry = shown;
  const issuer = byId("only-issuer").checked ? { issuer_id: entry.issuers[0] } : {};
  await attempt(async () => {
    const kept = await post("/v1/skills/decisions", { label: entry.label, ...ruling, ...issuer });
    undoable.push({ id: kept.id, entry });
    const meaning = { concept: words.means, not_a_skill: words.isNoSkill, leave_unmapped: words.stays }[kept.ruling];
    const told = filled(meaning, { label: entry.label, concept: kept.concept?.label ?? "" });
    say(`${told} ${filled(words.follows, { n: entry.credentials })}`);
    await next();
  });
  isBusy = false;
}

async function next() {
  queue.shift();
  if (queue.length === 0) await refill();
  else show();
  byId("main").focus({ preventScroll: true });
}

function later() {
  if (!shown) return;
  skipped += 1;
  say(filled(words.waits, { label: shown.label }));
  attempt(next);
}

async function undo() {
  const last = undoable.pop();
  if (!last || isBusy) return;
  isBusy = true;
  await attempt(async () => {
    await call("DELETE", `/v1/skills/decisions/${encodeURIComponent(last.id)}`);
    queue.unshift(last.entry);
    say(filled(words.takenBack, { label: last.entry.label }));
    show();
  });
  isBusy = false;
}

async function search() {
  const text = byId("search").value.trim();
  asked += 1;
  const mine = asked;
  if (text.length < 2) {
    replace(byId("found"));
    return;
  }
  const { items } = await get(`/v1/skills/concepts?${new URLSearchParams({ q: text })}`);
  // A slow answer to an earlier text must not replace a later one.
  if (mine === asked) replace(byId("found"), items.length > 0 ? items.map((concept) => choice(concept, "")) : el("li", { class: "hint" }, words.noneFound));
}

setUp();
await attempt(refill);
