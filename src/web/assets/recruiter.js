// The recruiter's page: files in, verdicts out, and what was checked before.
import { badge, byId, count, el, moment, replace } from "./dom.js";
import { Failure, get, post, submit } from "./api.js";
import { askForKey, withSession } from "./session.js";
import { showSubmission } from "./verdict.js";
import { NO_CREDENTIAL, OUTCOME, TAKEN_IN } from "./words.js";

const HISTORY_LENGTH = 10;
const POLL_MILLISECONDS = 700;

withSession(async () => {
  setUp();
  await refreshHistory();
});

let isSetUp = false;
function setUp() {
  if (isSetUp) return;
  isSetUp = true;
  const drop = byId("drop");
  const input = byId("files");
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = "";
    check(files);
  });
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    check([...event.dataTransfer.files]);
  });
  // A file that misses the drop area must not replace the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
  byId("upload").addEventListener("submit", (event) => event.preventDefault());
  byId("by-link").addEventListener("submit", (event) => {
    event.preventDefault();
    checkLink(byId("link").value.trim());
  });
}

async function checkLink(url) {
  const email = byId("email");
  if (!email.reportValidity()) return;
  const candidate = email.value.trim() === "" ? {} : { candidate_email: email.value.trim() };
  replace(byId("results"));
  say("Asking the platform…");
  busy(true);
  try {
    show(await post("/v1/submissions/link", { url, ...candidate }));
    byId("by-link").reset();
    await refreshHistory();
  } catch (failure) {
    report(failure);
  } finally {
    busy(false);
  }
}

async function check(files) {
  if (files.length === 0) return;
  const email = byId("email");
  if (!email.reportValidity()) return;
  const rows = progressRows(files);
  replace(byId("results"), rows.list);
  say(`Uploading ${count(files.length, "file", "files")}…`);
  busy(true);
  try {
    let submission = await submit(files, email.value.trim(), rows.uploading);
    rows.verifying();
    submission = await untilComplete(submission, rows);
    show(submission);
    await refreshHistory();
  } catch (failure) {
    report(failure);
  } finally {
    busy(false);
  }
}

/** One row per file, from its upload to its verdict. */
function progressRows(files) {
  const rows = files.map((file) => ({
    bar: el("progress", { max: "1", value: "0", "aria-label": `Upload of ${file.name}` }),
    state: el("span", { class: "state" }, "uploading"),
    name: file.name,
  }));
  const list = el("ul", { class: "progress" }, rows.map((row) => el("li", {}, el("span", {}, row.name), row.state, row.bar)));
  const total = files.reduce((sum, file) => sum + file.size, 0) || 1;
  // Files go out one after the other, so the part of the body that has left tells which of them have.
  const uploading = (part) => {
    let before = 0;
    files.forEach((file, index) => {
      const own = Math.min(1, Math.max(0, (part * total - before) / (file.size || 1)));
      rows[index].bar.value = own;
      before += file.size;
    });
  };
  const verifying = () => rows.forEach((row) => {
    row.state.textContent = "verifying…";
    row.bar.removeAttribute("value");
  });
  const progress = (done, all) => rows.forEach((row) => {
    row.bar.max = all || 1;
    row.bar.value = done;
    row.state.textContent = rows.length === 1 ? `${done.toLocaleString()} of ${all.toLocaleString()} verified` : "verifying…";
  });
  return { list, uploading, verifying, progress };
}

async function untilComplete(submission, rows) {
  let current = submission;
  while (current.state === "processing") {
    const { done, total } = current.progress;
    rows.progress(done, total);
    say(`Verifying: ${done} of ${total} done.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    current = await get(`/v1/submissions/${encodeURIComponent(current.id)}`);
  }
  return current;
}

function show(submission) {
  const results = byId("results");
  replace(results, el("h2", {}, "Result"), showSubmission(submission));
  say(summary(submission));
  results.focus({ preventScroll: true });
  results.scrollIntoView({ block: "start" });
}

/** One sentence over all credentials of a submission. */
function summary(submission) {
  const credentials = submission.files.flatMap((file) => file.credentials);
  const empty = submission.files.filter((file) => file.credentials.length === 0).length;
  const parts = Object.keys(OUTCOME)
    .map((outcome) => [outcome, credentials.filter((credential) => credential.outcome === outcome).length])
    .filter(([, number]) => number > 0)
    .map(([outcome, number]) => `${number} ${OUTCOME[outcome].toLowerCase()}`);
  if (empty > 0) parts.push(`${count(empty, "file", "files")} without a credential`);
  return `Done: ${parts.join(", ")}.`;
}

async function refreshHistory() {
  let submissions;
  try {
    submissions = (await get(`/v1/submissions?limit=${HISTORY_LENGTH}`)).items;
  } catch (failure) {
    report(failure);
    return;
  }
  byId("history-empty").hidden = submissions.length > 0;
  replace(byId("history"), submissions.map(historyRow));
}

function historyRow(submission) {
  const names = submission.files.slice(0, 3).map((file) => file.file);
  const all = Math.max(submission.files.length, submission.progress.total);
  const rest = all - names.length;
  const listed = names.join(", ") + (rest > 0 ? ` and ${rest.toLocaleString()} more` : "");
  const title = names.length === 0 ? count(all, ...(TAKEN_IN[submission.channel] ?? TAKEN_IN.upload)) : listed;
  const verdict = historyVerdict(submission);
  const open = async () => {
    say("Loading…");
    try {
      const current = await get(`/v1/submissions/${encodeURIComponent(submission.id)}`);
      show(current);
    } catch (failure) {
      report(failure);
    }
  };
  return el("li", {}, el("button", { type: "button", onclick: open }, el("span", { class: "names" }, title), verdict, moment(submission.created_at)));
}

/** The same words as on the cards: a file that holds no credential is neither accepted nor rejected. */
function historyVerdict(submission) {
  const { outcome, files } = submission;
  if (!outcome) return badge("neutral", "Being verified");
  const isEmpty = files.length > 0 && files.every((file) => file.problem && file.credentials.length === 0);
  return isEmpty ? badge("neutral", NO_CREDENTIAL) : badge(outcome, OUTCOME[outcome]);
}

function report(failure) {
  if (failure instanceof Failure && failure.status === 401) {
    askForKey(failure);
    return;
  }
  const message = failure instanceof Failure ? failure.message : "Something went wrong on this page. Reload it and try again.";
  say("");
  replace(byId("results"), el("p", { class: "error", role: "alert" }, message));
}

function say(text) {
  byId("status").textContent = text;
}

function busy(isBusy) {
  byId("results").setAttribute("aria-busy", String(isBusy));
  byId("files").disabled = isBusy;
}
