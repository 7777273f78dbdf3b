// The administrator's page: connect a system, watch what arrives there, pause it, remove it.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { assertNoFaults, assertReadable, openPage, screenshot, signIn, startBrowser, tabTo } from "./browser.mjs";
import { KEY, startGateway } from "./gateway.mjs";

let gateway;
let browser;
let receiver;
const received = [];
before(async () => {
  gateway = await startGateway();
  browser = await startBrowser();
  receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      response.end("ok");
    });
  });
  await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
  receiver?.close();
});

async function upload(name) {
  const form = new FormData();
  form.append("file", new Blob([gateway.read(name)]), name);
  form.append("candidate_email", "ada@example.org");
  const answer = await fetch(`${gateway.url}/v1/submissions`, { method: "POST", headers: { Authorization: `Bearer ${KEY}` }, body: form });
  assert.equal(answer.status, 201);
}

async function until(what, condition) {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${what} did not happen within ten seconds`);
}

test("a system is connected with the keyboard, gets what is verified, and is paused and removed", async () => {
  const page = await openPage(browser, `${gateway.url}/admin`);
  await signIn(page);
  await page.locator("#connector option").first().waitFor({ state: "attached" });
  await tabTo(page, "#connector");
  await page.keyboard.type("Signed webhook");
  await tabTo(page, "#connection-name");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("Our data lake");
  await tabTo(page, "#connection-fields input");
  await page.keyboard.type(`http://127.0.0.1:${receiver.address().port}/events`);
  const secret = Buffer.from("a secret of at least 24 bytes").toString("base64");
  await page.locator("#connection-fields input[type=password]").first().fill(`whsec_${secret}`);
  await assertReadable(page);
  await screenshot(page, "admin-form");
  await page.locator("#connection-form button[type=submit]").press("Enter");
  const card = page.locator("#connections > li", { hasText: "Our data lake" });
  await card.waitFor();
  assert.match(await card.innerText(), /Active/);

  await upload("valid.json");
  await until("a delivery", () => received.length > 0);
  assert.match(received[0].headers["webhook-signature"] ?? "", /^v1,/);
  await until("the delivery in the list", async () => {
    await page.click("#refresh");
    return /Delivered/.test(await page.locator("#deliveries").innerText());
  });
  await page.locator("#deliveries summary").first().click();
  await page.locator("#deliveries .attempts").first().waitFor();
  assert.ok(!(await page.content()).includes(secret), "a secret never comes back");
  await until("the event in the list", async () => /credential\./.test(await page.locator("#events").innerText()));
  await assertReadable(page);
  await screenshot(page, "admin");

  await card.getByRole("button", { name: "Pause" }).click();
  await card.getByText("Paused", { exact: true }).waitFor();
  await card.getByRole("button", { name: "Resume" }).click();
  await card.getByText("Active", { exact: true }).waitFor();
  page.on("dialog", (dialog) => dialog.accept());
  await card.getByRole("button", { name: "Remove" }).click();
  await page.locator("#connections-empty").waitFor();
  await assertNoFaults(page);
  await page.context().close();
});

test("a form that lacks something says what, at the form", async () => {
  const page = await openPage(browser, `${gateway.url}/admin`);
  await signIn(page);
  await page.locator("#connector option").first().waitFor({ state: "attached" });
  await page.selectOption("#connector", "webhook");
  await page.locator("#new-connection").evaluate((panel) => (panel.open = true));
  await page.fill("#connection-name", "Half a connection");
  await page.fill("#connection-fields input >> nth=0", "not an address");
  await page.locator("#connection-fields input[type=password]").first().fill("x");
  await page.click("#connection-form button[type=submit]");
  await page.locator("#connection-error:not(:empty)").waitFor();
  await page.context().close();
});

test("the page can be read on a telephone", async () => {
  const page = await openPage(browser, `${gateway.url}/admin`, { viewport: { width: 320, height: 640 }, colorScheme: "dark" });
  await signIn(page);
  await page.locator("#connector option").first().waitFor({ state: "attached" });
  await assertReadable(page);
  await assertNoFaults(page);
  await screenshot(page, "admin-on-a-telephone");
  await page.context().close();
});
