// Accounts as people use them: the invitation, the password with a second factor, the lock, signing out everywhere, and what each role sees.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { assertNoFaults, assertReadable, openPage, screenshot, signIn, startBrowser, wordsOf } from "./browser.mjs";
import { KEY, startGateway } from "./gateway.mjs";

const PASSWORD = "a good long password";

let gateway;
let browser;
before(async () => {
  gateway = await startGateway({ settings: ["accounts.lock_after=3", "accounts.attempts_per_minute=1000"] });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
});

async function api(method, path, body) {
  const headers = { Authorization: `Bearer ${KEY}`, ...(body && { "Content-Type": "application/json" }) };
  const response = await fetch(gateway.url + path, { method, headers, body: body && JSON.stringify(body) });
  return response.status === 204 ? null : response.json();
}

/** A page with its faults; refused sign-ins (429) and refused pages (403) are no faults of the page. */
async function open(path) {
  const page = await openPage(browser, gateway.url + path);
  return page;
}

const withoutRefusals = (page) => {
  page.faults = page.faults.filter((fault) => !/status of (429|403)/.test(fault));
};

/** A user who has chosen a password. */
async function user(name, role) {
  const { url } = await api("POST", "/v1/users", { name, email: `${name.toLowerCase()}@example.org`, role });
  const code = url.split("/").pop();
  const answer = await fetch(`${gateway.url}/session/password`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code, password: PASSWORD }) });
  assert.equal(answer.status, 204);
}

async function enter(page, name, password = PASSWORD) {
  await page.fill("#user-email", `${name.toLowerCase()}@example.org`);
  await page.fill("#user-password", password);
  await page.keyboard.press("Enter");
}

async function signedIn(name, path = "/") {
  const page = await open(path);
  await enter(page, name);
  await page.locator("#sign-out").waitFor();
  await page.waitForLoadState();
  return page;
}

/** The code that an authenticator app shows (RFC 6238). */
function codeOf(secret, at = Date.now()) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replace(/=+$/, "")].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const digest = createHmac("sha1", key).update(counter).digest();
  const offset = digest[19] & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

test("an administrator invites a person, who chooses a password and is signed in", async () => {
  const page = await open("/users");
  await signIn(page);
  await page.fill("#user-name", "Ada Example");
  await page.fill("#user-email", "ada@example.org");
  await page.selectOption("#user-role", "recruiter");
  await page.getByRole("button", { name: "Make the user" }).click();
  await page.locator("#user-made").waitFor();
  const link = await page.locator("#user-link").innerText();
  await assertReadable(page);
  await assertNoFaults(page);
  await screenshot(page, "users");
  const invited = await openPage(browser, link);
  await assertReadable(invited);
  await screenshot(invited, "welcome");
  await invited.fill("#welcome-password", PASSWORD);
  await invited.fill("#welcome-again", "another");
  await invited.fill("#welcome-again", PASSWORD);
  await invited.keyboard.press("Enter");
  await invited.locator("#sign-out").waitFor();
  await invited.waitForLoadState();
  assert.equal(new URL(invited.url()).pathname, "/");
  await assertNoFaults(invited);
  await invited.goto(link);
  await invited.getByText("This link does not work any more").waitFor();
  await Promise.all([page, invited].map((one) => one.context().close()));
});

