#!/usr/bin/env python3
"""A receiver for the webhook connector, to try it with: checks each event's signature and prints the event.

usage: receiver.py SECRET [PORT]      (SECRET: whsec_ and Base64, the connection's signing secret; PORT: 9000)
"""
import base64
import hashlib
import hmac
import http.server
import json
import sys
import time

TOLERANCE_SECONDS = 300


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        genuine = signature_is_right(self.headers, body)
        # Before the answer: the gateway sends the next event as soon as it has the answer.
        print(line(json.loads(body)) if genuine else "refused: the signature is wrong", flush=True)
        self.send_response(204 if genuine else 401)
        self.end_headers()

    def log_message(self, *_):
        pass


def line(event):
    label = event["data"].get("assertion", {}).get("label", {}).get("text", "")
    return f"signature ok  {event['type']}  {label}".rstrip()


def signature_is_right(headers, body):
    moment = headers.get("webhook-timestamp", "0")
    if not moment.isdigit() or abs(time.time() - int(moment)) > TOLERANCE_SECONDS:
        return False
    signed = f"{headers.get('webhook-id')}.{moment}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(expected, given) for given in headers.get("webhook-signature", "").split())


if len(sys.argv) < 2:
    sys.exit(__doc__)
KEY = base64.b64decode(sys.argv[1].removeprefix("whsec_"))
port = int(sys.argv[2]) if len(sys.argv) > 2 else 9000
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
print(f"waiting for events on http://127.0.0.1:{port}/", flush=True)
server.serve_forever()
