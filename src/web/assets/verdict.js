// Shows what became of files: one card per credential. Nothing of a rejected credential's content is shown.
import { badge, count, day, el, icon } from "./dom.js";
import { ATTAINMENT, CHECK, CHECK_STATUS, MAPPING, NO_CREDENTIAL, OUTCOME, OUTCOME_SENTENCE, SKILL_ATTAINMENT, framework, inLanguage } from "./words.js";

const CARDS_AT_ONCE = 50;

/** All results of a submission; long ones show more on demand. */
export function showSubmission(submission) {
  const cards = submission.files.flatMap((file) => showFile(file));
  const box = el("div", {});
  const more = el("button", { type: "button", class: "secondary more" });
  let shown = 0;
  const next = () => {
    const batch = cards.slice(shown, shown + CARDS_AT_ONCE).map((make) => make());
    more.before(...batch);
    shown += batch.length;
    more.hidden = shown >= cards.length;
    more.textContent = `Show more (${count(cards.length - shown, "result", "results")} left)`;
    if (shown > batch.length) batch[0]?.focus();
  };
  box.append(more);
  more.addEventListener("click", next);
  next();
  return box;
}

/** One function per card, so that a large archive is built piece by piece. */
function showFile(file) {
  const warnings = (file.warnings ?? []).map((warning) => () => warningCard(file, warning));
  if (file.credentials.length === 0) return [...warnings, () => problemCard(file)];
  return [...warnings, ...file.credentials.map((credential) => () => credentialCard(file, credential))];
}

/** What the person who sent the file should hear of, whatever the verdict is. */
function warningCard(file, warning) {
  return el(
    "article",
    { class: "verdict attention", tabindex: "-1" },
    badge("attention", "Tell the candidate"),
    el("h3", {}, file.file),
    el("p", { class: "reason" }, warning.message),
    warning.next_step && el("p", { class: "next" }, warning.next_step),
  );
}

function problemCard(file) {
  const problem = file.problem ?? { message: "No credential was found in this file." };
  return el(
    "article",
    { class: "verdict neutral", tabindex: "-1" },
    badge("neutral", NO_CREDENTIAL),
    el("h3", {}, file.file),
    el("p", { class: "file" }, file.detected),
    el("p", { class: "reason" }, problem.message),
    problem.next_step && el("p", { class: "next" }, problem.next_step),
  );
}

function credentialCard(file, credential) {
  const { outcome, report } = credential;
  const content = outcome === "rejected" ? null : credential.normalized;
  const title = (content && inLanguage(content.achievement.name)) || file.file;
  return el(
    "article",
    { class: `verdict ${outcome}`, tabindex: "-1" },
    badge(outcome, OUTCOME[outcome]),
    el("h3", {}, title),
    el("p", { class: "file" }, title === file.file ? file.detected : `${file.file} · ${file.detected}`),
    outcome === "accepted" ? el("p", { class: "reason" }, OUTCOME_SENTENCE.accepted) : reasons(report, outcome),
    content ? facts(content, report) : fingerprint(file),
    credential.duplicate && el("p", { class: "hint" }, "This credential of this person was already stored; no event was sent again."),
    content && skills(content),
    checks(report),
    el(
      "p",
      { class: "links" },
      el("a", { href: `/v1/credentials/${encodeURIComponent(credential.id)}/report`, target: "_blank" }, "Full report"),
      el("a", { href: `/v1/credentials/${encodeURIComponent(credential.id)}/source`, download: true }, "Download the credential as received"),
    ),
  );
}

/** Why the verdict is not a plain yes: failures first; for a rejected credential nothing less than a failure counts. */
function reasons(report, outcome) {
  const rank = { fail: 0, could_not_check: 1, warning: 2 };
  const failed = report.checks.filter((check) => check.status === "fail");
  const open = report.checks.filter((check) => check.status in rank).sort((a, b) => rank[a.status] - rank[b.status]);
  const shown = outcome === "rejected" && failed.length > 0 ? failed : open;
  if (shown.length === 0) return el("p", { class: "reason" }, OUTCOME_SENTENCE[outcome]);
  return shown.map((check) => [
    el("p", { class: "reason" }, check.message),
    check.next_step && el("p", { class: "next" }, check.next_step),
  ]);
}

