// The sign-in page: the API key is typed once and exchanged for a cookie that scripts can't read.
import { get, post } from "./api.js";

const form = document.getElementById("sign-in");
const key = document.getElementById("key");
const error = document.getElementById("sign-in-error");

/** The page that was asked for, at the same address. A new request of this page's own carries the session's cookie. */
const open = () => location.replace(location.pathname + location.search);

// Browsers send the cookie of a session with no request that another site began, for example by a link in an ATS.
get("/session").then(open, () => key.focus());

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
