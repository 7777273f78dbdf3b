// A consumer that knows nothing but the AsyncAPI document and the broker's address.
import amqplib from 'amqplib';
import {equal, expect, finish} from './check.mjs';
import {call, until, upload} from './gateway.mjs';

const document = (await call('GET', '/asyncapi.json')).json;
const {exchange, is} = document.channels.events.bindings.amqp;
equal('the document says how to bind', is, 'routingKey');
equal('the address is the exchange', document.channels.events.address, exchange.name);
const connection = await amqplib.connect(process.env.QUEUE_URL);
const channel = await connection.createChannel();
// Refused with 404 when there is no such exchange, and with 406 when it is of another kind.
await channel.assertExchange(exchange.name, exchange.type, {durable: exchange.durable, autoDelete: exchange.autoDelete});
await channel.checkExchange(document.channels.deadLetters.address);
const {queue} = await channel.assertQueue('', {exclusive: true});
await channel.bindQueue(queue, exchange.name, 'default.org.skillgate.skill.#');
const events = [];
await channel.consume(queue, message => events.push({message, event: JSON.parse(message.content)}), {noAck: true});
await upload('valid.json', `broker-${Date.now()}`);
await until(() => events.length > 0);
expect('skill events arrive', events.length > 0);
const named = new Set(Object.values(document.components.messages).map(message => message.name));
for (const {message, event} of events) {
  equal('the content type is that of the document', message.properties.contentType, document.defaultContentType);
  expect('the event is one of the messages', named.has(event.type) && event.type.includes('.skill.'));
  equal('the routing key is tenant and type', message.fields.routingKey, `default.${event.type}`);
}
await connection.close();
finish('broker');
