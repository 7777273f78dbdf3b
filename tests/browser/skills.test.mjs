// The review of skills: with the keyboard a person decides what texts mean, and takes a decision back.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertNoFaults, assertReadable, openPage, screenshot, signIn, startBrowser } from "./browser.mjs";
import { KEY, startGateway } from "./gateway.mjs";

const TRADES = `uri,name,alt,kind,broader
urn:trade:data,data work,,group,
urn:trade:tidy,tidying data sets,,skill,urn:trade:data
urn:trade:talk,speaking to an audience,,skill,
`;

let gateway;
let browser;
let folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "skillgate-trades-"));
  const taxonomies = `skills.taxonomies_dir=${join(folder, "taxonomies")}`;
  writeFileSync(join(folder, "trades.csv"), TRADES);
  const imported = ["taxonomy", "import", join(folder, "trades.csv"), "--name", "trades", "--release", "1", "--set", taxonomies];
  execFileSync(process.env.SKILLGATE_TEST_BINARY, imported, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  gateway = await startGateway({ settings: [taxonomies] });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const call = async (path, options = {}) => (await fetch(`${gateway.url}${path}`, { ...options, headers: { Authorization: `Bearer ${KEY}` } })).json();
const decisions = async () => (await call("/v1/skills/decisions")).items;

/** The text that waits, once the page shows it. */
async function shown(page, other) {
  await page.waitForFunction((before) => {
    const title = document.getElementById("text-title").textContent;
    return !document.getElementById("all-done").hidden || (!document.getElementById("entry").hidden && title && title !== before);
  }, other);
  return page.locator("#entry").isHidden().then((hidden) => (hidden ? undefined : page.locator("#text-title").textContent()));
}

/** Waits for a sentence of the page's status, which may come a moment after the next text. */
const said = (page, text) => page.locator("#status", { hasText: text }).waitFor();

test("texts are decided with one key each, a concept is found by typing, and the last decision is taken back", async () => {
  const form = new FormData();
  form.append("file", new Blob([gateway.read("valid.json")]), "valid.json");
  await call("/v1/submissions", { method: "POST", body: form });
  const waiting = (await call("/v1/skills/review")).items.map((entry) => entry.label);
  assert.ok(waiting.length >= 2, `texts wait: ${waiting}`);

  const page = await openPage(browser, `${gateway.url}/skills`);
  await signIn(page);
  const first = await shown(page, "");
  assert.equal(first, waiting[0]);
  assert.match(await page.locator("#text-facts").textContent(), /People who have it: 1; in credentials: 1\./);
  assert.ok(await page.locator("#no-taxonomy").isHidden());
  await assertReadable(page);
  await screenshot(page, "skills");

  await page.keyboard.press("n");
  const second = await shown(page, first);
  assert.equal(second, waiting[1]);
  await said(page, "is no skill");
  assert.deepEqual((await decisions()).map((one) => [one.label, one.ruling]), [[first, "not_a_skill"]]);

  await page.keyboard.press("f");
  await page.waitForFunction(() => document.activeElement?.id === "search");
  await page.keyboard.type("audience");
  await page.locator("#found button").first().waitFor();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.closest("#found"));
  await page.keyboard.press("Enter");
  await shown(page, second);
  await said(page, "means “speaking to an audience”");
  const [concept] = await decisions();
  assert.deepEqual([concept.label, concept.concept.uri], [second, "urn:trade:talk"]);

  await page.keyboard.press("u");
  await page.waitForFunction((label) => document.getElementById("text-title").textContent === label, second);
  await said(page, "was taken back");
  assert.ok((await decisions()).find((one) => one.label === second).undone_at);
  await assertNoFaults(page);
});

test("a taxonomy is imported in the browser, compared with the one before, taken back and removed", async () => {
  const next = `uri,name,alt,kind,broader
urn:trade:data,data work,,group,
urn:trade:tidy,cleaning data sets,,skill,urn:trade:data
urn:trade:braze,brazing,,skill,
,,,,
`;
  const page = await openPage(browser, `${gateway.url}/taxonomies`);
  await signIn(page);
  await page.locator("#import-file").setInputFiles({ name: "trades.csv", mimeType: "text/csv", buffer: Buffer.from(next) });
  await page.locator("#import-version").fill("2");
  await page.locator("#import-name").fill("trades");
  await page.locator("#import-button").click();
  await page.locator("#taxonomy-status", { hasText: "trades 2 counts from now on" }).waitFor();
  await page.locator("#problems", { hasText: "line 5" }).waitFor();
  await assertReadable(page);
  await screenshot(page, "taxonomies");

  await page.locator('[data-activate="1"]').click();
  await page.locator('[data-compare="2"]').waitFor();
  await page.locator('[data-compare="2"]').click();
  const changes = page.locator("#changes-list");
  await changes.waitFor();
  const told = await changes.textContent();
  for (const change of ["brazing", "speaking to an audience", "tidying data sets → cleaning data sets"]) assert.ok(told.includes(change), told);

  page.once("dialog", (dialog) => dialog.accept());
  await page.locator('[data-remove="2"]').click();
  await page.locator('[data-remove="2"]').waitFor({ state: "detached" });
  const { items } = await call("/v1/taxonomies");
  assert.deepEqual(items.map(({ version, active }) => [version, active]), [["1", true]]);
  await assertNoFaults(page);
});
