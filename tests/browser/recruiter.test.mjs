// The recruiter's pages as recruiters use them: by keyboard, by dropping files, on a telephone, in the dark.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertNoFaults, assertReadable, openPage, screenshot, signIn, startBrowser, tabTo, wordsOf } from "./browser.mjs";
import { KEY, startGateway } from "./gateway.mjs";

const MOST_BYTES_OF_A_FIRST_PAGE = 60_000;

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

/** The page of the result, once nothing is being verified any more. */
async function settled(page) {
  await page.waitForURL(/\/submissions\/[^/]+$/);
  await page.waitForFunction(() => !document.getElementById("running") && document.querySelector(".verdict, .results"));
}

/** A submission by API; the answer. */
async function upload(at, name, fields = {}) {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  form.append("file", new Blob([at.read(name)]), name);
  const answer = await fetch(`${at.url}/v1/submissions`, { method: "POST", headers: { Authorization: `Bearer ${KEY}` }, body: form });
  assert.equal(answer.status, 201);
  return answer.json();
}

test("a wrong key is told so, and the right one opens the page that was asked for", async () => {
  const page = await openPage(browser, `${gateway.url}/candidates`);
  await page.fill("#key", "sk_wrong");
  await page.keyboard.press("Enter");
  await page.locator("#sign-in-error", { hasText: "not known" }).waitFor();
  await assertReadable(page);
  await screenshot(page, "sign-in");
  await page.fill("#key", "");
  await signIn(page);
  assert.match(page.url(), /\/candidates$/);
  assert.equal(await page.evaluate(() => document.cookie), "", "scripts must not see the session");
  await page.reload();
  await page.locator("#sign-out").waitFor();
  await assertNoFaults(page);
  await page.context().close();
});

test("the first page is small", async () => {
  const page = await openPage(browser, gateway.url);
  let bytes = 0;
  page.on("response", async (response) => {
    bytes += (await response.body().catch(() => "")).length;
  });
  await signIn(page);
  await page.waitForLoadState("networkidle");
  assert.ok(bytes < MOST_BYTES_OF_A_FIRST_PAGE, `${bytes} bytes`);
  await page.context().close();
});

test("a badge is checked with the keyboard alone, and the verdict has an address and one next action", async () => {
  const page = await openPage(browser, gateway.url);
  await signIn(page);
  await assertReadable(page);
  await screenshot(page, "inbox-empty");
  // Asked for early: the browser takes a moment to hand choosers over, and a key pressed before that opens a dialog that nobody sees.
  const chooser = page.waitForEvent("filechooser");
  await tabTo(page, "#email");
  await page.keyboard.type("ada@example.org");
  await tabTo(page, "#name");
  await page.keyboard.type("Ada Example");
  await tabTo(page, "#ats-id");
  await page.keyboard.type("4711 / 12");
  await tabTo(page, "#files");
  await page.keyboard.press("Enter");
  await (await chooser).setFiles(gateway.sample("valid.png"));
  await settled(page);
  const card = verdicts(page).first();
  const words = await wordsOf(card);
  assert.match(words, /Needs your attention Issued to this person/, "the person is told as loudly as the verdict");
  assert.match(words, /It is not confirmed/);
  assert.match(words, /You named this person/);
  assert.match(words, /Lindgrove Institute/);
  assert.match(words, /issuer’s own words/, "an issuer that nobody vouches for is marked");
  assert.match(words, /\d skills?\b/);
  assert.equal(await card.locator(".next-action a.button, .next-action button").count(), 1, "one next action");
  await tabTo(page, ".chip summary");
  await page.keyboard.press("Enter");
  await tabTo(page, ".all-checks > summary");
  await page.keyboard.press("Enter");
  assert.match(await wordsOf(card), /Signature passed/);
  assert.match(await wordsOf(card), /Recipient passed/);
  await assertReadable(page);
  await screenshot(page, "attention");
  // What was opened stays open: nothing redraws the page.
  await page.waitForTimeout(1_500);
  assert.equal(await card.locator(".all-checks[open]").count(), 1);
  const address = page.url();
  await page.goto(gateway.url);
  await page.goto(address);
  assert.match(await wordsOf(verdicts(page).first()), /Lindgrove Institute/);
  await page.emulateMedia({ media: "print" });
  const height = await page.evaluate(() => document.querySelector("main").scrollHeight);
  assert.ok(height < 1_100, `the print view is ${height} px high, more than a page`);
  await screenshot(page, "print");
  await assertNoFaults(page);
  await page.context().close();
});

