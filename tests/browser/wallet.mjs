// A small wallet on Node's own cryptography: did:key, eddsa-jcs-2022.
import { createHash, generateKeyPairSync, sign } from "node:crypto";

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

function base58(bytes) {
  let number = BigInt(`0x${bytes.toString("hex")}`);
  let text = "";
  for (; number > 0n; number /= 58n) text = ALPHABET[Number(number % 58n)] + text;
  return `z${text}`;
}

/** RFC 8785 for texts, lists and objects: all that a presentation holds. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

const hash = (value) => createHash("sha256").update(canonical(value)).digest();

export class Wallet {
  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const raw = Buffer.from(publicKey.export({ format: "jwk" }).x, "base64url");
    this.key = privateKey;
    this.name = base58(Buffer.concat([Buffer.from([0xed, 0x01]), raw]));
    this.did = `did:key:${this.name}`;
  }

  present(credentials, challenge, domain) {
    const context = ["https://www.w3.org/ns/credentials/v2"];
    const presentation = { "@context": context, type: ["VerifiablePresentation"], holder: this.did, verifiableCredential: credentials };
    const proof = {
      "@context": context, type: "DataIntegrityProof", cryptosuite: "eddsa-jcs-2022", created: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
      verificationMethod: `${this.did}#${this.name}`, proofPurpose: "authentication", challenge, domain,
    };
    const proofValue = base58(sign(null, Buffer.concat([hash(proof), hash(presentation)]), this.key));
    return { ...presentation, proof: { ...proof, proofValue } };
  }
}

/** Reads the interaction address as a wallet does, and asks what is wanted. */
export async function readRequest(interaction) {
  const { protocols } = await (await fetch(interaction, { headers: { Accept: "application/json" } })).json();
  const answer = await post(protocols.vcapi, {});
  const { challenge, domain } = (await answer.json()).verifiablePresentationRequest;
  return { exchange: protocols.vcapi, challenge, domain };
}

export const post = (url, body) => fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
