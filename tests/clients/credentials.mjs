// What the wallets hold: a key pair with its did:jwk, and an SD-JWT credential (RFC 9901) by @sd-jwt, which its holder binds to a request.
import {digest, generateSalt, ES256} from '@sd-jwt/crypto-nodejs';
import {SDJwtInstance} from '@sd-jwt/core';
import {exportJWK, generateKeyPair} from 'jose';

export const VCT = 'https://issuer.example/skill';
const encode = value => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A key pair with its did:jwk. */
export async function actor() {
  const {publicKey, privateKey} = await generateKeyPair('ES256', {extractable: true});
  const jwk = await exportJWK(publicKey);
  const did = `did:jwk:${encode(jwk)}`;
  return {jwk, did, kid: `${did}#0`, privateKey, privateJwk: await exportJWK(privateKey)};
}
export const issuer = await actor();
export const holder = await actor();

export async function sdJwt() {
  const instance = new SDJwtInstance({
    signer: await ES256.getSigner(issuer.privateJwk), signAlg: 'ES256', hasher: digest, hashAlg: 'sha-256', saltGenerator: generateSalt,
  });
  const claims = {iss: issuer.did, iat: Math.floor(Date.now() / 1000), vct: VCT, cnf: {jwk: holder.jwk}, given_name: 'Ada', skill: 'Welding'};
  return instance.issue(claims, {_sd: ['given_name']}, {header: {typ: 'dc+sd-jwt', kid: issuer.kid}});
}

/** The holder's signature over what is disclosed (RFC 9901 §4.3). */
export async function bind(credential, {nonce, audience, by = holder, iat = Math.floor(Date.now() / 1000)}) {
  const instance = new SDJwtInstance({
    hasher: digest, hashAlg: 'sha-256', saltGenerator: generateSalt, kbSigner: await ES256.getSigner(by.privateJwk), kbSignAlg: 'ES256',
  });
  return instance.present(credential, {given_name: true}, {kb: {payload: {iat, nonce, aud: audience}}});
}
