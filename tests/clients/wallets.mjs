// A wallet on @openid4vc/openid4vp with SD-JWT credentials by @sd-jwt: the request is read, answered and taken.
import {Openid4vpClient} from '@openid4vc/openid4vp';
import {setGlobalConfig} from '@openid4vc/utils';
import {CompactEncrypt, importJWK, SignJWT} from 'jose';
import {createHash, randomBytes} from 'node:crypto';
import {equal, expect, finish} from './check.mjs';
import {actor, bind, holder, issuer, sdJwt, VCT} from './credentials.mjs';
import {call} from './gateway.mjs';

setGlobalConfig({allowInsecureUrls: true});
const stranger = await actor();

async function jwtPresentation({nonce, audience}) {
  const subject = {iss: issuer.did, sub: holder.did, nbf: 1767225600, jti: `urn:uuid:${crypto.randomUUID()}`};
  const credential = await new SignJWT({
    ...subject, '@context': ['https://www.w3.org/ns/credentials/v2'], type: ['VerifiableCredential'], id: subject.jti, issuer: issuer.did,
    validFrom: '2026-01-01T00:00:00Z', credentialSubject: {id: holder.did},
  }).setProtectedHeader({alg: 'ES256', typ: 'vc+jwt', kid: issuer.kid}).sign(issuer.privateKey);
  const enveloped = {'@context': 'https://www.w3.org/ns/credentials/v2', type: 'EnvelopedVerifiableCredential', id: `data:application/vc+jwt,${credential}`};
  return new SignJWT({
    '@context': ['https://www.w3.org/ns/credentials/v2'], type: ['VerifiablePresentation'], holder: holder.did, iss: holder.did,
    verifiableCredential: [enveloped], nonce, aud: audience,
  }).setProtectedHeader({alg: 'ES256', typ: 'vp+jwt', kid: holder.kid}).setIssuedAt().sign(holder.privateKey);
}

const wallet = new Openid4vpClient({callbacks: {
  fetch,
  hash: (data, algorithm) => createHash(algorithm.replace('-', '')).update(data).digest(),
  generateRandom: bytes => randomBytes(bytes),
  signJwt: () => { throw new Error('nothing is signed for the request'); },
  verifyJwt: () => ({verified: false}),
  decryptJwe: () => ({decrypted: false}),
  clientAuthentication: () => {},
  getX509CertificateMetadata: () => ({sanDnsNames: [], sanUriNames: []}),
  encryptJwe: async (encryptor, data) => {
    const {publicJwk, enc, alg} = encryptor;
    const jwe = await new CompactEncrypt(Buffer.from(data)).setProtectedHeader({alg, enc, kid: publicJwk.kid}).encrypt(await importJWK(publicJwk, alg));
    return {jwe, encryptionJwk: publicJwk};
  },
}});

async function ask(openId) {
  const {json} = await call('POST', '/workflows/credentials/exchanges', {openId});
  const link = json.protocols['oid4vp-1.0'];
  const members = [...new URL(link).searchParams].map(([name, value]) => [name, /^[[{]/.test(value) ? JSON.parse(value) : value]);
  let payload = Object.fromEntries(members);
  if (payload.request_uri) {
    // A long request comes by reference. Without a certificate it is unsigned, and the library reads only signed request objects.
    const object = await (await fetch(payload.request_uri)).text();
    payload = JSON.parse(Buffer.from(object.split('.')[1], 'base64url'));
  }
  const request = await wallet.resolveOpenId4vpAuthorizationRequest({authorizationRequestPayload: payload});
  return {id: json.id.split('/').at(-1), link, request: request.authorizationRequestPayload};
}

async function answer(request, vpToken) {
  const serverMetadata = {
    authorization_signing_alg_values_supported: [], authorization_encryption_alg_values_supported: ['ECDH-ES'],
    authorization_encryption_enc_values_supported: request.client_metadata.encrypted_response_enc_values_supported ?? ['A128GCM'],
  };
  const encryption = request.response_mode === 'direct_post.jwt' && {jarm: {encryption: {nonce: randomBytes(8).toString('hex')}, serverMetadata}};
  const response = await wallet.createOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: request, authorizationResponsePayload: {vp_token: vpToken}, ...encryption,
  });
  const sent = await wallet.submitOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: request, authorizationResponsePayload: response.authorizationResponsePayload, jarm: response.jarm,
  });
  return sent.response.status;
}
const state = async id => (await call('GET', `/workflows/credentials/exchanges/${id}`)).json;
const bound = request => ({nonce: request.nonce, audience: request.client_id});

