// The page of a result: follows a submission until it is complete, copies the link, prints, and does the next step.
import { byId } from "./dom.js";
import { Failure, get, submit } from "./api.js";
import { askForKey } from "./session.js";

const POLL_MILLISECONDS = 700;

const running = byId("running");
if (running) follow();

async function follow() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    let submission;
    try {
      submission = await get(`/v1/submissions/${encodeURIComponent(running.dataset.submission)}`);
    } catch (failure) {
      if (failure instanceof Failure && failure.status === 401) return askForKey();
      continue;
    }
    if (submission.state !== "processing") return location.reload();
    const { done, total } = submission.progress;
    byId("running-bar").max = total || 1;
    byId("running-bar").value = done;
    byId("running-text").textContent = running.dataset.text.replace("{done}", done).replace("{total}", total);
  }
}

byId("print").addEventListener("click", () => window.print());
byId("copy-link").addEventListener("click", async (event) => {
  const address = location.origin + location.pathname;
  try {
    await navigator.clipboard.writeText(address);
    say(event.target.dataset.done);
  } catch {
    // Without TLS browsers give no clipboard: the address itself can be copied by hand.
    say(address);
  }
});

// A link to one of many results opens it.
const wanted = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
if (wanted instanceof HTMLDetailsElement) wanted.open = true;

let asking;
const dialog = byId("person-dialog");
for (const button of document.querySelectorAll("[data-action]")) {
  button.addEventListener("click", () => {
    if (button.dataset.action === "check_again") return again(button, {});
    asking = button;
    byId("person-error").textContent = "";
    dialog.showModal();
  });
}
byId("person-cancel").addEventListener("click", () => dialog.close());
byId("person-form").addEventListener("submit", (event) => {
  event.preventDefault();
  again(asking, { candidate_email: byId("person-email").value.trim() });
});

/** Sends the credential's own bytes once more, for the same person. */
async function again(button, more) {
  const { credential, file, reference, busy } = button.dataset;
  button.disabled = true;
  say(busy);
  try {
    const source = await fetch(`/v1/credentials/${encodeURIComponent(credential)}/source`, { credentials: "same-origin" });
    if (!source.ok) throw new Failure(source.status);
    const bytes = new File([await source.blob()], file);
    const submission = await submit([bytes], { candidate_ref: reference, ...more }, () => {});
    location.assign(`/submissions/${encodeURIComponent(submission.id)}`);
  } catch (failure) {
    if (failure instanceof Failure && failure.status === 401) return askForKey();
    const message = failure instanceof Failure ? failure.message : String(failure);
    say(message);
    byId("person-error").textContent = message;
    button.disabled = false;
  }
}

function say(text) {
  byId("page-status").textContent = text;
}
