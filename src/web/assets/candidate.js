// The page of a candidate: taking an address away, merging, erasing. Everything else is a link.
import { byId } from "./dom.js";
import { Failure, call, post } from "./api.js";
import { askForKey } from "./session.js";

const candidate = () => encodeURIComponent(byId("erase-form").dataset.candidate);

byId("print")?.addEventListener("click", () => window.print());

for (const button of document.querySelectorAll("[data-forget]")) {
  button.addEventListener("click", () => {
    if (!confirm(button.dataset.question)) return;
    attempt(button, byId("page-status"), async () => {
      await call("DELETE", `/v1/candidates/${candidate()}/addresses/${encodeURIComponent(button.dataset.forget)}`);
      location.reload();
    });
  });
}

for (const button of document.querySelectorAll("[data-merge]")) {
  button.addEventListener("click", () =>
    attempt(button, byId("page-status"), async () => {
      const into = encodeURIComponent(button.dataset.into);
      await post(`/v1/candidates/${into}/merge`, { candidate_ref: button.dataset.merge });
      location.assign(`/candidates/${into}`);
    }));
}

const dialog = byId("erase-dialog");
byId("erase")?.addEventListener("click", () => {
  byId("erase-sure").checked = false;
  byId("erase-error").textContent = "";
  dialog.showModal();
});
byId("erase-cancel")?.addEventListener("click", () => dialog.close());
byId("erase-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(event.submitter, byId("erase-error"), async () => {
    await call("DELETE", `/v1/candidates/${candidate()}`);
    location.assign("/candidates");
  });
});

async function attempt(button, told, work) {
  button.disabled = true;
  told.textContent = "";
  try {
    await work();
  } catch (failure) {
    if (failure instanceof Failure && failure.status === 401) return askForKey();
    told.textContent = failure instanceof Failure ? failure.message : String(failure);
    button.disabled = false;
  }
}
