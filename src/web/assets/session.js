// Signing in and out: the API key is typed once and exchanged for a cookie that scripts can't read.
import { byId } from "./dom.js";
import { call, get, post } from "./api.js";

/** Calls `start` once there is a session; asks for the key before, when there is none. */
export async function withSession(start) {
  const open = async () => {
    byId("sign-in").hidden = true;
    byId("workspace").hidden = false;
    byId("sign-out").hidden = false;
    await start();
  };
  byId("sign-out").addEventListener("click", async () => {
    await call("DELETE", "/session").catch(() => {});
    location.reload();
  });
  byId("sign-in").addEventListener("submit", async (event) => {
    event.preventDefault();
    const error = byId("sign-in-error");
    error.textContent = "";
    try {
      await post("/session", { key: byId("key").value.trim() });
      byId("key").value = "";
    } catch (failure) {
      error.textContent = failure.status === 401 ? "This key is not known here, or it was revoked." : failure.message;
      byId("key").focus();
      return;
    }
    await open();
  });
  try {
    await get("/session");
  } catch (failure) {
    askForKey(failure);
    return;
  }
  await open();
}

/** Shows the sign-in form again, for example when the session has ended. */
export function askForKey(failure) {
  byId("workspace").hidden = true;
  byId("sign-out").hidden = true;
  byId("sign-in").hidden = false;
  if (failure && failure.status !== 401) byId("sign-in-error").textContent = failure.message;
  byId("key").focus();
}
