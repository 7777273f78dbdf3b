// Drives a running gateway with peers built on the reference libraries. Each line is one expectation.
//   node peers.mjs <origin> <api key>
import {execFileSync} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {newActor, openBadge, sign} from './lib.mjs';
import {present} from './wallet-vcalm.mjs';
import {presentOid4vp} from './wallet-oid4vp.mjs';
import {run as openBadgesClient} from './ob3-client.mjs';

const [origin, key] = process.argv.slice(2);
const BASE = `${origin}/ims/ob/v3p0`;
const AUTH = {authorization: `Bearer ${key}`};
let failed = 0;
const expect = (name, ok, extra = '') => {
  failed += ok ? 0 : 1;
  console.log(ok ? 'ok  ' : 'FAIL', name, ok ? '' : String(extra).slice(0, 400));
};
const post = async (path, body) => {
  const answer = await fetch(origin + path, {method: 'POST', headers: {...AUTH, 'content-type': 'application/json'}, body: JSON.stringify(body)});
  return answer.json();
};
const open = (body = {}) => post('/workflows/credentials/exchanges', body);
const state = async exchange => (await fetch(exchange.id, {headers: AUTH})).json();
const results = seen => seen.variables?.results?.default;

const holder = await newActor(), issuer = await newActor();
const badge = await sign.eddsa2022({credential: openBadge({issuer: issuer.did, subjectId: holder.did}), actor: issuer});
const older = await sign.ed2020({credential: openBadge({issuer: issuer.did, subjectId: holder.did, v: 1}), actor: issuer});
const tampered = {...structuredClone(badge), name: 'Other'};

// --- VCALM
for (const [name, options] of Object.entries({
  'interaction URL': {mode: 'lcw'},
  'interaction: scheme': {mode: 'lcw', start: exchange => exchange.deepLinks.interaction},
  'Learner Credential Wallet link': {mode: 'lcw', start: exchange => exchange.deepLinks.lcw},
  'LearnCard link': {mode: 'spec', start: exchange => exchange.deepLinks.learncard},
  'protocols in hand': {mode: 'spec', start: exchange => JSON.stringify({protocols: exchange.protocols})},
  'wallet that follows the draft': {mode: 'spec'},
  'bare presentation': {mode: 'bare'},
  'data model 1.1 and Ed25519Signature2020': {mode: 'lcw', credentials: [older]},
})) {
  const exchange = await open();
  const start = (options.start ?? (opened => opened.interaction))(exchange);
  const out = await present({start, creds: options.credentials ?? [badge], holder, mode: options.mode});
  const seen = await state(exchange);
  const good = out.final.status === 200 && seen.state === 'complete' && results(seen).verdicts.length === 1 && results(seen).verdicts.every(verdict => verdict.verified);
  expect(`vcalm, ${name}`, good, JSON.stringify([out.final.status, out.final.text, seen.state, results(seen)?.verdicts]));
  expect(`vcalm, ${name}: holder proven`, results(seen)?.holderProven === true);
}
for (const mode of ['wrongchallenge', 'wrongdomain', 'garbage', 'unsigned']) {
  const exchange = await open();
  const out = await present({start: exchange.interaction, creds: [badge], holder, mode});
  const seen = await state(exchange);
  expect(`vcalm, ${mode}: 400 and still active`, out.final.status === 400 && seen.state === 'active', `${out.final.status} ${seen.state}`);
}
{
  const exchange = await open();
  const out = await present({start: exchange.interaction, creds: [badge], holder, mode: 'replay'});
  expect('vcalm, replay: 403', out.final.status === 403, out.final.status);
}
{
  const exchange = await open();
  const out = await present({start: exchange.interaction, creds: [tampered], holder, mode: 'lcw'});
  const seen = await state(exchange);
  const good = out.final.status === 200 && seen.state === 'complete' && results(seen).verdicts[0].verified === false;
  expect('vcalm, tampered credential: taken, and its own verdict is bad', good, JSON.stringify(seen));
}
{
  const exchange = await open({expires: new Date(Date.now() + 2500).toISOString()});
  await new Promise(done => setTimeout(done, 3000));
  const answer = await fetch(exchange.id, {method: 'POST', body: '{}', headers: {'content-type': 'application/json'}});
  expect('vcalm, expired: 404', answer.status === 404, answer.status);
}

