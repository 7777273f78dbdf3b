"""Traces of a gateway of their own, read with OpenTelemetry's definitions: one trace leads from the upload to the delivery of its events."""
import base64
import http.server
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

import requests
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

BINARY, SAMPLES = os.environ["BINARY"], os.environ["SAMPLES"]
KEY, TOKEN = "sk_traces_0123456789abcdefghijklmno", "Bearer collector-token"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ADDRESS = "ada.lovelace@example.org"
passed = failed = 0
batches, events, unauthorised = [], [], []


def expect(name, holds, extra=""):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    if not holds:
        print("FAIL", name, str(extra)[:600])


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes spans at /v1/traces, and the gateway's events at any other address."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/traces":
            (batches if self.headers["authorization"] == TOKEN else unauthorised).append(body)
        else:
            events.append(json.loads(body))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def until(what, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.2)
    return what()


def identifier(value):
    # OTLP's JSON writes ids in hex, where protobuf's JSON reads base64: writing them as base64 gives the hex back.
    return base64.b64encode(value).decode()


def spans():
    found = []
    for batch in batches:
        # Strict: an unknown member or a wrong type is an error.
        request = json_format.Parse(batch, ExportTraceServiceRequest())
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                found += [(resource.resource, span) for span in scope.spans]
    return found


def attributes(span):
    return {entry.key: entry.value.string_value or entry.value.int_value for entry in span.attributes}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(folder):
    collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    own, base = f"http://127.0.0.1:{collector.server_port}", f"http://127.0.0.1:{free_port()}"
    environment = os.environ | {
        "SKILLGATE_AUTH__BOOTSTRAP_KEY": KEY, "SKILLGATE_HTTP__LISTEN": base.removeprefix("http://"), "SKILLGATE_HTTP__PUBLIC_URL": base,
        "SKILLGATE_DATABASE__URL": f"sqlite://{folder}/traces.sqlite", "SKILLGATE_SECURITY__MASTER_KEY_FILE": f"{folder}/master.key",
        "SKILLGATE_QUEUE__PREFIX": f"traces-{os.getpid()}", "SKILLGATE_TRACES__ENDPOINT": f"{own}/v1/traces",
        "SKILLGATE_TRACES__AUTHORIZATION": TOKEN}
    log = open(f"{folder}/log", "wb")
    gateway = subprocess.Popen([BINARY, "serve"], env=environment, stdout=log, stderr=log)
    headers = {"Authorization": f"Bearer {KEY}"}

    def answers():
        try:
            return requests.get(f"{base}/healthz", timeout=1).ok
        except requests.ConnectionError:
            return False

    try:
        expect("the gateway starts", until(answers))
        connection = {"connector": "webhook", "name": "Receiver", "fields": {"url": f"{own}/events"},
                      "secrets": {"signing_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}
        made = requests.post(f"{base}/v1/connections", json=connection, headers=headers)
        expect("the connection is made", made.status_code == 201, made.text)
        with open(f"{SAMPLES}/valid.json", "rb") as badge:
            sent = requests.post(f"{base}/v1/submissions", files={"file": badge}, data={"candidate_email": ADDRESS},
                                 headers=headers | {"traceparent": f"00-{TRACE}-{PARENT}-01"})
        expect("the upload is taken", sent.status_code in (200, 201), sent.text)
        expect("events arrive", until(lambda: len(events) > 0))
        expect("the events carry the trace", all(event["traceparent"].split("-")[1] == TRACE for event in events), events[:1])
    finally:
        # The last spans are sent at the end.
        gateway.terminate()
        gateway.wait(30)
    ours = [(resource, span) for resource, span in spans() if identifier(span.trace_id) == TRACE]
    names = {span.name for _, span in ours}
    expect("one trace has the request, the work on it and the delivery",
           {"POST /v1/submissions", "submission", "verify", "store", "deliver", "call"} <= names, names)
    by_id = {identifier(span.span_id): span for _, span in ours}
    root = next(span for _, span in ours if span.name == "POST /v1/submissions")
    expect("the request continues the sender's span", identifier(root.parent_span_id) == PARENT)
    expect("every other span has a parent in the trace",
           all(identifier(span.parent_span_id) in by_id for _, span in ours if span is not root))
    delivered = [attributes(span) for _, span in ours if span.name == "deliver"]
    expect("each delivery says what became of it", delivered and all(span["result"] == "delivered" for span in delivered), delivered)
    expect("the resource names the service", all(
        {entry.key: entry.value.string_value for entry in resource.attributes}["service.name"] == "skillgate" for resource, _ in ours))
    expect("every batch carries the collector's token", not unauthorised and batches)
    everything = b"".join(batches).decode().lower()
    expect("no span holds the person's address or the key", ADDRESS not in everything and KEY not in everything and "lovelace" not in everything)
    if failed:
        with open(f"{folder}/log") as lines:
            print(lines.read()[-2000:])


with tempfile.TemporaryDirectory() as work:
    run(work)
print(f"traces.py: {passed} of {passed + failed} expectations hold")
sys.exit(1 if failed else 0)
