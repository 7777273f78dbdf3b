// The administrator's pages as administrators use them: overview, trust, deliveries, keys, documents.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { assertNoFaults, assertReadable, openPage, screenshot, signIn, startBrowser, tabTo, wordsOf } from "./browser.mjs";
import { KEY, startGateway } from "./gateway.mjs";

const TELEPHONE = { viewport: { width: 375, height: 740 } };
const headers = { Authorization: `Bearer ${KEY}` };

let gateway;
let browser;
let receiver;
let answer = 204;
before(async () => {
  gateway = await startGateway({ trusting: false });
  browser = await startBrowser();
  receiver = createServer((request, response) => request.resume().on("end", () => response.writeHead(answer).end()));
  await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
  receiver?.close();
});

async function api(method, path, body) {
  const json = body && { body: JSON.stringify(body), headers: { ...headers, "Content-Type": "application/json" } };
  const response = await fetch(gateway.url + path, { method, headers, ...json });
  return response.status === 204 ? null : response.json();
}

async function upload(name) {
  const form = new FormData();
  form.append("file", new Blob([gateway.read(name)]), name);
  form.append("candidate_email", "ada@example.org");
  form.append("candidate_name", "Ada Example");
  return (await fetch(`${gateway.url}/v1/submissions`, { method: "POST", headers, body: form })).json();
}

async function until(what, condition) {
  for (let tries = 0; tries < 450; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${what} did not happen within 45 seconds`);
}

/** The page signed in, looked at as a wide page, in the dark and on a telephone. */
async function looked(path, name, look = async () => {}) {
  for (const [suffix, options] of [["", { viewport: { width: 1280, height: 850 } }], ["-dark", { viewport: { width: 1280, height: 850 }, colorScheme: "dark" }], ["-telephone", TELEPHONE]]) {
    const page = await openPage(browser, gateway.url + path, options);
    await signIn(page);
    await look(page);
    await assertReadable(page);
    await assertNoFaults(page);
    await screenshot(page, `${name}${suffix}`);
    await page.context().close();
  }
}

test("an issuer that was seen gets a rule by keyboard, and the past verdict follows", async () => {
  const { id } = await upload("valid.json");
  await looked("/trust", "trust", async (page) => page.getByRole("heading", { name: "Issuers that wait" }).waitFor());
  const page = await openPage(browser, `${gateway.url}/trust`);
  await signIn(page);
  assert.match(await wordsOf(page.locator("main table")), /Lindgrove Institute.*Working with Data/);
  await tabTo(page, "button[data-decide=allow]");
  await page.keyboard.press("Enter");
  await page.getByText("Verdicts that would change: 1, of 1 credentials").waitFor();
  assert.match(await page.inputValue("#policy-text"), /decision = "allow"/);
  await assertReadable(page);
  await screenshot(page, "trust-tried");
  await tabTo(page, "#policy-form button[type=submit]");
  await page.keyboard.press("Enter");
  await page.getByText("Published. Verdicts that change within a minute: 1.").waitFor();
  await page.getByText("No issuer waits").waitFor();
  await until("the new verdict", async () => (await api("GET", `/v1/submissions/${id}`)).files[0].credentials[0].outcome === "accepted" || (await api("GET", "/v1/credentials")).items[0].outcome === "accepted");

  page.on("dialog", (dialog) => dialog.accept());
  await page.fill("#policy-text", "nonsense");
  await page.click("#try");
  await page.locator("#policy-error:not(:empty)").waitFor();
  await page.click("#back-to-file");
  await page.getByText("The policy file of the settings counts").waitFor();
  await page.locator("summary", { hasText: "Rules as text" }).first().click();
  await page.locator("[data-restore]").first().click();
  await until("the earlier text", async () => /decision = "allow"/.test(await page.inputValue("#policy-text")));
  await page.context().close();
});

test("a delivery that fails looks failing, says whom it is about, and is tried again", async () => {
  answer = 500;
  const secret = `whsec_${Buffer.from("a secret of at least 24 bytes").toString("base64")}`;
  const url = `http://127.0.0.1:${receiver.address().port}/`;
  await api("POST", "/v1/connections", { connector: "webhook", name: "Our HR system", fields: { url }, secrets: { signing_secret: secret } });
  await upload("valid.png");
  await until("a failed attempt", async () => (await api("GET", "/v1/deliveries")).items.some((delivery) => delivery.reason));
  await looked("/deliveries?state=pending", "deliveries", async (page) => page.getByText("Failing").first().waitFor());
  const page = await openPage(browser, `${gateway.url}/deliveries?state=pending`);
  await signIn(page);
  const row = page.locator("main tbody tr", { hasText: "Failing" }).first();
  assert.match(await wordsOf(row), /credential\.attention Working with Data .*Ada Example.*Our HR system/);
  answer = 204;
  await row.getByRole("button", { name: "Try again now" }).click();
  await page.getByText("Tried again now.").waitFor();
  await until("all deliveries", async () => (await api("GET", "/v1/deliveries?state=pending")).items.length === 0);
  await page.selectOption("#state", "delivered");
  await page.getByRole("button", { name: "Show" }).click();
  assert.match(page.url(), /state=delivered/);
  await page.locator("main tbody a").first().click();
  await page.getByRole("heading", { name: "Attempts" }).waitFor();
  await page.locator("summary").first().click();
  assert.match(await page.locator("main").innerText(), /"specversion": "1.0"/);
  await assertReadable(page);
  await screenshot(page, "delivery");
  await page.context().close();
});
