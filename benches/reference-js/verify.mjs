// Verifies the badge of a folder over and over and prints one JSON line: verifications per CPU-second.
//   node verify.mjs FOLDER SECONDS      FOLDER holds badge.json, badge.jwt and contexts.json (URL → context)
import {generateKeyPairSync, sign, verify} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {verifyCredential} from '@digitalbazaar/vc';
import {importJWK, compactVerify} from 'jose';

const [folder, seconds] = [process.argv[2], Number(process.argv[3] ?? 5)];
const read = name => readFileSync(`${folder}/${name}`, 'utf8');
const badge = JSON.parse(read('badge.json')), contexts = JSON.parse(read('contexts.json')), jwt = read('badge.jwt').trim();

// Everything is at hand: no network, no file access while measuring.
async function documentLoader(url) {
  if(contexts[url]) {
    return {contextUrl: null, documentUrl: url, document: contexts[url]};
  }
  if(url.startsWith('did:key:z6Mk')) {
    const did = url.split('#')[0], key = did.slice('did:key:'.length), id = `${did}#${key}`;
    const method = {'@context': 'https://w3id.org/security/multikey/v1', id, type: 'Multikey', controller: did, publicKeyMultibase: key};
    const document = url.includes('#') ? method : {
      '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'], id: did,
      verificationMethod: [method], assertionMethod: [id], authentication: [id]};
    return {contextUrl: null, documentUrl: url, document};
  }
  throw new Error(`not at hand: ${url}`);
}

async function dataIntegrity() {
  const result = await verifyCredential({credential: structuredClone(badge), suite: new DataIntegrityProof({cryptosuite}), documentLoader});
  if(!result.verified) {
    throw result.error;
  }
}

async function measure(step) {
  for(let warm = 0; warm < 50; warm++) {
    await step();
  }
  const began = process.cpuUsage(), until = Date.now() + seconds * 1000;
  let count = 0;
  while(Date.now() < until) {
    await step();
    count++;
  }
  const used = process.cpuUsage(began);
  return count / ((used.user + used.system) / 1e6);
}

const header = JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url'));
const key = await importJWK(JSON.parse(read('jwk.json')), header.alg);

// The signature check alone, by OpenSSL, over as many bytes as a Data Integrity proof signs.
const own = generateKeyPairSync('ed25519'), message = Buffer.alloc(64, 7), signature = sign(null, message, own.privateKey);
const raw = () => verify(null, message, own.publicKey, signature);

console.log(JSON.stringify({
  dataIntegrity: await measure(dataIntegrity), jwt: await measure(() => compactVerify(jwt, key)), raw: await measure(raw)}));
