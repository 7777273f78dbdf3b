// The pages of the channels: the link box of recruiters, and the page on which candidates wait for their wallet.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { assertNoFaults, assertReadable, openPage, screenshot, signIn, startBrowser, tabTo, wordsOf } from "./browser.mjs";
import { KEY, startGateway } from "./gateway.mjs";
import { Wallet, post, readRequest } from "./wallet.mjs";

let gateway;
let platform;
let browser;
before(async () => {
  platform = await startPlatform();
  gateway = await startGateway({ settings: [`channels.link_hosts=${platform.url}`, "channels.organisation=Example Ltd"] });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
  platform?.server.close();
});

const verdict = (page) => page.locator("article.verdict").first();
const sample = (name) => JSON.parse(gateway.read(name));

/** A badge platform that an administrator has listed. */
async function startPlatform() {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    const path = request.url.split("?")[0];
    const answers = {
      "/badge/1": [200, "application/json", () => gateway.read("valid.json")],
      "/changed/1": [200, "application/json", () => gateway.read("tampered.json")],
      "/private/1": [403, "text/html", () => "no"],
      "/page/1": [200, "text/html", () => "<html>"],
    };
    const [status, type, body] = answers[path] ?? [404, "text/plain", () => "none"];
    response.writeHead(status, { "Content-Type": type }).end(body());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, asked, url: `http://127.0.0.1:${server.address().port}` };
}

/** Pastes a link and waits for the page of its result. */
async function checkLink(page, link) {
  await page.fill("#link", link);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/submissions\/[^/]+$/);
  await verdict(page).waitFor();
}

/** Pastes a link and returns the sentence that the page says instead of a result. */
async function refusal(page, link) {
  await page.fill("#link", link);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("intake-error").textContent !== "");
  return wordsOf(page.locator("#intake-error"));
}

