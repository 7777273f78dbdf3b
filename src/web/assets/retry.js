// Deliveries that are tried again: one, or all that the filter shows.
import { Failure, post } from "./api.js";
import { byId } from "./dom.js";

const words = byId("retry").dataset;
const say = (text) => {
  byId("status").textContent = text;
};

const said = sessionStorage.getItem("retry-result");
if (said) {
  sessionStorage.removeItem("retry-result");
  say(said);
}

async function attempt(work) {
  try {
    sessionStorage.setItem("retry-result", await work());
    location.reload();
  } catch (failure) {
    sessionStorage.removeItem("retry-result");
    if (!(failure instanceof Failure)) throw failure;
    if (failure.status === 401) location.reload();
    else say(failure.status === 0 ? words.away : failure.message);
  }
}

byId("retry").addEventListener("click", (event) => {
  const { retry } = event.target.dataset ?? {};
  if (!retry) return;
  attempt(async () => {
    await post(`/v1/deliveries/${encodeURIComponent(retry)}/replay`);
    return words.retried;
  });
});

/** All that the filter shows: counted first, so that a person knows what the click means. */
byId("replay")?.addEventListener("click", () => {
  const { state, connection } = byId("replay").dataset;
  const question = { state, ...(connection && { connection_id: connection }) };
  attempt(async () => {
    const { matched } = await post("/v1/deliveries/replay", { ...question, preview: true });
    if (matched === 0) return words.nothing;
    if (!confirm(words.confirm.replace("{n}", String(matched)))) return "";
    const { replayed } = await post("/v1/deliveries/replay", question);
    return words.replayed.replace("{n}", String(replayed));
  });
});
