// The recruiter's page as recruiters use it: by keyboard, by dropping files, on a telephone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertNoFaults, assertReadable, openPage, screenshot, signIn, startBrowser, tabTo, wordsOf } from "./browser.mjs";
import { KEY, startGateway } from "./gateway.mjs";

let gateway;
let trusting;
let browser;
before(async () => {
  gateway = await startGateway({ trusting: false });
  trusting = await startGateway();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
  await trusting?.stop();
});

const verdicts = (page) => page.locator("article.verdict");

/** Drops files on the drop area as the desktop would. */
async function drop(page, files) {
  const transfer = await page.evaluateHandle((items) => {
    const data = new DataTransfer();
    for (const { name, bytes } of items) data.items.add(new File([Uint8Array.from(bytes)], name));
    return data;
  }, files.map(({ name, bytes }) => ({ name, bytes: [...bytes] })));
  await page.dispatchEvent("#drop", "dragover", { dataTransfer: transfer });
  await page.dispatchEvent("#drop", "drop", { dataTransfer: transfer });
}

const sampleFile = (name) => ({ name, bytes: gateway.read(name) });
const settled = (page) => page.waitForFunction(() => document.getElementById("results").getAttribute("aria-busy") === "false" && document.querySelector("article.verdict"));

test("a wrong key is told so, and the right one opens the page", async () => {
  const page = await openPage(browser, gateway.url);
  await page.fill("#key", "sk_wrong");
  await page.keyboard.press("Enter");
  await page.locator("#sign-in-error", { hasText: "not known" }).waitFor();
  await assertReadable(page);
  await screenshot(page, "sign-in");
  await page.fill("#key", "");
  await signIn(page);
  assert.equal(await page.evaluate(() => document.cookie), "", "scripts must not see the session");
  await page.reload();
  await page.locator("#workspace").waitFor();
  await assertNoFaults(page);
  await page.context().close();
});

test("a badge is checked with the keyboard alone, and the verdict is in plain words", async () => {
  const page = await openPage(browser, gateway.url);
  await signIn(page);
  // Asked for early: the browser takes a moment to hand choosers over, and a key pressed before that opens a dialog that nobody sees.
  const chooser = page.waitForEvent("filechooser");
  await tabTo(page, "#email");
  await page.keyboard.type("ada@example.org");
  await tabTo(page, "#files");
  await page.keyboard.press("Enter");
  await (await chooser).setFiles(gateway.sample("valid.png"));
  await settled(page);
  const words = await wordsOf(verdicts(page).first());
  assert.match(words, /Needs your attention/);
  assert.match(words, /Lindgrove Institute/);
  assert.match(words, /issuer’s own words/, "an issuer that nobody vouches for is marked");
  assert.match(words, /skills?\b/);
  assert.doesNotMatch(words, /unverified/i);
  assert.equal(await page.evaluate(() => document.activeElement.id), "results", "the focus goes to the result");
  assert.match(await wordsOf(page.locator("#status")), /Done: 1 needs your attention/);
  await tabTo(page, "article details summary");
  await page.keyboard.press("Enter");
  assert.match(await wordsOf(verdicts(page).first()), /Signature passed/);
  assert.match(await wordsOf(verdicts(page).first()), /Recipient passed/);
  await assertReadable(page);
  await assertNoFaults(page);
  await screenshot(page, "attention");
  await page.context().close();
});

test("a badge of a trusted issuer is accepted, under the name that the policy gives it", async () => {
  const page = await openPage(browser, trusting.url);
  await signIn(page);
  await page.fill("#email", "ada@example.org");
  await drop(page, [{ name: "valid.png", bytes: trusting.read("valid.png") }]);
  await settled(page);
  const words = await wordsOf(verdicts(page).first());
  assert.match(words, /Accepted/);
  assert.match(words, /Lindgrove Institute/);
  assert.match(words, /SQL/);
  assert.doesNotMatch(words, /issuer’s own words/);
  await assertReadable(page);
  await assertNoFaults(page);
  await screenshot(page, "accepted");
  await page.context().close();
});