function fingerprint(file) {
  return el("dl", { class: "facts" }, el("dt", {}, "Fingerprint (SHA-256)"), el("dd", { class: "hash" }, file.sha256));
}

function facts(content, report) {
  const rows = [["Issued by", issuer(content, report)]];
  if (content.attainment !== "attained") rows.push(["Attained", ATTAINMENT[content.attainment] ?? content.attainment]);
  if (content.valid_from) rows.push(["Valid from", day(content.valid_from)]);
  if (content.valid_until) rows.push(["Valid until", day(content.valid_until)]);
  return el("dl", { class: "facts" }, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/** The registry's name for the issuer, else what the issuer calls itself, marked as such. Never a link. */
function issuer(content, report) {
  const named = report.issuer_name ?? { name: content.issuer.name, registry: content.issuer.registry };
  if (!named.name) return [content.issuer.id, el("span", { class: "vouch" }, "The issuer gives no name.")];
  const vouch = named.registry
    ? el("span", { class: "vouch yes" }, `Name confirmed by ${named.registry}`)
    : el("span", { class: "vouch" }, "The issuer’s own words; no registry that you trust confirms the name.");
  return [named.name, vouch];
}

function skills(content) {
  const all = allSkills(content);
  if (all.length === 0) return el("p", { class: "hint" }, "The credential names no skills.");
  return [
    el("h4", { class: "part-title" }, count(all.length, "skill", "skills")),
    el("ul", { class: "skills" }, all.map(skill)),
  ];
}

/** Skills of the credential and of those inside it, each once. */
function allSkills(content) {
  const inner = (content.parts ?? []).flatMap((part) => allSkills(part.credential));
  const seen = new Set();
  return [...content.skills, ...inner].filter((one) => !seen.has(one.assertion_id) && seen.add(one.assertion_id));
}

function skill(assertion) {
  const concept = assertion.concepts[0];
  const level = assertion.level?.raw?.label ?? assertion.level?.raw?.value;
  const where = concept ? [framework(concept), concept.code].filter(Boolean).join(" ") + " · " : "";
  const doubt = SKILL_ATTAINMENT[assertion.attainment];
  const how = where + (MAPPING[assertion.mapping_status] ?? assertion.mapping_status) + (doubt ? ` · ${doubt}` : "");
  return el("li", {}, el("b", {}, assertion.label.text), level && ` — ${level}`, el("span", { class: "how" }, how));
}

function checks(report) {
  const rank = { fail: 0, could_not_check: 1, warning: 2, pass: 3, not_applicable: 4 };
  const ordered = [...report.checks].sort((a, b) => (rank[a.status] ?? 5) - (rank[b.status] ?? 5));
  const passed = report.checks.filter((check) => check.status === "pass").length;
  const applicable = report.checks.filter((check) => check.status !== "not_applicable").length;
  return el(
    "details",
    {},
    el("summary", {}, `All checks: ${passed} of ${applicable} passed`),
    el("ul", { class: "checks" }, ordered.map(checkRow)),
    (report.nested ?? []).map((inner) => nested(inner)),
  );
}

function checkRow(check) {
  const [tone, word] = CHECK_STATUS[check.status] ?? ["neutral", check.status];
  return el(
    "li",
    { class: tone },
    icon(tone),
    el(
      "div",
      {},
      el("span", { class: "name" }, CHECK[check.id] ?? check.id, " "),
      el("span", { class: "how" }, word),
      el("p", {}, check.message),
      check.next_step && el("p", { class: "next" }, check.next_step),
    ),
  );
}

function nested(inner) {
  const kind = inner.role === "endorsement" ? "Endorsement" : "Credential inside";
  return el(
    "details",
    {},
    el("summary", {}, `${kind}: ${OUTCOME[inner.report.outcome]}`),
    el("ul", { class: "checks" }, inner.report.checks.map(checkRow)),
  );
}
