// API keys: make one, which is shown this once, and revoke others.
import { call, post } from "./api.js";
import { attempt } from "./attempt.js";
import { byId } from "./dom.js";

const words = byId("keys").dataset;
const error = byId("key-error");

const run = (work) => attempt(error, words.away, work);

byId("key-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  run(async () => {
    const made = await post("/v1/api-keys", { name: byId("key-name").value, role: byId("key-role").value });
    byId("key-value").textContent = made.key;
    byId("key-made").hidden = false;
    byId("key-copied").textContent = "";
    byId("key-name").value = "";
    byId("key-copy").focus();
  });
});

byId("key-copy")?.addEventListener("click", async () => {
  await navigator.clipboard?.writeText(byId("key-value").textContent);
  byId("key-copied").textContent = words.copied;
});

byId("keys").addEventListener("click", (event) => {
  const { revoke, keyName } = event.target.dataset ?? {};
  if (!revoke || !confirm(words.confirm.replace("{name}", keyName))) return;
  run(async () => {
    await call("DELETE", `/v1/api-keys/${encodeURIComponent(revoke)}`);
    location.reload();
  });
});
