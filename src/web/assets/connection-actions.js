// What is done with a stored connection: test, pause, resume, remove, replace a secret, send past credentials.
import { call, post } from "./api.js";
import { attempt } from "./attempt.js";
import { explain } from "./connection.js";
import { byId, el, icon, replace } from "./dom.js";

const words = byId("connection").dataset;
const path = `/v1/connections/${encodeURIComponent(words.connection)}`;
const run = (work) => attempt(byId("page-error"), words.away, work);
const say = (text) => {
  byId("page-status").textContent = text;
};

const said = sessionStorage.getItem("connection-result");
if (said) {
  sessionStorage.removeItem("connection-result");
  say(said);
}

byId("test").addEventListener("click", () => {
  say(words.testing);
  run(async () => {
    const { ok, steps } = await post(`${path}/test`);
    const row = (step) => {
      const tone = step.ok ? "accepted" : "rejected";
      return el("li", { class: tone }, icon(tone), el("div", {}, el("span", { class: "name" }, step.name), el("p", {}, step.message)));
    };
    replace(byId("test-steps"), steps.map(row));
    byId("test-steps").hidden = false;
    say(ok ? words.passed : words.failed);
  });
});

const dialog = byId("pause-dialog");
byId("pause")?.addEventListener("click", () => dialog.showModal());
byId("pause-cancel").addEventListener("click", () => dialog.close());
byId("pause-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const reason = byId("pause-reason").value.trim();
  attempt(byId("pause-error"), words.away, async () => {
    await post(`${path}/pause`, reason ? { reason } : {});
    location.reload();
  });
});
byId("resume")?.addEventListener("click", () => run(async () => {
  await post(`${path}/resume`);
  location.reload();
}));

byId("remove").addEventListener("click", () => {
  if (!confirm(words.confirm)) return;
  run(async () => {
    await call("DELETE", path);
    location.assign("/connections");
  });
});

const secrets = byId("secrets-form");
secrets?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const error = byId("secrets-error");
  const filled = [...secrets.querySelectorAll("[data-secret]")].filter((input) => input.value.trim() !== "");
  if (filled.length === 0) {
    error.textContent = secrets.dataset.nothing;
    return;
  }
  const values = Object.fromEntries(filled.map((input) => [input.dataset.secret, input.value.trim()]));
  error.textContent = "";
  try {
    await call("PATCH", path, { secrets: values, grace_seconds: Number(byId("grace").value) });
    sessionStorage.setItem("connection-result", secrets.dataset.saved);
    location.reload();
  } catch (failure) {
    error.textContent = explain(failure, words.away);
  }
});

const past = byId("backfill-form");
/** A day in the reader's own time. */
const moment = (id) => (byId(id).value ? new Date(`${byId(id).value}T00:00:00`).toISOString() : undefined);

/** Asks until nothing is left; the sum of the answers. */
async function backfill(preview) {
  const issuer = byId("issuer").value.trim();
  const question = { since: moment("since"), until: moment("until"), preview, ...(issuer && { issuer }) };
  const sum = { credentials: 0, events: 0 };
  let after = 0;
  do {
    const answer = await post(`${path}/backfill`, { ...question, after });
    sum.credentials += answer.credentials;
    sum.events += answer.events;
    after = answer.next;
  } while (after !== undefined);
  return sum;
}

const filled = (text, { credentials, events }) => text.replace("{credentials}", credentials.toLocaleString()).replace("{events}", events.toLocaleString());
const tell = (text) => {
  byId("backfill-status").textContent = text;
};

past?.addEventListener("input", () => {
  byId("backfill").hidden = true;
  tell("");
});
past?.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(byId("backfill-error"), words.away, async () => {
    const sum = await backfill(true);
    tell(sum.events === 0 ? past.dataset.nothing : filled(past.dataset.counted, sum));
    byId("backfill").hidden = sum.events === 0;
  });
});
byId("backfill")?.addEventListener("click", () => {
  byId("backfill").hidden = true;
  attempt(byId("backfill-error"), words.away, async () => tell(filled(past.dataset.done, await backfill(false))));
});
