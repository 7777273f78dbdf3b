// The gateway that `run` started, and what the clients share.
import {readFileSync} from 'node:fs';
export const GATEWAY = process.env.GATEWAY;
export const KEY = process.env.KEY;
export const SAMPLES = process.env.SAMPLES;
export const sample = name => readFileSync(`${SAMPLES}/${name}`);

export async function call(method, path, body, headers = {}) {
  const answer = await fetch(GATEWAY + path, {
    method,
    headers: {authorization: `Bearer ${KEY}`, ...(body === undefined ? {} : {'content-type': 'application/json'}), ...headers},
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  let json;
  try { json = JSON.parse(text); } catch { /* no JSON */ }
  return {status: answer.status, text, json};
}

/** Uploads a sample for a person. */
export async function upload(name, ref) {
  const form = new FormData();
  form.set('file', new Blob([sample(name)]), name);
  form.set('candidate_ref', ref);
  const answer = await fetch(`${GATEWAY}/v1/submissions`, {method: 'POST', headers: {authorization: `Bearer ${KEY}`}, body: form});
  return answer.json();
}

export async function until(what, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const found = await what();
    if (found) return found;
    await new Promise(done => setTimeout(done, 100));
  }
}
