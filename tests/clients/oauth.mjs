// OAuth by two libraries: registration, code flow with PKCE, refresh, revocation; a system with a key of its own.
import {exportJWK, generateKeyPair} from 'jose';
import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import {equal, expect, finish, refuses} from './check.mjs';
import {GATEWAY, call, sample} from './gateway.mjs';

const SCOPE = 'https://purl.imsglobal.org/spec/ob/v3p0/scope/';
const scope = `${SCOPE}credential.upsert ${SCOPE}credential.readonly offline_access`;
const redirect = 'https://platform.example/cb';
const metadata = {
  client_name: 'Platform', client_uri: 'https://platform.example', logo_uri: 'https://platform.example/l.png',
  tos_uri: 'https://platform.example/t', policy_uri: 'https://platform.example/p', software_id: 'clients', software_version: '1',
  redirect_uris: [redirect], scope,
};
const insecure = {[oauth.allowInsecureRequests]: true};
const issuer = new URL(GATEWAY);

/** What a browser does with the consent page. */
async function consent(url) {
  const {json: {code}} = await call('POST', '/v1/invitations', {candidate_email: 'ada@example.org', max_connections: 5});
  const page = await fetch(url, {redirect: 'manual'});
  const html = await page.text();
  const form = new URLSearchParams([...html.matchAll(/<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"/g)].map(found => [found[1], found[2].replaceAll('&amp;', '&')]));
  form.set('invitation', code);
  const cookie = page.headers.getSetCookie().map(text => text.split(';')[0]).join('; ');
  const decided = await fetch(new URL(html.match(/<form[^>]*action="([^"]*)"/)[1], url), {method: 'POST', body: form, redirect: 'manual', headers: {cookie}});
  return new URL(decided.headers.get('location'));
}

// oauth4webapi, with the secret in the form.
{
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, {algorithm: 'oauth2', ...insecure}));
  for (const method of ['client_secret_basic', 'client_secret_post', 'private_key_jwt']) {
    expect(`the metadata names ${method}`, server.token_endpoint_auth_methods_supported.includes(method));
  }
  const registered = await oauth.processDynamicClientRegistrationResponse(await oauth.dynamicClientRegistrationRequest(server, {...metadata, token_endpoint_auth_method: 'client_secret_post'}, insecure));
  for (const [name, authenticate] of [['client_secret_post', oauth.ClientSecretPost], ['client_secret_basic', oauth.ClientSecretBasic]]) {
    const authentication = authenticate(registered.client_secret);
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(server.authorization_endpoint);
    url.search = new URLSearchParams({
      response_type: 'code', client_id: registered.client_id, redirect_uri: redirect, scope, state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    });
    const parameters = oauth.validateAuthResponse(server, registered, await consent(url), state);
    const answer = await oauth.authorizationCodeGrantRequest(server, registered, authentication, parameters, redirect, verifier, insecure);
    const tokens = await oauth.processAuthorizationCodeResponse(server, registered, answer);
    expect(`oauth4webapi, ${name}: a code becomes tokens`, Boolean(tokens.access_token && tokens.refresh_token));
    const refresh = async (token, wanted) => oauth.processRefreshTokenResponse(server, registered, await oauth.refreshTokenGrantRequest(server, registered, authentication, token, {...insecure, ...(wanted && {additionalParameters: {scope: wanted}})}));
    const narrow = await refresh(tokens.refresh_token, `${SCOPE}credential.readonly`);
    equal(`oauth4webapi, ${name}: a refresh narrows one token`, narrow.scope, `${SCOPE}credential.readonly`);
    const wide = await refresh(narrow.refresh_token);
    equal(`oauth4webapi, ${name}: the grant stays`, wide.scope.split(' ').sort(), scope.split(' ').sort());
    const pushed = await oauth.protectedResourceRequest(wide.access_token, 'POST', new URL(`${GATEWAY}/ims/ob/v3p0/credentials`), new Headers({'content-type': 'application/json'}), sample('valid.json'), insecure);
    expect(`oauth4webapi, ${name}: the token pushes a badge`, [200, 201, 304].includes(pushed.status), pushed.status);
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, registered, authentication, wide.refresh_token, insecure));
    await refuses(`oauth4webapi, ${name}: a revoked token refreshes nothing`, () => refresh(wide.refresh_token));
  }
  await refuses('oauth4webapi: a wrong secret is refused', async () => oauth.processClientCredentialsResponse(server, registered, await oauth.clientCredentialsGrantRequest(server, registered, oauth.ClientSecretPost('wrong'), {}, insecure)));

  // A system that signs.
  for (const algorithm of ['ES256', 'Ed25519']) {
    const {publicKey, privateKey} = await generateKeyPair(algorithm, {extractable: true});
    const made = await call('POST', '/v1/api-keys', {name: `system ${algorithm}`, role: 'integrator', jwks: {keys: [await exportJWK(publicKey)]}});
    equal(`a system registers its ${algorithm} key`, [made.status, made.json.key], [201, undefined]);
    const system = {client_id: made.json.id};
    const ask = async () => oauth.processClientCredentialsResponse(server, system, await oauth.clientCredentialsGrantRequest(server, system, oauth.PrivateKeyJwt(privateKey), {scope: 'write:/workflows'}, insecure));
    try {
      const token = await ask();
      const opened = await fetch(`${GATEWAY}/workflows/credentials/exchanges`, {method: 'POST', headers: {authorization: `Bearer ${token.access_token}`}});
      equal(`private_key_jwt with ${algorithm} gives a token that opens an exchange`, opened.status, 201);
    } catch (problem) {
      expect(`private_key_jwt with ${algorithm} gives a token`, false, problem.cause ? JSON.stringify(problem.cause) : problem);
    }
    await call('DELETE', `/v1/api-keys/${made.json.id}`);
    await refuses(`${algorithm}: a revoked system gets no token`, ask);
  }
}

// openid-client.
{
  const configuration = await client.dynamicClientRegistration(issuer, metadata, undefined, {algorithm: 'oauth2', execute: [client.allowInsecureRequests]});
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const url = client.buildAuthorizationUrl(configuration, {redirect_uri: redirect, scope, state, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256'});
  const tokens = await client.authorizationCodeGrant(configuration, await consent(url), {pkceCodeVerifier: verifier, expectedState: state});
  expect('openid-client: a code becomes tokens', Boolean(tokens.access_token && tokens.refresh_token));
  const again = await client.refreshTokenGrant(configuration, tokens.refresh_token);
  expect('openid-client: a refresh rotates', again.refresh_token && again.refresh_token !== tokens.refresh_token);
  const listed = await client.fetchProtectedResource(configuration, again.access_token, new URL(`${GATEWAY}/ims/ob/v3p0/credentials`), 'GET');
  equal('openid-client: the token lists credentials', listed.status, 200);
  await client.tokenRevocation(configuration, again.refresh_token);
  await refuses('openid-client: a revoked token refreshes nothing', () => client.refreshTokenGrant(configuration, again.refresh_token));
}
finish('oauth');
