// The overview, and the API keys: made, shown once, used and revoked.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertNoFaults, assertReadable, openPage, screenshot, signIn, startBrowser, tabTo } from "./browser.mjs";
import { startGateway } from "./gateway.mjs";

const WAYS = [
  ["", { viewport: { width: 1280, height: 850 } }],
  ["-dark", { viewport: { width: 1280, height: 850 }, colorScheme: "dark" }],
  ["-telephone", { viewport: { width: 375, height: 740 } }],
];

let gateway;
let browser;
before(async () => {
  gateway = await startGateway();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
});

async function looked(path, name) {
  for (const [suffix, options] of WAYS) {
    const page = await openPage(browser, gateway.url + path, options);
    await signIn(page);
    await assertReadable(page);
    await assertNoFaults(page);
    await screenshot(page, `${name}${suffix}`);
    await page.context().close();
  }
}

test("a key is made, shown once, used and revoked", async () => {
  await looked("/keys", "keys");
  const page = await openPage(browser, `${gateway.url}/keys`);
  await signIn(page);
  await tabTo(page, "#key-name");
  await page.keyboard.type("Our HR system");
  await page.keyboard.press("Enter");
  await page.locator("#key-value:not(:empty)").waitFor();
  const made = await page.locator("#key-value").innerText();
  await assertReadable(page);
  await screenshot(page, "key-made");
  assert.equal((await fetch(`${gateway.url}/session`, { headers: { Authorization: `Bearer ${made}` } })).status, 200);
  await page.reload();
  assert.ok(!(await page.content()).includes(made), "a key never comes back");
  page.on("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Revoke: Our HR system" }).click();
  await page.locator("tr", { hasText: "Our HR system" }).getByText("Revoked").waitFor();
  assert.equal((await fetch(`${gateway.url}/session`, { headers: { Authorization: `Bearer ${made}` } })).status, 401);
  await page.context().close();
});

test("the overview says what waits for a person", async () => {
  await looked("/overview", "overview");
  const page = await openPage(browser, `${gateway.url}/overview`);
  await signIn(page);
  await page.getByText("Nothing needs you.").waitFor();
  await tabTo(page, ".figures a[href='/trust']");
  await page.keyboard.press("Enter");
  await page.getByText("No issuer waits").waitFor();
  await page.context().close();
});
