// The sign-in page: a password or an API key is typed once and exchanged for a cookie that scripts can't read.
import { get, post } from "./api.js";

const form = document.getElementById("sign-in");
const key = document.getElementById("key");
const error = document.getElementById("sign-in-error");
const byPassword = document.getElementById("sign-in-password");

/** The page that was asked for, at the same address. A new request of this page's own carries the session's cookie. */
const open = () => location.replace(location.pathname + location.search);

// Browsers send the cookie of a session with no request that another site began, for example by a link in an ATS.
get("/session").then(open, () => (byPassword ? document.getElementById("user-email") : key).focus());

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  error.textContent = "";
  try {
    await post("/session", { key: key.value.trim() });
  } catch (failure) {
    error.textContent = failure.status === 401 ? form.dataset.unknown : failure.status === 0 ? form.dataset.away : failure.message;
    key.focus();
    return;
  }
  open();
});

byPassword?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [email, password, code] = ["user-email", "user-password", "user-code"].map((id) => document.getElementById(id));
  const problem = document.getElementById("password-error");
  problem.textContent = "";
  try {
    await post("/session", { email: email.value.trim(), password: password.value, ...(code.value.trim() && { code: code.value.trim() }) });
  } catch (failure) {
    const words = byPassword.dataset;
    const known = { code_needed: words.code, sign_in_failed: words.wrong, account_locked: words.locked, too_many_requests: words.busy };
    problem.textContent = failure.status === 0 ? words.away : (known[failure.code] ?? failure.message);
    if (failure.code === "code_needed") document.getElementById("code-field").hidden = false;
    (failure.code === "code_needed" ? code : password).focus();
    return;
  }
  open();
});