test("an accepted badge says whether the person was checked, and the person can be checked afterwards", async () => {
  const page = await openPage(browser, trusting.url);
  await signIn(page);
  await drop(page, [{ name: "valid.png", bytes: trusting.read("valid.png") }]);
  await settled(page);
  let words = await wordsOf(verdicts(page).first());
  assert.match(words, /Accepted The person was not checked/);
  assert.match(words, /SQL/);
  assert.doesNotMatch(words, /issuer’s own words/);
  await assertReadable(page);
  await screenshot(page, "unchecked");
  const before = page.url();
  await page.getByRole("button", { name: "Check the person" }).press("Enter");
  await page.locator("#person-dialog[open]").waitFor();
  await assertReadable(page);
  await page.keyboard.type("ada@example.org");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.href !== before);
  await settled(page);
  words = await wordsOf(verdicts(page).first());
  assert.match(words, /Accepted Issued to this person/);
  await assertReadable(page);
  await screenshot(page, "accepted");
  await page.getByRole("link", { name: "Open the candidate" }).click();
  await page.locator("h1").waitFor();
  await assertNoFaults(page);
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
  assert.match(revoked, /Ask the candidate/);
  assert.match(none, /No credential found/);
  assert.match(none, /holiday <b>photo\.txt/, "a file name is text, never markup");
  assert.equal(await page.locator("article b", { hasText: "photo" }).count(), 0);
  await assertReadable(page);
  await assertNoFaults(page);
  await screenshot(page, "rejected");
  await page.context().close();
});

test("many files become counts, a filter and a list with the problems first", async () => {
  const page = await openPage(browser, gateway.url);
  await signIn(page);
  const many = Array.from({ length: 12 }, (_, index) => ({ name: `badge-${index}.json`, bytes: gateway.read("valid.json") }));
  await drop(page, [...many, sampleFile("revoked.json")]);
  await settled(page);
  const rows = page.locator(".results > li");
  assert.equal(await rows.count(), 13);
  assert.match(await wordsOf(rows.first()), /Rejected/, "problems first");
  assert.match(await wordsOf(page.locator(".counts")), /12 need your attention 1 rejected/);
  await assertReadable(page);
  await rows.nth(1).locator("summary").first().press("Enter");
  assert.match(await wordsOf(rows.nth(1)), /Lindgrove Institute/);
  await assertReadable(page);
  await screenshot(page, "many");
  await page.getByRole("link", { name: /1 rejected/ }).click();
  await page.waitForURL(/show=rejected/);
  assert.equal(await rows.count(), 1);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "CSV" }).click();
  const parts = [];
  for await (const part of await (await download).createReadStream()) parts.push(part);
  const lines = Buffer.concat(parts).toString().trim().split("\r\n");
  assert.equal(lines.length, 14);
  assert.match(lines[0], /^file,verdict,reason/);
  await assertNoFaults(page);
  await page.context().close();
});

