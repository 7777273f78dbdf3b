// Connections: connect a system by keyboard, look at its requests, watch its health, replace a secret, pause and remove it.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { assertNoFaults, assertReadable, openPage, screenshot, signIn, startBrowser, tabTo, wordsOf } from "./browser.mjs";
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

const address = () => `http://127.0.0.1:${receiver.address().port}/events`;

test("a system is connected with the keyboard, looked after on its page, paused and removed", async () => {
  const page = await openPage(browser, `${gateway.url}/connections`);
  await signIn(page);
  await page.getByText("No system is connected yet").waitFor();
  await assertReadable(page);
  await tabTo(page, "#connector");
  await page.keyboard.type("Signed webhook");
  await tabTo(page, "main button[type=submit]");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/connections\/new\?connector=webhook$/);
  await tabTo(page, "#connection-name");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("Our data lake");
  await tabTo(page, "#field-url");
  await page.keyboard.type(address());
  await page.getByRole("button", { name: "Make one up Signing secret" }).click();
  const secret = await page.inputValue("#secret-signing_secret");
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  await page.getByRole("button", { name: "Show the requests" }).click();
  await page.locator("#plan-lines span").first().waitFor();
  const shown = await page.locator("#plan-lines").innerText();
  assert.ok(shown.includes(`POST ${address()}`) && shown.includes("webhook-signature: ***") && !shown.includes(secret), shown);
  await assertReadable(page);
  await screenshot(page, "connection-new");
  await page.locator("#connection-form button[type=submit]").press("Enter");
  await page.waitForURL(/\/connections\/[0-9a-f-]{36}$/);
  assert.ok(!(await page.content()).includes(secret), "a secret never comes back");

  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("The test passed.").waitFor();
  assert.equal(received.pop().headers["content-type"], "application/cloudevents+json");
  await upload("valid.json");
  await until("a delivery", () => received.length > 0);
  assert.match(received[0].headers["webhook-signature"] ?? "", /^v1,/);
  await until("the deliveries in the health", async () => {
    await page.reload();
    return /Last 24 hours [1-9]\d* 0 0 100 %/.test(await wordsOf(page.locator("main table")));
  });
  await assertReadable(page);
  await screenshot(page, "connection");

  // What is edited is compared with what is saved.
  await page.fill("#field-url", `${address()}/other`);
  await page.getByRole("button", { name: "Show the requests" }).click();
  await page.locator("#plan-lines .added").first().waitFor();
  assert.match(await page.locator("#plan-lines .added").first().innerText(), /^\+ POST .*\/events\/other/);
  assert.match(await page.locator("#plan-lines .removed").first().innerText(), /^− POST .*\/events/);
  await assertReadable(page);
  await page.fill("#field-url", "not an address");
  await page.locator("#connection-form button[type=submit]").click();
  await page.locator("#connection-error", { hasText: "Address: " }).waitFor();
  await page.fill("#field-url", `${address()}/other`);
  await page.locator("summary", { hasText: "Events that it takes" }).click();
  await page.locator("input[name=event-type]").first().uncheck();
  await page.locator("#connection-form button[type=submit]").click();
  await page.getByText("Saved.").waitFor();
  assert.equal(await page.inputValue("#field-url"), `${address()}/other`);
  assert.equal(await page.locator("input[name=event-type]").first().isChecked(), false);

  await page.locator("summary", { hasText: "Replace a secret" }).click();
  await page.getByRole("button", { name: "Make one up Signing secret" }).click();
  await assertReadable(page);
  await page.locator("#secrets-form button[type=submit]").click();
  await page.getByText("The secret was replaced.").waitFor();
  assert.match(await wordsOf(page.locator("#secrets-form")), /Signing secret: the earlier value also counts until/);

  await page.getByRole("button", { name: "Count" }).click();
  await page.locator("#backfill-status:not(:empty)").waitFor();

  await page.getByRole("button", { name: "Pause" }).first().click();
  await page.locator("#pause-dialog[open]").waitFor();
  await assertReadable(page);
  await page.fill("#pause-reason", "The data lake is being moved");
  await page.keyboard.press("Enter");
  await page.getByText("The data lake is being moved").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText("Active", { exact: true }).waitFor();
  await page.goto(`${gateway.url}/connections`);
  assert.match(await wordsOf(page.locator("main tbody tr")), /Our data lake Signed webhook Active \d+ delivered/);
  await assertReadable(page);
  await screenshot(page, "connections");
  await page.getByRole("link", { name: "Our data lake" }).click();
  page.on("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByText("No system is connected yet").waitFor();
  await assertNoFaults(page);
  await page.context().close();
});

test("past credentials are counted before they are sent", async () => {
  await upload("valid.json");
  const body = JSON.stringify({ connector: "webhook", name: "Late system", fields: { url: address() }, secrets: { signing_secret: `whsec_${Buffer.from("a secret of at least 24 bytes").toString("base64")}` } });
  const headers = { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json" };
  const made = await (await fetch(`${gateway.url}/v1/connections`, { method: "POST", headers, body })).json();
  const page = await openPage(browser, `${gateway.url}/connections/${made.id}`);
  await signIn(page);
  received.length = 0;
  await page.getByRole("button", { name: "Count" }).click();
  await page.getByText(/[1-9]\d* events about 1 credentials would be sent/).waitFor();
  assert.equal(received.length, 0);
  await page.getByRole("button", { name: "Send these" }).click();
  await page.getByText("are on their way").waitFor();
  await until("the deliveries", () => received.length > 0);
  await assertNoFaults(page);
  await page.context().close();
});

for (const [name, options] of [
  ["on a telephone, in the dark", { viewport: { width: 320, height: 640 }, colorScheme: "dark" }],
  ["in German", { locale: "de-DE", viewport: { width: 375, height: 800 } }],
  ["in Spanish", { locale: "es-ES", viewport: { width: 1280, height: 850 }, colorScheme: "dark" }],
]) {
  test(`the pages of connections and skills can be read ${name}`, async () => {
    const { items } = await (await fetch(`${gateway.url}/v1/connections`, { headers: { Authorization: `Bearer ${KEY}` } })).json();
    const page = await openPage(browser, `${gateway.url}/connections`, options);
    await signIn(page);
    for (const path of ["/connections", "/connections/new?connector=ashby", `/connections/${items[0].id}`, "/skills"]) {
      await page.goto(gateway.url + path);
      await assertReadable(page);
      await screenshot(page, `${path.slice(1).replace(items[0].id, "one").replaceAll(/[/?=]/g, "-")}-${name.replaceAll(/,? /g, "-")}`);
    }
    await assertNoFaults(page);
    await page.context().close();
  });
}