test("a person signs in with a password and the code of an authenticator app", async () => {
  await user("Bo", "recruiter");
  const page = await signedIn("Bo", "/account");
  await assertReadable(page);
  await page.fill("#factor-password", PASSWORD);
  await page.getByRole("button", { name: "Set up" }).click();
  await page.locator("#factor-confirm").waitFor();
  await page.waitForFunction(() => document.getElementById("factor-qr").naturalWidth > 0);
  const secret = await page.locator("#factor-secret").innerText();
  await assertReadable(page);
  await screenshot(page, "second-factor");
  await page.fill("#factor-code", codeOf(secret, Date.now() - 30_000));
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.locator("#factor-done").waitFor();
  assert.equal(await page.locator("#recovery-codes li").count(), 10);
  const recovery = await page.locator("#recovery-codes li").first().innerText();
  await assertNoFaults(page);
  await page.click("#sign-out");
  await page.locator("#sign-in-password").waitFor();

  await page.waitForLoadState();
  await enter(page, "Bo");
  await page.getByText("Enter the code of your authenticator app, too.").waitFor();
  await page.waitForFunction(() => document.activeElement?.id === "user-code");
  await assertReadable(page);
  await screenshot(page, "sign-in-code");
  await page.keyboard.type(codeOf(secret));
  await page.keyboard.press("Enter");
  await page.locator("#sign-out").waitFor();
  await page.click("#sign-out");
  await page.locator("#sign-in-password").waitFor();
  await page.waitForLoadState();
  await enter(page, "Bo");
  await page.getByText("Enter the code of your authenticator app, too.").waitFor();
  await page.fill("#user-code", recovery);
  await page.keyboard.press("Enter");
  await page.locator("#sign-out").waitFor();
  await page.context().close();
});

test("an account is locked after failed attempts, and the page says so", async () => {
  await user("Cleo", "recruiter");
  const page = await open("/");
  await assertReadable(page);
  await screenshot(page, "sign-in-password");
  for (let attempts = 0; attempts < 3; attempts += 1) {
    await enter(page, "Cleo", "not the password");
    await page.getByText("The address, the password or the code is wrong.").waitFor();
  }
  await enter(page, "Cleo");
  await page.getByText("The account is locked").waitFor();
  await assertReadable(page);
  withoutRefusals(page);
  await assertNoFaults(page);
  await screenshot(page, "sign-in-locked");
  await page.context().close();
});

test("signing out everywhere ends the sessions of all browsers", async () => {
  await user("Dara", "auditor");
  const [one, two] = [await signedIn("Dara", "/account"), await signedIn("Dara")];
  await one.reload();
  assert.equal(await one.locator("[data-end]").count(), 1);
  await one.getByRole("button", { name: "Sign out everywhere" }).click();
  await one.locator("#sign-in-password").waitFor();
  await two.reload();
  await two.locator("#sign-in-password").waitFor();
  await Promise.all([one, two].map((page) => page.context().close()));
});

test("each role sees its own pages and nothing that it may not do", async () => {
  const seen = {
    recruiter: ["Inbox", "Candidates", "Requests", "Skills", "Documentation"],
    integrator: ["Connections", "Deliveries", "Overview", "Documentation"],
    auditor: ["Inbox", "Candidates", "Requests", "Connections", "Deliveries", "Trust", "Overview", "API keys", "Users", "Audit log", "Documentation"],
  };
  for (const [role, pages] of Object.entries(seen)) {
    await user(`Person-${role}`, role);
    const page = await signedIn(`Person-${role}`);
    const links = page.locator("header nav a");
    const names = await links.allInnerTexts();
    assert.equal(names.length, pages.length, `${role}: ${names}`);
    const addresses = await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")));
    for (const address of addresses) {
      await page.goto(gateway.url + address);
      await page.locator("main h1").waitFor();
      assert.doesNotMatch(await wordsOf(page.locator("main")), /Not allowed/, `${role}: ${address}`);
    }
    await assertNoFaults(page);
    await page.goto(`${gateway.url}/skills`);
    if (role !== "recruiter") {
      await page.getByRole("heading", { name: "Not allowed" }).waitFor();
      await assertReadable(page);
    }
    if (role === "auditor") {
      await page.goto(`${gateway.url}/trust`);
      assert.equal(await page.locator("main button").count(), 0);
      await page.goto(`${gateway.url}/audit`);
      assert.match(await wordsOf(page.locator("main table")), /Person-auditor.*session\.begin/);
      await assertReadable(page);
      await screenshot(page, "audit");
      await page.setViewportSize({ width: 375, height: 740 });
      await assertReadable(page);
    }
    await page.context().close();
  }
});
