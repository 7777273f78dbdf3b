// Signing out, and what to do when the session has ended. The server asks for the key: a page without a session is the sign-in page.
import { call } from "./api.js";

document.getElementById("sign-out")?.addEventListener("click", async () => {
  await call("DELETE", "/session").catch(() => {});
  location.assign("/");
});

/** The session has ended: the server answers the same address with the sign-in page. */
export function askForKey() {
  location.reload();
}

// Moments come from the server in UTC; people read them in their own time.
const MOMENT = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[data-moment]")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.valueOf())) time.textContent = MOMENT.format(at);
}
