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

byId("person-link")?.addEventListener("click", (event) =>
  attempt(event.currentTarget, byId("page-status"), async () => {
    const button = byId("person-link");
    const { url } = await post(`/v1/candidates/${candidate()}/link`, {});
    byId("person-link-made").hidden = false;
    byId("person-link-url").value = url;
    byId("person-link-url").select();
    await navigator.clipboard?.writeText(url).catch(() => {});
    byId("page-status").textContent = button.dataset.done;
    button.disabled = false;
  }));

for (const button of document.querySelectorAll("[data-note]")) {
  button.addEventListener("click", () =>
    attempt(button, byId("page-status"), async () => {
      await post(`/v1/candidates/${candidate()}/notes/${encodeURIComponent(button.dataset.note)}/done`);
      location.reload();
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
    const { headers } = await call("DELETE", `/v1/candidates/${candidate()}`);
    const certificate = headers.get("Location")?.split("/").pop();
    location.assign(certificate ? `/erasures/${certificate}` : "/candidates");
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