test("credentials are found again by name, by address, by ATS id, by title and by issuer", async () => {
  await upload(gateway, "valid.jwt", { candidate_email: "grace@example.org", candidate_name: "Grace Müller", candidate_ats_id: "ATS 99" });
  const page = await openPage(browser, gateway.url);
  await signIn(page);
  const rows = page.locator("#list tbody tr");
  const search = async (text) => {
    await page.fill("#q", text);
    await page.locator("#q").press("Enter");
    await page.waitForURL((url) => url.searchParams.get("q") === text);
    return rows.allInnerTexts();
  };
  for (const text of ["muller", "grace@example.org", "ATS 99"]) {
    const found = await search(text);
    assert.ok(found.length > 0 && found.every((row) => row.includes("Grace Müller")), `${text}: ${found}`);
  }
  assert.ok((await search("lindgrove")).length > 0);
  assert.equal((await search("grace unheard-of")).length, 0);
  await assertReadable(page);
  await page.goto(`${gateway.url}/?outcome=rejected`);
  assert.ok((await rows.allInnerTexts()).every((row) => row.includes("Rejected")));
  await page.goto(gateway.url);
  await assertReadable(page);
  await screenshot(page, "inbox");
  await rows.first().getByRole("link").nth(1).click();
  await page.waitForURL(/\/submissions\//);
  await assertNoFaults(page);
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

test("a candidate's page shows who, what and where from; an address is removed, a record merged, the person erased", async () => {
  await upload(trusting, "valid.json", { candidate_email: "ada@example.org", candidate_name: "Ada Example", candidate_ref: "P-1" });
  await upload(trusting, "expired.json", { candidate_name: "Ada Other", candidate_ref: "P-2" });
  const page = await openPage(browser, `${trusting.url}/candidates?q=Ada`);
  await signIn(page);
  await assertReadable(page);
  await screenshot(page, "candidates");
  await page.locator("tbody a[href='/candidates/P-1']").click();
  await page.waitForURL(/\/candidates\/P-1$/);
  const words = await wordsOf(page.locator("main"));
  assert.match(words, /Ada Example/);
  assert.match(words, /ada@example\.org/);
  assert.match(words, /SQL/);
  await assertReadable(page);
  await screenshot(page, "candidate");
  page.once("dialog", (dialog) => dialog.accept());
  await Promise.all([page.waitForEvent("load"), page.locator("[data-forget]").first().click()]);
  assert.doesNotMatch(await wordsOf(page.locator("main")), /ada@example\.org/);
  await page.fill("#with", "P-2");
  await page.locator("#with").press("Enter");
  await page.waitForURL(/\/merge\?with=P-2/);
  await assertReadable(page);
  await page.getByRole("button", { name: /Merge/ }).press("Enter");
  await page.waitForURL(/\/candidates\/P-1$/);
  assert.match(await wordsOf(page.locator("main")), /P-2/, "the other reference keeps working");
  await page.locator("#erase").press("Enter");
  await page.locator("#erase-dialog[open]").waitFor();
  await assertReadable(page);
  await page.check("#erase-sure");
  await page.locator("#erase-form button[type=submit]").press("Enter");
  await page.waitForURL(/\/erasures\/[0-9a-f-]+$/);
  await assertReadable(page);
  await screenshot(page, "certificate-of-erasure");
  const gone = await page.goto(`${trusting.url}/candidates/P-1`);
  assert.equal(gone.status(), 404);
  await assertReadable(page);
  await screenshot(page, "not-found");
  await page.context().close();
});

test("a candidate is asked: link, code and mail are ready, and the page changes when the wallet reads the request", async () => {
  const page = await openPage(browser, `${gateway.url}/requests/new`);
  await signIn(page);
  await assertReadable(page);
  await page.locator("button[type=submit]").press("Enter");
  await page.locator("#request-error:not(:empty)").waitFor();
  await page.fill("#email", "ada@example.org");
  await page.fill("#name", "Ada Example");
  await page.fill("#vacancy", "Data engineer");
  await page.fill("#purpose", "first interview");
  await screenshot(page, "request-new");
  await page.locator("button[type=submit]").press("Enter");
  await page.waitForURL(/\/requests\/[^/]+$/);
  const mail = await page.inputValue("#mail");
  const link = await page.inputValue("#link");
  assert.ok(mail.includes(link) && mail.includes("Hello Ada Example") && mail.includes("Data engineer: first interview"), mail);
  assert.ok(await page.locator(".qr img").evaluate((image) => image.complete && image.naturalWidth > 0), "the code is a picture");
  assert.match(await wordsOf(page.locator("#request-state")), /Not opened yet/);
  await assertReadable(page);
  await screenshot(page, "request");
  const id = page.url().split("/").pop();
  const read = await fetch(`${gateway.url}/workflows/credentials/exchanges/${id}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  assert.equal(read.status, 200);
  await page.locator("#request-state", { hasText: "Opened" }).waitFor();
  await page.goto(`${gateway.url}/requests`);
  assert.match(await wordsOf(page.locator("tbody tr").first()), /Ada Example Data engineer: first interview.*Opened/);
  await assertReadable(page);
  await screenshot(page, "requests");
  await assertNoFaults(page);
  await page.context().close();
});

test("a link for a badge platform is shown once, ready to copy", async () => {
  const page = await openPage(browser, `${gateway.url}/requests/new`);
  await signIn(page);
  await page.fill("#email", "grace@example.org");
  await page.check("#way-platform");
  assert.equal(await page.locator("#wallet-fields").isVisible(), false);
  await page.locator("button[type=submit]").press("Enter");
  await page.locator("#made").waitFor();
  assert.match(await page.inputValue("#made-link"), /\/connect\//);
  assert.ok((await page.inputValue("#made-mail")).includes(await page.inputValue("#made-link")));
  await assertReadable(page);
  await assertNoFaults(page);
  await page.context().close();
});

for (const [name, options] of [
  ["on a telephone", { viewport: { width: 320, height: 640 } }],
  ["in the dark", { colorScheme: "dark" }],
  ["in German", { locale: "de-DE" }],
  ["in Spanish", { locale: "es-ES", viewport: { width: 375, height: 800 } }],
]) {
  test(`the pages can be read ${name}`, async () => {
    await upload(gateway, "valid.jwt", { candidate_name: "Ada Example", candidate_ref: "ATS-4711" });
    const page = await openPage(browser, gateway.url, options);
    await signIn(page);
    await assertReadable(page);
    await screenshot(page, `inbox-${name.replaceAll(" ", "-")}`);
    await drop(page, [sampleFile("valid.json"), sampleFile("tampered.json")]);
    await settled(page);
    await page.locator("article summary").first().click();
    await assertReadable(page);
    await screenshot(page, `result-${name.replaceAll(" ", "-")}`);
    for (const path of ["/candidates", "/candidates/ATS-4711", "/requests", "/requests/new"]) {
      await page.goto(gateway.url + path);
      await assertReadable(page);
      await screenshot(page, `${path.slice(1).replaceAll("/", "-")}-${name.replaceAll(" ", "-")}`);
    }
    await assertNoFaults(page);
    await page.context().close();
  });
}

test("a language that was chosen stays chosen", async () => {
  const page = await openPage(browser, `${gateway.url}/candidates?q=ada`);
  await signIn(page);
  await page.getByRole("link", { name: "Deutsch" }).click();
  await page.waitForURL(/\/candidates\?q=ada$/);
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  await page.goto(gateway.url);
  assert.match(await wordsOf(page.locator("h1")), /Eingang/);
  await page.context().close();
});

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
