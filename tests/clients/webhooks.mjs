// Signed webhooks, read by the libraries of Standard Webhooks, Svix and CloudEvents.
import {HTTP} from 'cloudevents';
import {createServer} from 'node:http';
import {Webhook as Standard} from 'standardwebhooks';
import {Webhook as Svix} from 'svix';
import {equal, expect, finish, refuses} from './check.mjs';
import {call, until, upload} from './gateway.mjs';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=';
const received = [];
const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  received.push({headers: request.headers, body: Buffer.concat(parts).toString()});
  response.writeHead(204).end();
});
await new Promise(done => server.listen(0, '127.0.0.1', done));
const made = await call('POST', '/v1/connections', {
  connector: 'webhook', name: 'clients', fields: {url: `http://127.0.0.1:${server.address().port}/hook`}, secrets: {signing_secret: secret},
});
equal('the connection is made', made.status, 201);
await upload('valid.json', 'webhooks');
const first = await until(() => received.length > 1 && received[0]);
expect('the receiver is called', Boolean(first));
for (const {headers, body} of received) {
  for (const [name, Webhook] of [['standardwebhooks', Standard], ['svix', Svix]]) {
    let event;
    try { event = new Webhook(secret).verify(body, headers); } catch (problem) { expect(`${name} verifies the signature`, false, problem); continue; }
    expect(`${name} verifies the signature`, event.specversion === '1.0');
    await refuses(`${name} refuses a changed body`, () => new Webhook(secret).verify(body.replace('1.0', '1.1'), headers));
    await refuses(`${name} refuses another secret`, () => new Webhook(`whsec_${Buffer.alloc(32, 7).toString('base64')}`).verify(body, headers));
    await refuses(`${name} refuses an old signature`, () => new Webhook(secret).verify(body, {...headers, 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 3600)}));
  }
  const event = HTTP.toEvent({headers, body});
  event.validate();
  expect('cloudevents reads the event', event.type.startsWith('org.skillgate.') && event.id === JSON.parse(body).id);
}
const batch = await call('GET', '/v1/events');
const polled = HTTP.toEvent({headers: {'content-type': 'application/cloudevents-batch+json'}, body: batch.text});
expect('cloudevents reads the batch of events', Array.isArray(polled) && polled.length > 1 && polled.every(event => event.validate()));
await call('DELETE', `/v1/connections/${made.json.id}`);
server.close();
finish('webhooks');
