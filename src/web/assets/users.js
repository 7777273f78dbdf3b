// Users: invite, change roles, disable, reset, sign out.
import { call, post } from "./api.js";
import { attempt } from "./attempt.js";
import { byId } from "./dom.js";

const words = byId("users").dataset;
const run = (work) => attempt(byId("users-error"), words.away, work);
const path = (id, rest = "") => `/v1/users/${encodeURIComponent(id)}${rest}`;

function showLink(url) {
  byId("user-link").textContent = url;
  byId("user-made").hidden = false;
}

byId("user-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  run(async () => {
    const made = await post("/v1/users", { name: byId("user-name").value, email: byId("user-email").value, role: byId("user-role").value });
    showLink(made.url);
    event.target.reset();
  });
});

byId("users").addEventListener("change", (event) => {
  const { roleOf } = event.target.dataset;
  if (roleOf) run(() => call("PATCH", path(roleOf), { role: event.target.value }));
});

byId("users").addEventListener("click", (event) => {
  const { disable, enable, reset, endSessions, end, userName } = event.target.dataset ?? {};
  const sure = (question) => confirm(question.replace("{name}", userName));
  if (disable && sure(words.confirmDisable)) return run(async () => (await call("PATCH", path(disable), { disabled: true }), location.reload()));
  if (enable) return run(async () => (await call("PATCH", path(enable), { disabled: false }), location.reload()));
  if (reset && sure(words.confirmReset)) return run(async () => showLink((await post(path(reset, "/invite"))).url));
  if (endSessions) return run(async () => (await call("DELETE", path(endSessions, "/sessions")), location.reload()));
  if (end) return run(async () => (await call("DELETE", `/v1/sessions/${encodeURIComponent(end)}`), location.reload()));
});