// --- OpenID4VP
for (const [key, mode, method] of [
  ['oid4vp-1.0', 'raw'], ['OID4VP', 'dcql', 'get'], ['OID4VP', 'dcql', 'post'], ['OID4VP', 'raw'], ['OID4VP', 'legacydomain'], ['OID4VP', 'pe'],
]) {
  const exchange = await open();
  const out = await presentOid4vp({url: exchange.protocols[key], holder, creds: [badge], mode, method})
    .catch(error => ({status: `${error.name} ${error.message} ${error.cause?.message}`}));
  const seen = await state(exchange);
  const good = out.status === 200 && seen.state === 'complete' && results(seen).verdicts[0].verified;
  expect(`openid4vp, ${key} ${mode} ${method ?? ''}`, good, JSON.stringify([out.status, out.text, seen.state, seen.lastError]));
}
{
  // This library loses the query of a request that travels in the link, so its wallet has to make an id up.
  const exchange = await open();
  const out = await presentOid4vp({url: exchange.protocols['oid4vp-1.0'], holder, creds: [badge], mode: 'dcql'});
  expect('openid4vp, an answer to a query that was not asked: 400', out.status === 400 && (await state(exchange)).state === 'active', out.status);
}
{
  const exchange = await open();
  const out = await presentOid4vp({url: exchange.protocols.OID4VP, holder, creds: [badge], mode: 'wrongnonce'});
  expect('openid4vp, wrong nonce: 400', out.status === 400 && (await state(exchange)).state === 'active', out.status);
}
{
  const exchange = await open();
  const out = await presentOid4vp({url: exchange.protocols.OID4VP, holder, creds: [badge], mode: 'error'});
  expect('openid4vp, the owner says no: taken note of', out.status === 200 && (await state(exchange)).lastError, out.status);
}

// --- Open Badges API: the candidate consents in a browser, with the code of their link
const invite = () => post('/v1/invitations', {candidate_name: 'Peer'});
async function approve(url) {
  const {code} = await invite();
  const page = await fetch(url, {redirect: 'manual'});
  const html = await page.text();
  const form = new URLSearchParams([...html.matchAll(/<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"/g)].map(found => [found[1], found[2].replaceAll('&amp;', '&')]));
  form.set('invitation', code);
  const cookie = page.headers.getSetCookie().map(text => text.split(';')[0]).join('; ');
  const decided = await fetch(new URL(html.match(/<form[^>]*action="([^"]*)"/)[1], url), {method: 'POST', body: form, redirect: 'manual', headers: {cookie}});
  return decided.headers.get('location');
}
for (const row of await openBadgesClient({base: BASE, approve})) {
  expect(`open badges, ${row.name}`, row.ok, row.extra);
}
{
  const {code} = await invite();
  let output = '';
  try {
    output = execFileSync('node', ['ob3-client.mjs', BASE, `invitation=${code}`], {encoding: 'utf8'});
  } catch (error) {
    output = `FAIL ${error.stdout}${error.stderr}`;
  }
  expect('open badges, the client by itself with one link', !/^FAIL/m.test(output), output);
}

// --- The minter: every way to secure a badge, uploaded
execFileSync('node', ['mint.mjs'], {encoding: 'utf8'});
for (const name of readdirSync('out').filter(name => !name.startsWith('vp-'))) {
  const jws = name.endsWith('.jws');
  const answer = await fetch(`${origin}/v1/submissions`, {method: 'POST', headers: {...AUTH, 'content-type': jws ? 'application/vc+jwt' : 'application/vc+ld+json'}, body: readFileSync(`out/${name}`)});
  const {outcome, files} = await answer.json();
  // The key of the JWS stands only in its own header: that proves no issuer.
  const bad = name.includes('expired') || name.includes('tampered') || jws;
  expect(`minted ${name}: ${outcome}`, answer.status === 201 && (bad ? outcome !== 'accepted' : outcome !== 'rejected') && (!/expired|tampered/.test(name) || outcome === 'rejected'), JSON.stringify(files));
}

console.log(failed ? `${failed} FAILED` : 'all peers content');
process.exitCode = failed ? 1 : 0;
