// Asking a candidate: makes the request, copies its link and its mail, and shows the answer as soon as it is there.
import { byId } from "./dom.js";
import { Failure, post } from "./api.js";
import { askForKey } from "./session.js";

const state = document.querySelector("[data-exchange]");
if (state) {
  const source = new EventSource(`/interactions/${encodeURIComponent(state.dataset.exchange)}/events`);
  source.addEventListener("exchange", (event) => {
    const now = JSON.parse(event.data).state;
    if (now === state.dataset.state) return;
    source.close();
    location.reload();
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = byId(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(field.value);
      byId("copied").textContent = button.dataset.done;
    } catch {
      // Without TLS browsers give no clipboard: the selected text can be copied by hand.
      field.focus();
      field.select();
    }
  });
}

const form = byId("request");
form?.addEventListener("change", () => {
  byId("wallet-fields").hidden = way() === "platform";
});
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const error = byId("request-error");
  error.textContent = "";
  const given = { candidate_email: "email", candidate_name: "name", candidate_ats_id: "ats-id", vacancy: "vacancy", purpose: "purpose" };
  const body = Object.fromEntries(Object.entries(given).map(([name, id]) => [name, byId(id).value.trim()]).filter(([, value]) => value !== ""));
  // The person for whom the form was opened.
  if (form.dataset.candidate) body.candidate_ref = form.dataset.candidate;
  if (!body.candidate_email && !body.candidate_name && !body.candidate_ats_id && !body.candidate_ref) {
    error.textContent = form.dataset.missing;
    byId("email").focus();
    return;
  }
  event.submitter.disabled = true;
  try {
    const more = { way: way(), wanted: byId("wanted").value, hours: Number(byId("hours").value), language: document.documentElement.lang };
    show(await post("/requests", { ...body, ...more }));
  } catch (failure) {
    if (failure instanceof Failure && failure.status === 401) return askForKey();
    error.textContent = failure instanceof Failure && failure.status !== 0 ? failure.message : form.dataset.away;
  }
  event.submitter.disabled = false;
});

const way = () => form.querySelector("input[name=way]:checked").value;

/** A request to a wallet has a page; a link for platforms is shown here, once. */
function show(made) {
  if (made.address) {
    location.assign(made.address);
    return;
  }
  byId("made-link").value = made.link;
  byId("made-mail").value = `${made.mail.subject}\n\n${made.mail.body}`;
  byId("made-qr").src = `/requests/qr.svg?text=${encodeURIComponent(made.link)}`;
  form.hidden = true;
  byId("made").hidden = false;
  byId("made").focus();
}
