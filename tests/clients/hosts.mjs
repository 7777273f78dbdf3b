// The gateway as a client of the Open Badges API: hosts on an OAuth server that others wrote, good, paging, slow and wrong ones.
import OAuth2Server from '@node-oauth/oauth2-server';
import {randomBytes} from 'node:crypto';
import {createServer} from 'node:http';
import {equal, expect, finish} from './check.mjs';
import {call, sample} from './gateway.mjs';

const BASE = '/ims/ob/v3p0';
const badges = ['valid.json', 'valid-with-status.json', 'expired.json', 'revoked.json', 'not-yet-valid.json'].map(name => JSON.parse(sample(name)));

/** A host; `credentials(page, host)` answers a page: `{status?, body, next?, wait?, type?}`. */
async function host(credentials) {
  const clients = new Map();
  const codes = new Map();
  const tokens = new Map();
  const seen = {registered: 0, refreshed: 0, revoked: 0, pages: []};
  const model = {
    getClient: (id, secret) => { const client = clients.get(id); return client && (secret === null || client.secret === secret) ? client : null; },
    saveAuthorizationCode: (code, client, user) => { codes.set(code.authorizationCode, {...code, client, user}); return codes.get(code.authorizationCode); },
    getAuthorizationCode: code => codes.get(code),
    revokeAuthorizationCode: code => codes.delete(code.authorizationCode),
    saveToken: (token, client, user) => { const kept = {...token, client, user}; tokens.set(token.accessToken, kept); if (token.refreshToken) tokens.set(token.refreshToken, kept); return kept; },
    getAccessToken: token => tokens.get(token),
    getRefreshToken: token => tokens.get(token),
    revokeToken: token => { seen.refreshed++; return tokens.delete(token.refreshToken); },
    validateScope: (_user, _client, scope) => scope,
    verifyScope: () => true,
  };
  const oauth = new OAuth2Server({model, allowBearerTokensInQueryString: false});
  const server = createServer(async (incoming, outgoing) => {
    const url = new URL(incoming.url, 'http://127.0.0.1');
    const parts = [];
    for await (const part of incoming) parts.push(part);
    const text = Buffer.concat(parts).toString();
    const json = (status, body, headers = {}) => outgoing.writeHead(status, {'content-type': 'application/json', ...headers}).end(typeof body === 'string' ? body : JSON.stringify(body));
    const request = () => new OAuth2Server.Request({method: incoming.method, headers: incoming.headers, query: Object.fromEntries(url.searchParams), body: Object.fromEntries(new URLSearchParams(text))});
    const response = new OAuth2Server.Response({});
    const send = () => outgoing.writeHead(response.status, {'content-type': 'application/json', ...response.headers}).end(JSON.stringify(response.body));
    try {
      switch (url.pathname) {
        case `${BASE}/discovery`: {
          const at = path => `${address}${path}`;
          const flow = {authorizationUrl: at('/authorize'), tokenUrl: at('/token'), refreshUrl: at('/token'), scopes: {}};
          return json(200, {openapi: '3.0.1', info: {title: 'Backpack', version: '3.0'}, components: {securitySchemes: {OAuth2ACG: {
            type: 'oauth2', 'x-imssf-registrationUrl': at('/register'), 'x-imssf-revocationUrl': at('/revoke'), flows: {authorizationCode: flow},
          }}}});
        }
        case '/register': {
          const wanted = JSON.parse(text);
          const client = {id: randomBytes(8).toString('hex'), secret: randomBytes(16).toString('hex'), redirectUris: wanted.redirect_uris, grants: ['authorization_code', 'refresh_token']};
          clients.set(client.id, client);
          seen.registered++;
          return json(201, {...wanted, client_id: client.id, client_secret: client.secret, client_secret_expires_at: 0});
        }
        case '/authorize': {
          await oauth.authorize(request(), response, {authenticateHandler: {handle: () => ({id: 'ada'})}});
          return outgoing.writeHead(302, {location: response.headers.location}).end();
        }
        case '/token': await oauth.token(request(), response); return send();
        case '/revoke': seen.revoked++; return json(200, {});
        case `${BASE}/credentials`: {
          await oauth.authenticate(request(), response);
          seen.pages.push(url.search);
          const {status = 200, body, next, wait = 0, type} = credentials(seen.pages.length, address);
          await new Promise(done => setTimeout(done, wait));
          return json(status, body, {...(next && {link: `<${next}>; rel="next"`}), ...(type && {'content-type': type})});
        }
        default: return json(404, {});
      }
    } catch (problem) {
      return json(problem.code ?? 500, {error: problem.name, error_description: problem.message});
    }
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  const address = `http://127.0.0.1:${server.address().port}`;
  return {address, seen, close: () => { server.closeAllConnections(); server.close(); }};
}

/** What the candidate's browser does. */
async function connect(address, ref) {
  const added = await call('POST', '/v1/backpacks', {host: address, candidate_ref: ref});
  const started = await fetch(added.json.url, {redirect: 'manual'});
  const cookie = started.headers.getSetCookie().map(text => text.split(';')[0]).join('; ');
  const approved = await fetch(started.headers.get('location'), {redirect: 'manual'});
  const back = await fetch(approved.headers.get('location'), {headers: {cookie}});
  const id = added.json.id;
  const pulled = await call('POST', `/v1/backpacks/${id}/pull`);
  const {json: seen} = await call('GET', `/v1/backpacks/${id}`);
  return {id, connected: back.status, pulled, seen};
}
const held = async ref => (await call('GET', '/v1/credentials?limit=500')).json.items.filter(item => item.candidate_ref === ref).length;
const page = list => ({credential: list});

{
  const good = await host((number, at) => number % 3 === 0 ? {body: page(badges.slice(4))} : {body: page(badges.slice(2 * (number % 3 - 1), 2 * (number % 3))), next: `${at}${BASE}/credentials?limit=2&offset=${2 * (number % 3)}`});
  const {id, connected, pulled} = await connect(good.address, 'backpack-paging');
  equal('a paging host: connected and pulled', [connected, pulled.status], [200, 200]);
  equal('a paging host: every badge of three pages is here', await held('backpack-paging'), 5);
  equal('a paging host: registered once', good.seen.registered, 1);
  const gone = await call('DELETE', `/v1/backpacks/${id}`);
  expect('a paging host: the tokens are given back', gone.status === 200 && good.seen.revoked > 0, gone.text);
  good.close();
}
for (const [name, answer, wanted] of [
  ['a host with a broken page', () => ({body: '{"credential": ['}), 0],
  ['a host that answers with a web page', () => ({body: '<html>', type: 'text/html'}), 0],
  ['a host that is down', () => ({status: 503, body: {}}), 0],
  ['a host that is too slow', () => ({body: page(badges), wait: 8000}), 0],
]) {
  const wrong = await host(answer);
  const ref = name.replaceAll(' ', '-');
  const {connected, pulled, seen} = await connect(wrong.address, ref);
  equal(`${name}: connected, the pull failed with its step`, [connected, pulled.status, pulled.json?.errors?.[0]?.field], [200, 422, 'pull']);
  equal(`${name}: nothing came, and it stays connected`, [await held(ref), seen.state], [wanted, 'connected']);
  wrong.close();
}
{
  const foreign = await host(() => ({body: page(badges.slice(0, 1))}));
  const luring = await host(() => ({body: page(badges.slice(1, 2)), next: `${foreign.address}${BASE}/credentials?offset=1`}));
  await connect(luring.address, 'backpack-luring');
  equal('a next page of another host is not followed', foreign.seen.pages, []);
  const endless = await host((number, at) => ({body: page(badges.slice(0, 1)), next: `${at}${BASE}/credentials?offset=${number}`}));
  await connect(endless.address, 'backpack-endless');
  expect('endless pages come to an end', endless.seen.pages.length < 1000 && await held('backpack-endless') === 1, endless.seen.pages.length);
  for (const one of [foreign, luring, endless]) one.close();
}
finish('hosts');
