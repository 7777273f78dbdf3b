#!/usr/bin/env node
// A receiver for the webhook connector, to try it with: checks each event's signature and prints the event.
//
// usage: receiver.mjs SECRET [PORT]      (SECRET: whsec_ and Base64, the connection's signing secret; PORT: 9000)
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const TOLERANCE_SECONDS = 300;
const [secret, port = "9000"] = process.argv.slice(2);
if (!secret) {
  console.error("usage: receiver.mjs SECRET [PORT]");
  process.exit(1);
}
const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const genuine = signatureIsRight(request.headers, body);
  // Before the answer: the gateway sends the next event as soon as it has the answer.
  console.log(genuine ? line(JSON.parse(body.toString())) : "refused: the signature is wrong");
  response.writeHead(genuine ? 204 : 401).end();
}).listen(Number(port), "127.0.0.1", () => console.log(`waiting for events on http://127.0.0.1:${port}/`));

function line(event) {
  return `signature ok  ${event.type}  ${event.data?.assertion?.label?.text ?? ""}`.trimEnd();
}

function signatureIsRight(headers, body) {
  const moment = headers["webhook-timestamp"] ?? "";
  if (!/^\d+$/.test(moment) || Math.abs(Date.now() / 1000 - Number(moment)) > TOLERANCE_SECONDS) return false;
  const expected = createHmac("sha256", key).update(`${headers["webhook-id"]}.${moment}.`).update(body).digest();
  return (headers["webhook-signature"] ?? "").split(" ").some((one) => {
    const given = Buffer.from(one.replace(/^v1,/, ""), "base64");
    return one.startsWith("v1,") && given.length === expected.length && timingSafeEqual(given, expected);
  });
}
