// One's own account: the password, the second factor, the sessions.
import { call, post } from "./api.js";
import { attempt } from "./attempt.js";
import { byId, el, replace } from "./dom.js";

const words = byId("account").dataset;

byId("password-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const [old, fresh, again] = ["old-password", "new-password", "new-again"].map(byId);
  byId("password-status").textContent = "";
  if (fresh.value !== again.value) {
    byId("password-error").textContent = words.differ;
    return;
  }
  attempt(byId("password-error"), words.away, async () => {
    await call("PUT", "/v1/me/password", { password: old.value, new_password: fresh.value });
    event.target.reset();
    byId("password-status").textContent = words.changed;
  });
});

byId("factor-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(byId("factor-error"), words.away, async () => {
    const offered = await post("/v1/me/second-factor", { password: byId("factor-password").value });
    byId("factor-secret").textContent = offered.secret;
    byId("factor-qr").src = `/account/second-factor.svg?at=${Date.now()}`;
    byId("factor-confirm").hidden = false;
    byId("factor-code").focus();
  });
});

byId("factor-confirm")?.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(byId("factor-code-error"), words.away, async () => {
    const { body } = await call("PUT", "/v1/me/second-factor", { code: byId("factor-code").value });
    replace(byId("recovery-codes"), body.recovery_codes.map((code) => el("li", {}, code)));
    byId("factor-confirm").hidden = true;
    byId("factor-form").hidden = true;
    byId("factor-done").hidden = false;
  });
});

byId("factor-remove")?.addEventListener("click", () =>
  attempt(byId("factor-error"), words.away, async () => {
    await call("DELETE", "/v1/me/second-factor", { password: byId("factor-password").value });
    location.reload();
  }),
);

const sessions = (work) => attempt(byId("sessions-error"), words.away, work);

byId("end-all").addEventListener("click", () =>
  sessions(async () => {
    await call("DELETE", "/v1/me/sessions");
    location.assign("/");
  }),
);

for (const button of document.querySelectorAll("[data-end]")) {
  button.addEventListener("click", () =>
    sessions(async () => {
      await call("DELETE", `/v1/me/sessions/${encodeURIComponent(button.dataset.end)}`);
      location.reload();
    }),
  );
}
