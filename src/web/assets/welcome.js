// An invitation: the person chooses a password, and is signed in with it.
import { call, post } from "./api.js";
import { byId } from "./dom.js";

const form = byId("welcome");
const error = byId("welcome-error");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  error.textContent = "";
  const password = byId("welcome-password").value;
  if (password !== byId("welcome-again").value) {
    error.textContent = form.dataset.differ;
    return;
  }
  try {
    await call("POST", "/session/password", { code: form.dataset.code, password });
    await post("/session", { email: byId("welcome-email").value, password });
    location.replace("/");
  } catch (failure) {
    error.textContent = failure.status === 0 ? form.dataset.away : failure.message;
  }
});
