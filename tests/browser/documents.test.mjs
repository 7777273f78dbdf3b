// The documents inside the product, as a stranger reads them.
import { after, before, test } from "node:test";
import { assertNoFaults, assertReadable, openPage, screenshot, startBrowser } from "./browser.mjs";
import { startGateway } from "./gateway.mjs";

const WAYS = [
  ["", { viewport: { width: 1280, height: 850 } }],
  ["-dark", { viewport: { width: 1280, height: 850 }, colorScheme: "dark" }],
  ["-telephone", { viewport: { width: 375, height: 740 } }],
];
const PAGES = ["", "/api/submissions", "/catalogue", "/receivers", "/events", "/connectors/webhook"];

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

for (const path of PAGES) {
  test(`a stranger reads /docs${path}`, async () => {
    for (const [suffix, options] of WAYS) {
      const page = await openPage(browser, `${gateway.url}/docs${path}`, options);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await assertReadable(page);
      await assertNoFaults(page);
      await screenshot(page, `docs${path.replaceAll("/", "-")}${suffix}`);
      await page.context().close();
    }
  });
}