async function openExchange(body = {}) {
  const answer = await fetch(`${gateway.url}/workflows/credentials/exchanges`, {
    method: "POST", headers: { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  assert.equal(answer.status, 201);
  return answer.json();
}

const stateIs = (page, state) => page.locator(`#exchange-status[data-state="${state}"]`).waitFor();

test("a pasted link of a listed platform is checked like a file, and the address in it is told to nobody", async () => {
  const page = await openPage(browser, gateway.url);
  await signIn(page);
  await page.fill("#email", "ada@example.org");
  await tabTo(page, "#link");
  await checkLink(page, `${platform.url}/badge/1?identity__email=ada@example.org`);
  const words = await wordsOf(verdict(page));
  assert.match(words, /Accepted/);
  assert.match(words, /Lindgrove Institute/);
  assert.deepEqual(platform.asked.filter((path) => path.startsWith("/badge/")), ["/badge/1"]);
  await assertReadable(page);
  await assertNoFaults(page);
  await screenshot(page, "link-accepted");
  await page.goto(gateway.url);
  assert.equal(await page.inputValue("#link"), "", "ready for the next link");
  assert.equal(await page.locator("#list tbody tr").count(), 1);
  await page.context().close();
});

test("a link that leads to no credential says why, and what to ask the candidate for", async () => {
  const page = await openPage(browser, gateway.url);
  await signIn(page);
  const before = platform.asked.length;
  for (const [link, sentence] of [
    ["https://elsewhere.example/badge/1", /The gateway does not know the platform elsewhere\.example, so the link was not followed\. Ask the candidate/],
    ["https://www.linkedin.com/in/ada", /LinkedIn shows only people's own statements\. Ask the candidate/],
    ["https://www.credly.com/users/ada", /profile with many badges\. Open one badge and copy its own link/],
    ["my badge", /not a usable link\. Ask the candidate/],
  ]) {
    assert.match(await refusal(page, link), sentence);
    assert.equal(await page.inputValue("#link"), link, "what was pasted stays, to be mended");
    await assertReadable(page);
  }
  assert.equal(platform.asked.length, before);
  for (const [path, sentence] of [
    ["/private/1", /does not show this credential publicly\. Ask the candidate/],
    ["/page/1", /answered with a web page instead of a credential\. Ask the candidate/],
    ["/none", /the credential is not public, or the link is wrong\. Ask the candidate/],
  ]) {
    assert.match(await refusal(page, platform.url + path), sentence);
  }
  assert.equal(await page.locator("article.verdict").count(), 0);
  assert.deepEqual(page.faults.filter((fault) => !/status of 422/.test(fault)), []);
  await screenshot(page, "link-refused");
  await page.context().close();
});

test("a changed credential behind a link is rejected and shows nothing of its content", async () => {
  const page = await openPage(browser, gateway.url);
  await signIn(page);
  await checkLink(page, `${platform.url}/changed/1`);
  assert.match(await wordsOf(verdict(page)), /Rejected/);
  assert.doesNotMatch(await page.content(), /Leading Data Teams/);
  await assertNoFaults(page);
  await page.context().close();
});

test("the waiting page follows the wallet to the verdict without being asked again", async () => {
  const exchange = await openExchange({ variables: { reason: "Your application as data engineer", candidate_email: "ada@example.org" } });
  const page = await openPage(browser, exchange.interaction);
  assert.match(await wordsOf(page.locator("h1")), /Share your credentials with Example Ltd/);
  assert.match(await wordsOf(page.locator("main")), /Your application as data engineer/);
  await stateIs(page, "pending");
  assert.match(await wordsOf(page.locator("#exchange-status")), /^Waiting for your wallet, until \d\d:\d\d UTC\.$/);
  await assertReadable(page);
  await screenshot(page, "wallet-waiting");
  const links = await page.locator("main li a").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  for (const scheme of ["interaction:", "https://lcw.app/", "asuprequest:", "msprequest:", "https://learncard.app/", "openid4vp:"]) {
    assert.ok(links.some((link) => link.startsWith(scheme)), `no link for ${scheme}`);
  }

  const wallet = new Wallet();
  const asked = await readRequest(exchange.interaction);
  await stateIs(page, "active");
  assert.match(await wordsOf(page.locator("#exchange-status")), /has read the request/);
  const wrong = wallet.present([sample("valid.json")], "another", asked.domain);
  assert.equal((await post(asked.exchange, { verifiablePresentation: wrong })).status, 400);
  await page.locator("#exchange-status", { hasText: "answers another request" }).waitFor();
  await assertReadable(page);
  await screenshot(page, "wallet-refused");

  const again = await readRequest(exchange.interaction);
  assert.notEqual(again.challenge, asked.challenge);
  const presented = wallet.present([sample("valid.json"), sample("tampered.json")], again.challenge, again.domain);
  assert.equal((await post(again.exchange, { verifiablePresentation: presented })).status, 200);
  await stateIs(page, "complete");
  assert.ok(await page.locator(".qr").isHidden(), "nothing invites to try again");
  assert.match(await wordsOf(page.locator("#exchange-status")), /^Received\. Thank you\.$/);
  const verdicts = await page.locator("#exchange-verdicts li").allInnerTexts();
  assert.equal(verdicts.length, 2);
  assert.ok(verdicts.some((words) => /^Could not be accepted: /.test(words)), verdicts.join());
  assert.ok(verdicts.some((words) => /^(Genuine and valid|Received; a person will look at it)/.test(words)), verdicts.join());
  assert.doesNotMatch(await page.content(), /Leading Data Teams|did:key/);
  await assertReadable(page);
  await assertNoFaults(page);
  await screenshot(page, "wallet-complete");
  await page.context().close();
});

test("a browser that knows wallets asks them for the page, and accepts only an answer for this page's origin", async () => {
  const exchange = await openExchange();
  const page = await openPage(browser, exchange.interaction);
  await page.addInitScript(() => { delete window.DigitalCredential; });
  await page.reload();
  await stateIs(page, "pending");
  assert.ok(await page.locator("#exchange-browser").isHidden(), "a browser without the API shows the code alone");
  assert.ok(await page.locator(".qr").isVisible());

  const wallet = new Wallet();
  const origins = ["https://elsewhere.example", new URL(gateway.url).origin];
  const asked = [];
  await page.exposeFunction("walletAnswers", (request) => {
    asked.push(request);
    return wallet.present([sample("valid.json")], request.data.nonce, `origin:${origins[asked.length - 1]}`);
  });
  await page.addInitScript(() => {
    window.DigitalCredential = class {};
    navigator.credentials.get = async ({ mediation, digital }) => {
      if (mediation !== "required") throw new Error("a person must choose");
      const [request] = digital.requests;
      return { protocol: request.protocol, data: { vp_token: { badge: [await window.walletAnswers(request)] } } };
    };
  });
  await page.reload();
  await page.click("#exchange-ask");
  await page.locator("#exchange-ask-result", { hasText: "made for another recipient" }).waitFor();
  await assertReadable(page);
  await page.click("#exchange-ask");
  await stateIs(page, "complete");
  assert.equal(asked[0].protocol, "openid4vp-v1-unsigned");
  assert.notEqual(asked[0].data.nonce, asked[1].data.nonce);
  assert.equal(await page.locator("#exchange-verdicts li").count(), 1);
  assert.deepEqual(page.faults.filter((fault) => !/status of 400/.test(fault)), []);
  await page.context().close();
});

test("the waiting page ends with too many bad answers and with its time, and says what to do", async () => {
  const exchange = await openExchange();
  const page = await openPage(browser, exchange.interaction);
  const { exchange: address } = await readRequest(exchange.interaction);
  const wallet = new Wallet();
  for (let tries = 0; tries < 8; tries += 1) {
    await post(address, { verifiablePresentation: wallet.present([sample("valid.json")], "another", gateway.url) });
  }
  await stateIs(page, "invalid");
  assert.match(await wordsOf(page.locator("#exchange-status")), /Too many attempts failed\. Ask for a new link/);
  await assertNoFaults(page);
  await page.context().close();

  const short = await openExchange({ expires: new Date(Date.now() + 3_000).toISOString() });
  const waiting = await openPage(browser, short.interaction);
  await stateIs(waiting, "expired");
  assert.match(await wordsOf(waiting.locator("#exchange-status")), /time is over\. Ask for a new link/);
  await assertReadable(waiting);
  await assertNoFaults(waiting);
  await waiting.context().close();

  const late = await openPage(browser, `${gateway.url}/interactions/nobody-knows-it?iuv=1`);
  assert.match(await wordsOf(late.locator("h1")), /This link can't be used/);
  await assertReadable(late);
  await screenshot(late, "wallet-unknown");
  await late.context().close();
});

test("the waiting page fits a telephone, in the dark too", async () => {
  const exchange = await openExchange({ variables: { reason: "Your application" } });
  const page = await openPage(browser, exchange.interaction, { viewport: { width: 320, height: 640 }, colorScheme: "dark" });
  await stateIs(page, "pending");
  await assertReadable(page);
  await assertNoFaults(page);
  await screenshot(page, "wallet-telephone");
  await page.context().close();
});
