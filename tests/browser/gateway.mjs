// Starts a gateway of its own in an empty folder, with freshly made samples, and stops it again.
import { spawn, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const KEY = "sk_browser_test_0123456789abcdef";
const START_MILLISECONDS = 30_000;

/** `trusting`: whether the trust policy beside the samples vouches for their issuer. `settings`: further ones, `key=value`. */
export async function startGateway({ trusting = true, settings: further = [] } = {}) {
  const binary = process.env.SKILLGATE_TEST_BINARY;
  if (!binary) throw new Error("SKILLGATE_TEST_BINARY names the program to test; use tests/browser/run");
  const folder = mkdtempSync(join(tmpdir(), "skillgate-browser-"));
  execFileSync(binary, ["sample", "samples"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  const settings = [
    "verify.documents_file=samples/documents.json",
    ...(trusting ? ["verify.policy_file=samples/policy.toml"] : []),
    "verify.offline=true",
    "http_client.allow_private=127.0.0.0/8",
    "issuer_client.allow_private=127.0.0.0/8",
    "log.level=warn",
    ...further,
  ];
  const child = spawn(binary, ["serve", "--listen", "127.0.0.1:0", ...settings.flatMap((one) => ["--set", one])], {
    cwd: folder,
    env: { ...process.env, SKILLGATE_AUTH__BOOTSTRAP_KEY: KEY },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await addressOf(child);
  return {
    url,
    sample: (name) => join(folder, "samples", name),
    read: (name) => readFileSync(join(folder, "samples", name)),
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The address that the program prints once it answers. */
function addressOf(child) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the gateway did not start in time")), START_MILLISECONDS);
    let printed = "";
    child.stdout.on("data", (chunk) => {
      printed += chunk;
      const found = printed.match(/Open\s+(http:\/\/\S+)/);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[1]);
    });
    child.once("exit", (code) => reject(new Error(`the gateway ended with ${code}: ${printed}`)));
  });
}
