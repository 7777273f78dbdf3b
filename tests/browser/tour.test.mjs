// The pictures of docs/tour.md: the main pages with invented people and institutions. With SKILLGATE_TEST_TOUR=1 they are written anew.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { assertNoFaults, openPage, signIn, startBrowser } from "./browser.mjs";
import { KEY, startGateway } from "./gateway.mjs";

const DOCS = join(dirname(fileURLToPath(import.meta.url)), "../../docs");
const MOST_BYTES = 120_000;
const headers = { Authorization: `Bearer ${KEY}` };
const PEOPLE = [
  ["valid.json", { candidate_email: "ada@example.org", candidate_name: "Ada Example", candidate_ats_id: "4711" }],
  ["valid.png", { candidate_email: "grace@example.org", candidate_name: "Grace Sample", candidate_ats_id: "4712" }],
  ["revoked.json", { candidate_email: "ada@example.org", candidate_name: "Ada Example", candidate_ats_id: "4711" }],
  ["expired.json", { candidate_name: "Noor Sample", candidate_ats_id: "4713" }],
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

async function upload(name, fields) {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  form.append("file", new Blob([gateway.read(name)]), name);
  return (await fetch(`${gateway.url}/v1/submissions`, { method: "POST", headers, body: form })).json();
}

test("each picture of the tour is there, shows a page that exists, and is small", async () => {
  const [first] = await Promise.all(PEOPLE.map(([name, fields]) => upload(name, fields)));
  const secret = `whsec_${Buffer.from("a secret of at least 24 bytes").toString("base64")}`;
  const body = JSON.stringify({ connector: "webhook", name: "HR system", fields: { url: "https://hooks.example.org/skillgate" }, secrets: { signing_secret: secret } });
  const made = await (await fetch(`${gateway.url}/v1/connections`, { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body })).json();
  const page = await openPage(browser, gateway.url, { viewport: { width: 1280, height: 800 }, colorScheme: "light" });
  await signIn(page);
  const candidate = first.files[0].credentials[0].candidate_ref;
  const tour = { inbox: "/#list", result: `/submissions/${first.id}`, candidate: `/candidates/${candidate}`, request: "/requests/new", trust: "/trust", connections: "/connections", connection: `/connections/${made.id}`, overview: "/overview" };
  const text = readFileSync(join(DOCS, "tour.md"), "utf8");
  for (const [name, path] of Object.entries(tour)) {
    const answer = await page.goto(gateway.url + path);
    // The inbox at its list is the same document.
    assert.ok(answer === null || answer.status() === 200, path);
    const picture = await page.screenshot();
    assert.ok(picture.length < MOST_BYTES, `${name}: ${picture.length} bytes`);
    const file = join(DOCS, "pictures", `${name}.png`);
    if (process.env.SKILLGATE_TEST_TOUR) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, picture);
    }
    assert.ok(existsSync(file) && statSync(file).size < MOST_BYTES, `${file} is missing or too large: SKILLGATE_TEST_TOUR=1 writes it`);
    assert.ok(text.includes(`pictures/${name}.png`), `docs/tour.md does not show ${name}`);
  }
  await assertNoFaults(page);
  await page.context().close();
});