const credential = await sdJwt();
for (const [name, openId] of [
  ['plain', {formats: ['dc+sd-jwt'], vct_values: [VCT]}],
  ['one claim asked for', {formats: ['dc+sd-jwt'], vct_values: [VCT], claims: [{path: ['given_name']}]}],
  ['encrypted', {formats: ['dc+sd-jwt'], vct_values: [VCT], encrypted: true}],
]) {
  const {id, link, request} = await ask(openId);
  expect(`${name}: the link is short`, link.length <= 1000, link.length);
  equal(`${name}: the query names the type`, request.dcql_query.credentials[0].meta.vct_values, [VCT]);
  equal(`${name}: the answer is taken`, await answer(request, {badge_sd_jwt: [await bind(credential, bound(request))]}), 200);
  const seen = await state(id);
  const {verdicts, holderProven} = seen.variables.results?.default ?? {};
  equal(`${name}: the exchange is complete, the holder proven`, [seen.state, holderProven], ['complete', true]);
  expect(`${name}: the credential is genuine`, verdicts?.every(verdict => verdict.verified), JSON.stringify(verdicts));
}
{
  const {id, request} = await ask({formats: ['jwt_vc_json']});
  equal('a JWT presentation is taken', await answer(request, {badge_jwt: [await jwtPresentation(bound(request))]}), 200);
  equal('the exchange is complete', (await state(id)).state, 'complete');
}

// Several credentials, of which one set must come (OpenID4VP 1.0 §6.4.2).
{
  const openId = {
    credentials: [
      {id: 'skill', format: 'dc+sd-jwt', vct_values: [VCT], claims: [{path: ['given_name']}]},
      {id: 'record', format: 'jwt_vc_json', types: ['VerifiableCredential']},
    ],
    credential_sets: [{options: [['skill', 'record']]}],
  };
  const short = await ask(openId);
  equal('the query names the sets', short.request.dcql_query.credential_sets, [{options: [['skill', 'record']], required: true}]);
  equal('half a set is refused', await answer(short.request, {skill: [await bind(credential, bound(short.request))]}), 400);
  const {id, request} = await ask(openId);
  const both = {skill: [await bind(credential, bound(request))], record: [await jwtPresentation(bound(request))]};
  equal('a whole set is taken', [await answer(request, both), (await state(id)).state], [200, 'complete']);
}

// What a verifier must not take (OpenID4VP 1.0 §8.6, RFC 9901 §7.3), each for a request of its own.
for (const [name, make, queryId = 'badge_sd_jwt'] of [
  ['no key binding', () => credential],
  ['another nonce', request => bind(credential, {...bound(request), nonce: 'another'})],
  ['another audience', request => bind(credential, {...bound(request), audience: 'https://other.example'})],
  ['another key', request => bind(credential, {...bound(request), by: stranger})],
  ['an old key binding', request => bind(credential, {...bound(request), iat: Math.floor(Date.now() / 1000) - 86400})],
  ['a key binding from the future', request => bind(credential, {...bound(request), iat: Math.floor(Date.now() / 1000) + 86400})],
  ['another selection of disclosures', async request => {
    const [issued, , last] = (await bind(credential, bound(request))).split('~');
    return `${issued}~${last}`;
  }],
  ['an unknown query', request => bind(credential, bound(request)), 'other'],
  ['another type', async request => jwtPresentation(bound(request))],
]) {
  const {id, request} = await ask({formats: ['dc+sd-jwt'], vct_values: [VCT]});
  const form = new URLSearchParams({vp_token: JSON.stringify({[queryId]: [await make(request)]}), state: request.state});
  const sent = await fetch(request.response_uri, {method: 'POST', body: form});
  const seen = await state(id);
  equal(`${name} is refused, and the request stays open with a new nonce`, [sent.status, seen.state, seen.protocols['oid4vp-1.0'].includes(request.nonce)], [400, 'active', false]);
}
finish('wallets');
