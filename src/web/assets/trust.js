// The trust policy: a rule by one click, a trial on past credentials, publication.
import { call, post } from "./api.js";
import { attempt } from "./attempt.js";
import { byId, el, replace } from "./dom.js";

const page = byId("trust");
const text = byId("policy-text");
const error = byId("policy-error");
const result = byId("policy-result");
const words = page.dataset;

const filled = (template, values) => Object.entries(values).reduce((line, [name, value]) => line.replaceAll(`{${name}}`, String(value)), template);

const run = (work) => {
  replace(result);
  return attempt(error, words.away, work);
};

function show(trial, sentence) {
  const row = (change) =>
    el("li", {}, filled(words.row, { credentials: change.credentials, issuer: change.issuer_name ?? change.issuer_id, from: change.from, to: change.to }));
  replace(
    result,
    el("p", {}, filled(sentence, { changed: trial.changed, examined: trial.examined })),
    trial.changes.length > 0 && el("ul", {}, trial.changes.map(row)),
    trial.has_more && el("p", { class: "hint" }, words.older),
    trial.failed_examples.map((line) => el("p", { class: "error" }, line)),
  );
}

const tried = async () => {
  const trial = await post("/v1/trust/policy/trial", { text: text.value });
  show(trial, trial.changed === 0 ? words.none : words.change);
};

byId("try").addEventListener("click", () => run(tried));

byId("policy-form").addEventListener("submit", (event) => {
  event.preventDefault();
  run(async () => {
    const { body } = await call("PUT", "/v1/trust/policy", { text: text.value, replaces: words.sha256 });
    announce(body.trial);
  });
});

byId("back-to-file")?.addEventListener("click", () => {
  if (!confirm(words.confirm)) return;
  run(async () => announce((await call("DELETE", "/v1/trust/policy")).body.trial));
});

/** The page as it is now, with what was done said on it. */
function announce(trial) {
  sessionStorage.setItem("trust-result", filled(words.published, { changed: trial.changed }));
  location.reload();
}

const said = sessionStorage.getItem("trust-result");
if (said) {
  sessionStorage.removeItem("trust-result");
  replace(result, el("p", {}, said));
  byId("policy-title").scrollIntoView();
}

page.addEventListener("click", (event) => {
  const { decide, issuer, issuerName } = event.target.dataset ?? {};
  if (decide) {
    run(async () => {
      const written = await post("/v1/trust/policy/rule", { text: text.value, issuer_id: issuer, decision: decide, ...(issuerName && { name: issuerName }) });
      text.value = written.text;
      await tried();
      result.prepend(el("p", {}, words.added));
      text.focus();
      text.scrollTop = text.scrollHeight;
      result.scrollIntoView({ block: "center" });
    });
  }
  if (event.target.dataset && "restore" in event.target.dataset) {
    text.value = event.target.closest("details").querySelector("pre").textContent;
    run(tried);
    text.focus();
  }
});
