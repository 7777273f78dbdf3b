// Sends every request of the connectors' golden files to a mock that Prism makes of the vendor's OpenAPI file, and fails for each request
// that the file does not describe: no such path or method, a wrong parameter, a body that does not follow the schema, no credentials.
// usage: node contracts.mjs PRISM FOLDER-WITH-OPENAPI-FILES
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [prism, folder] = process.argv.slice(2);

// The vendor's own files bind. Files that a third party made of the documents leave things out: what they do not know is listed.
const contracts = [
  // The schema of fieldValue is a oneOf that no plain text can satisfy, although its own examples are plain texts.
  { connector: 'ashby', file: 'ashby-openapi.yml', base: 'https://api.ashbyhq.com', quirk: 'body.values.0.fieldValue: ' },
  { connector: 'bamboohr', file: 'bamboohr-public.yaml', base: 'https://example-inc.bamboohr.com' },
  { connector: 'kombo', file: 'kombo-openapi.json', base: 'https://api.kombo.dev/v1' },
  { connector: 'merge', file: 'merge-ats-openapi.yaml', base: 'https://api.merge.dev/api' },
  { connector: 'hibob', file: 'hibob-thirdparty.yml', base: 'https://api.hibob.com/v1', outline: true },
  { connector: 'smartrecruiters', file: 'smartrecruiters-candidates-thirdparty.yml', base: 'https://api.smartrecruiters.com', outline: true },
  { connector: 'workable', file: 'workable-thirdparty.yml', base: 'https://example-inc.workable.com/spi/v3', outline: true },
  { connector: 'ukg-pro', file: 'ukg-pro-hcm-thirdparty.yml', base: 'https://service.ultipro.com', outline: true },
];

/** The requests of a golden file, each once: a line with method and address, headers, an empty line, the body. */
function requests(golden) {
  const found = new Map();
  let current;
  for (const line of golden.split('\n')) {
    const start = /^(GET|POST|PUT|PATCH|DELETE) (https?:\/\/\S+)$/.exec(line);
    if (start) {
      current = { method: start[1], url: start[2], headers: {}, body: '', inBody: false };
      found.set(current, current);
    } else if (line.startsWith('# ') || line.startsWith('=> ')) {
      current = undefined;
    } else if (current && !current.inBody) {
      const header = /^([a-z0-9-]+): (.*)$/.exec(line);
      if (header) current.headers[header[1]] = header[2];
      else current.inBody = true;
    } else if (current) {
      current.body += `${line}\n`;
    }
  }
  const distinct = new Map();
  for (const { method, url, headers, body } of found.keys()) {
    distinct.set(JSON.stringify([method, url, body.trim()]), { method, url, headers, body: body.trim() });
  }
  return [...distinct.values()];
}

async function mock(file, port) {
  const child = spawn(prism, ['mock', '--errors', '--port', String(port), file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (text) => { said += text; });
  child.stderr.on('data', (text) => { said += text; });
  for (let tries = 0; tries < 600; tries += 1) {
    if (said.includes('Prism is listening')) return child;
    if (child.exitCode !== null) break;
    await sleep(100);
  }
  child.kill();
  throw new Error(`Prism does not start on ${file}: ${said.slice(-500)}`);
}

/** What the description holds against a request; empty if it describes it. */
async function objections(request, base, port) {
  const address = `http://127.0.0.1:${port}${request.url.slice(base.length)}`;
  const answer = await fetch(address, { method: request.method, headers: request.headers, body: request.body || undefined });
  const text = await answer.text();
  let problem = {};
  try { problem = JSON.parse(text); } catch { /* an example that is no JSON */ }
  const type = String(problem.type ?? '');
  if (!type.includes('stoplight.io/prism/errors')) return [];
  if (type.endsWith('#UNPROCESSABLE_ENTITY')) {
    return problem.validation.filter((one) => one.location?.[0] !== 'response').map((one) => `${(one.location ?? []).join('.')}: ${one.message}`);
  }
  if (/#(NO_PATH_MATCHED_ERROR|NO_METHOD_MATCHED_ERROR|UNAUTHORIZED|INVALID_CONTENT_TYPE)$/.test(type)) return [`${problem.title}: ${problem.detail}`];
  return []; // Prism could not make an answer; the request was accepted before.
}

/** A mock that objects to nothing would prove nothing. */
async function isStrict(base, port) {
  const request = { method: 'GET', url: `${base}/no-such-path`, headers: {}, body: '' };
  return (await objections(request, base, port)).length > 0;
}

let failures = 0;
let port = Number(process.env.CONTRACTS_PORT ?? 4210);
for (const { connector, file, base, outline, quirk } of contracts) {
  const path = `${folder}/${file}`;
  const golden = `connectors/${connector}/golden/requests.txt`;
  if (!existsSync(path)) {
    console.log(`${connector}: there is no ${file}`);
    failures += 1;
    continue;
  }
  port += 1;
  const child = await mock(path, port);
  let agreed = 0;
  let unknown = 0;
  try {
    if (!(await isStrict(base, port))) throw new Error(`the mock of ${file} takes every request`);
    for (const request of requests(readFileSync(golden, 'utf8')).filter(({ url }) => url.startsWith(base))) {
      const found = (await objections(request, base, port)).filter((one) => !quirk || !one.startsWith(quirk));
      const isUnknown = outline && found.every((one) => /^(Route|Invalid content type)/.test(one));
      if (found.length === 0) agreed += 1;
      else if (isUnknown) unknown += 1;
      else failures += 1;
      for (const one of found) console.log(`${connector}: ${request.method} ${request.url.slice(base.length)}: ${isUnknown ? 'not in the outline' : one}`);
    }
  } finally {
    child.kill();
  }
  console.log(`${connector}: ${agreed} requests agree with ${file}${unknown ? `, ${unknown} are not in it` : ''}`);
}
process.exit(failures ? 1 : 0);
