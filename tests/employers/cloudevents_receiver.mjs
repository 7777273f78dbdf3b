// A receiver on the CloudEvents SDK: parses each request with it and remembers the events. usage: cloudevents_receiver.mjs PORT
// GET /seen gives the events with how often each came. PUT /faults takes a list: the next requests are answered so ("429", "503",
// or "applied-but-dropped": the event is taken and the connection cut).
import { createRequire } from "node:module";
import http from "node:http";

const { HTTP } = createRequire(`${process.cwd()}/`)("cloudevents");
const seen = new Map();
let faults = [];

function take(headers, body) {
  for (const event of [HTTP.toEvent({ headers, body })].flat()) {
    event.validate();
    const key = `${event.source} ${event.id}`;
    const times = (seen.get(key)?.times ?? 0) + 1;
    seen.set(key, { id: event.id, type: event.type, subject: event.subject, data: event.data, times });
  }
}

http.createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString();
    if (request.url === "/seen") return response.end(JSON.stringify([...seen.values()]));
    if (request.url === "/faults") {
      faults = JSON.parse(body);
      return response.end();
    }
    if (request.method !== "POST") return response.writeHead(405).end();
    const fault = faults.shift();
    if (fault && fault !== "applied-but-dropped") return response.writeHead(Number(fault), { "retry-after": "1" }).end();
    try {
      take(request.headers, body);
    } catch (error) {
      return response.writeHead(400).end(String(error));
    }
    if (fault) return request.socket.destroy();
    response.writeHead(204).end();
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