test("dropped files each get their verdict, and nothing of a changed credential is shown", async () => {
  const page = await openPage(browser, gateway.url);
  await signIn(page);
  const nonsense = { name: "holiday <b>photo.txt", bytes: Buffer.from("not a credential") };
  await drop(page, [sampleFile("tampered.json"), sampleFile("expired.json"), sampleFile("revoked.json"), nonsense]);
  await settled(page);
  assert.equal(await verdicts(page).count(), 4);
  const [tampered, expired, revoked, none] = await Promise.all([0, 1, 2, 3].map((index) => wordsOf(verdicts(page).nth(index))));
  assert.match(tampered, /Rejected/);
  assert.match(tampered, /tampered\.json/);
  assert.doesNotMatch(await page.content(), /Leading Data Teams/);
  assert.match(expired, /Rejected/);
  assert.match(expired, /expired/i);
  assert.match(revoked, /Rejected/);
  assert.match(revoked, /revoked/i);
  assert.match(none, /No credential found/);
  assert.match(none, /holiday <b>photo\.txt/, "a file name is text, never markup");
  assert.equal(await page.locator("article b", { hasText: "photo" }).count(), 0);
  await assertReadable(page);
  await assertNoFaults(page);
  await screenshot(page, "rejected");
  await page.context().close();
});

test("many files are followed until all are done, and found again in the list", async () => {
  const page = await openPage(browser, gateway.url);
  await signIn(page);
  const many = Array.from({ length: 25 }, (_, index) => ({ name: `badge-${index}.json`, bytes: gateway.read("valid.json") }));
  await drop(page, many);
  await settled(page);
  assert.equal(await verdicts(page).count(), 25);
  const entry = page.locator("#history li").first();
  assert.match(await wordsOf(entry), /25 files/);
  await page.reload();
  await page.locator("#history li button").first().click();
  await verdicts(page).first().waitFor();
  assert.equal(await verdicts(page).count(), 25);
  await assertNoFaults(page);
  await screenshot(page, "many");
  await page.context().close();
});

test("report and source of a credential can be opened from its card", async () => {
  const page = await openPage(browser, gateway.url);
  await signIn(page);
  await drop(page, [sampleFile("valid.jwt")]);
  await settled(page);
  const report = await page.locator("article a", { hasText: "Full report" }).getAttribute("href");
  const answer = await page.request.get(gateway.url + report);
  assert.equal((await answer.json()).outcome, "attention");
  const download = page.waitForEvent("download");
  await page.locator("article a", { hasText: "Download" }).click();
  const stream = await (await download).createReadStream();
  const parts = [];
  for await (const part of stream) parts.push(part);
  assert.deepEqual(Buffer.concat(parts), gateway.read("valid.jwt"), "the bytes are the ones that were uploaded");
  await assertNoFaults(page);
  await page.context().close();
});

for (const [name, options] of [
  ["on a telephone", { viewport: { width: 320, height: 640 } }],
  ["in the dark", { colorScheme: "dark" }],
]) {
  test(`the page can be read ${name}`, async () => {
    const page = await openPage(browser, gateway.url, options);
    await signIn(page);
    await assertReadable(page);
    await drop(page, [sampleFile("valid.json"), sampleFile("tampered.json")]);
    await settled(page);
    await page.locator("article summary").first().click();
    await assertReadable(page);
    await assertNoFaults(page);
    await screenshot(page, name.replaceAll(" ", "-"));
    await page.context().close();
  });
}

test("another site can neither frame the page nor act with its session", async () => {
  const page = await openPage(browser, gateway.url);
  await signIn(page);
  const forged = await page.evaluate(async () => {
    const answer = await fetch("/v1/api-keys", { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"name":"forged"}' });
    return answer.status;
  });
  assert.equal(forged, 403, "without the page's own header a session changes nothing");
  const head = await page.request.get(gateway.url, { headers: { Authorization: `Bearer ${KEY}` } });
  assert.match(head.headers()["content-security-policy"], /frame-ancestors 'none'/);
  await page.context().close();
});
