// A verifier attestation (OpenID4VP 1.0 §12) as a wallet on @openid4vc/openid4vp reads it: the attester and the wallet are jose and the
// library; the gateway, a second one with the attester's JWT in its settings, signs the request and takes the answer.
import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {decodeProtectedHeader, exportJWK, exportPKCS8, generateKeyPair, importJWK, jwtVerify, SignJWT} from 'jose';
import {Openid4vpClient} from '@openid4vc/openid4vp';
import {setGlobalConfig} from '@openid4vc/utils';
import {equal, finish, refuses} from './check.mjs';
import {bind, sdJwt, VCT} from './credentials.mjs';
import {until} from './gateway.mjs';

setGlobalConfig({allowInsecureUrls: true});
const NAME = 'employer.example.org';
const KEY = 'sk_attestation_0123456789abcdefghij';
const attester = await generateKeyPair('ES256');
const stranger = await generateKeyPair('ES256');
const verifier = await generateKeyPair('ES256', {extractable: true});
const attestation = await new SignJWT({cnf: {jwk: await exportJWK(verifier.publicKey)}})
  .setProtectedHeader({alg: 'ES256', typ: 'verifier-attestation+jwt'})
  .setIssuer('https://attester.example.org').setSubject(NAME).setExpirationTime('1h').sign(attester.privateKey);

const folder = mkdtempSync(join(tmpdir(), 'skillgate-attestation-'));
const file = (name, text) => {
  writeFileSync(join(folder, name), text, {mode: 0o600});
  return join(folder, name);
};
const port = await new Promise(done => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const {port} = probe.address();
    probe.close(() => done(port));
  });
});
const base = `http://127.0.0.1:${port}`;
const gateway = spawn(process.env.BINARY, ['serve'], {stdio: 'ignore', env: {
  ...process.env,
  SKILLGATE_AUTH__BOOTSTRAP_KEY: KEY, SKILLGATE_HTTP__LISTEN: `127.0.0.1:${port}`, SKILLGATE_HTTP__PUBLIC_URL: base, SKILLGATE_QUEUE__URL: 'memory:',
  SKILLGATE_DATABASE__URL: `sqlite://${join(folder, 'skillgate.sqlite')}`, SKILLGATE_SECURITY__MASTER_KEY_FILE: join(folder, 'master.key'),
  SKILLGATE_CHANNELS__ATTESTATION_FILE: file('attestation.jwt', attestation),
  SKILLGATE_CHANNELS__ATTESTATION_KEY_FILE: file('key.pem', await exportPKCS8(verifier.privateKey)),
}});

/** Checks the request object as §12 says: the attester's signature first, then the request's by the key that the attestation names. */
async function signerOf(compact, trusted) {
  const {jwt} = decodeProtectedHeader(compact);
  const {payload} = await jwtVerify(jwt, trusted, {typ: 'verifier-attestation+jwt', subject: NAME});
  await jwtVerify(compact, await importJWK(payload.cnf.jwk, 'ES256'), {typ: 'oauth-authz-req+jwt'});
  return payload.cnf.jwk;
}
/** A wallet that trusts the attester with this key. */
const walletTrusting = trusted => new Openid4vpClient({callbacks: {
  fetch,
  verifyJwt: (_, {compact}) => signerOf(compact, trusted).then(signerJwk => ({verified: true, signerJwk}), () => ({verified: false})),
}});

async function call(method, path, body) {
  const answer = await fetch(base + path, {
    method, headers: {authorization: `Bearer ${KEY}`, 'content-type': 'application/json'}, body: body && JSON.stringify(body),
  });
  return answer.json();
}

try {
  await until(() => fetch(`${base}/healthz`).then(answer => answer.ok, () => false));
  const {id, protocols} = await call('POST', '/workflows/credentials/exchanges', {openId: {formats: ['dc+sd-jwt'], vct_values: [VCT]}});
  const link = protocols['oid4vp-1.0'];
  const resolve = wallet => {
    const {params} = wallet.parseOpenid4vpAuthorizationRequest({authorizationRequest: link});
    return wallet.resolveOpenId4vpAuthorizationRequest({authorizationRequestPayload: params});
  };
  await refuses('a wallet that trusts another attester refuses', () => resolve(walletTrusting(stranger.publicKey)));
  const {client, jar, authorizationRequestPayload: request} = await resolve(walletTrusting(attester.publicKey));
  equal('the library reads who asks', [client.prefix, client.identifier], ['verifier_attestation', NAME]);
  equal('the key that the attestation names signed the request', jar?.signer?.publicJwk, await exportJWK(verifier.publicKey));
  const audience = request.client_id;
  const credential = await sdJwt();
  const answer = async to => {
    const form = new URLSearchParams({vp_token: JSON.stringify({badge_sd_jwt: [await bind(credential, {nonce: request.nonce, audience: to})]}), state: request.state});
    return (await fetch(request.response_uri, {method: 'POST', body: form})).status;
  };
  equal('an answer to this verifier is taken', await answer(audience), 200);
  equal('the exchange is complete', (await call('GET', `/workflows/credentials/exchanges/${id.split('/').at(-1)}`)).state, 'complete');
} finally {
  gateway.kill();
  rmSync(folder, {recursive: true, force: true});
}
finish('attestation');
