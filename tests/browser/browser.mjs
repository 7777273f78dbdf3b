// A browser without a network of its own, and pages that fail the test on any violation, error or foreign request.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import { chromium } from "playwright-core";
import { KEY } from "./gateway.mjs";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export const startBrowser = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

/** A page in an empty profile, with what went wrong on it in `page.faults`. */
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 850 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("console", (message) => {
    const text = message.text();
    // The browser's own remarks on answers that a test provokes, and on style, are no faults of the page.
    const remark = text.includes("status of 401") || text.includes("status of 404") || text.includes("status of 422") || text.startsWith("[DOM]");
    if (["error", "warning"].includes(message.type()) && !remark) page.faults.push(text);
  });
  page.on("request", (request) => {
    const own = new URL(request.url()).origin === new URL(url).origin;
    if (!own && !request.url().startsWith("blob:")) page.faults.push(`a request to ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(url);
  return page;
}

/** Signs in with the keyboard: the page puts the focus where the key belongs. */
export async function signIn(page) {
  await page.waitForFunction(() => document.activeElement?.id === "key");
  await page.keyboard.type(KEY);
  await page.keyboard.press("Enter");
  await page.locator("#sign-out").waitFor();
  await page.waitForLoadState();
}

/** Presses Tab until the element has the focus; a person without a mouse must be able to. */
export async function tabTo(page, selector) {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${selector} can't be reached with Tab`);
}

export async function assertNoFaults(page) {
  assert.deepEqual(page.faults, []);
}

/** Nothing is cut off, every control has a name, every text can be read. */
export async function assertReadable(page) {
  const found = await page.evaluate(() => {
    const problems = [];
    if (document.documentElement.scrollWidth > window.innerWidth) problems.push(`wider than the window by ${document.documentElement.scrollWidth - window.innerWidth}`);
    const visible = (element) => element.getClientRects().length > 0;
    for (const control of document.querySelectorAll("input, select, textarea, button")) {
      const name = control.getAttribute("aria-label") ?? control.labels?.[0]?.textContent ?? control.textContent;
      if (visible(control) && !name?.trim()) problems.push(`no name: ${control.outerHTML.slice(0, 80)}`);
    }
    const channels = (color) => {
      const numbers = (color.match(/[\d.]+/g) ?? []).map(Number);
      const scale = color.startsWith("color(") ? 1 : 255;
      return [numbers[0] / scale, numbers[1] / scale, numbers[2] / scale, numbers[3] ?? 1];
    };
    const luminance = (color) => {
      const [r, g, b] = color.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = (element) => {
      const layers = [];
      for (let at = element; at; at = at.parentElement) {
        const color = channels(getComputedStyle(at).backgroundColor);
        layers.push(color);
        if (color[3] === 1) break;
      }
      return layers.reverse().reduce((under, over) => [0, 1, 2].map((i) => over[i] * over[3] + under[i] * (1 - over[3])), [1, 1, 1]);
    };
    for (const element of document.querySelectorAll("body *")) {
      const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
      if (!hasText || !visible(element) || element.closest("[disabled], option")) continue;
      const [light, dark] = [luminance(channels(getComputedStyle(element).color)), luminance(background(element))].sort((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      if (ratio < 4.5) problems.push(`contrast ${ratio.toFixed(2)}: ${element.textContent.trim().slice(0, 40)}`);
    }
    return problems;
  });
  assert.deepEqual(found, []);
  await assertAccessible(page);
}

/** WCAG 2.2 AA, as far as axe can tell. */
async function assertAccessible(page) {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations: found } = await window.axe.run(document, { runOnly: rules });
    return found.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).slice(0, 3).join(" ")}`);
  });
  assert.deepEqual(violations, []);
}

/** What a person reads there, in one line. */
export const wordsOf = async (locator) => (await locator.innerText()).replace(/\s+/g, " ").trim();

export async function screenshot(page, name) {
  const folder = process.env.SKILLGATE_TEST_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
