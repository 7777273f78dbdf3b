"""Delivers sample badges through a real gateway to a real employer system and reads back what arrived.

usage: drive.py BINARY NAME     (tests/employers/run calls it)
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

from systems import ADA, SYSTEMS, call, free_port, wait_for

KEY = "sk_employers_0123456789abcdefghijkl"
HEADERS = {"authorization": f"Bearer {KEY}"}
SKILLS = ["Data cleaning", "Presenting results", "Python", "SQL"]
FINAL = ("delivered", "unchanged")
# The relay needs a moment to make deliveries of new events.
QUIET_SECONDS = 1.5


class Gateway:
    def __init__(self, binary, work):
        self.binary, self.work, self.port, self.process = binary, work, free_port(), None
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, trusting=True):
        settings = ["http_client.allow_private=127.0.0.0/8", "verify.documents_file=samples/documents.json", "verify.offline=true"]
        settings += ["delivery.retry_schedule_seconds=1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"]
        settings += ["verify.policy_file=samples/policy.toml"] if trusting else []
        command = [self.binary, "serve", "--listen", f"127.0.0.1:{self.port}", *(word for one in settings for word in ("--set", one))]
        log = open(self.work / "gateway.log", "ab")
        environment = {**os.environ, "SKILLGATE_AUTH__BOOTSTRAP_KEY": KEY}
        self.process = subprocess.Popen(command, cwd=self.work, stdout=log, stderr=log, env=environment)
        wait_for("the gateway", lambda: call("GET", self.url + "/healthz", raw=True)[0] == 200)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def api(self, method, path, body=None):
        status, answer = call(method, self.url + path, body, HEADERS)
        assert status < 300, (method, path, status, answer)
        return answer

    def upload(self, name):
        boundary = uuid.uuid4().hex
        file = (self.work / "samples" / name).read_bytes()
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        tail = f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="candidate_email"\r\n\r\n{ADA}\r\n--{boundary}--\r\n'.encode()
        headers = {**HEADERS, "content-type": f"multipart/form-data; boundary={boundary}"}
        with urllib.request.urlopen(urllib.request.Request(self.url + "/v1/submissions", head + file + tail, headers)) as answer:
            return json.load(answer)

    def deliveries(self, connection):
        return self.api("GET", f"/v1/deliveries?connection_id={connection}&limit=200")["items"]

    def settle(self, connection, states=FINAL, seconds=90):
        """Waits until every delivery of the connection is in one of the states and no new one comes; gives them."""
        end, since, known = time.monotonic() + seconds, None, None
        while time.monotonic() < end:
            found = self.deliveries(connection)
            now = {one["id"]: one["attempts"] for one in found}
            quiet = now == known and found and all(one["state"] in states for one in found)
            since = (since or time.monotonic()) if quiet else None
            if since and time.monotonic() - since > QUIET_SECONDS:
                return found
            known = now
            time.sleep(0.2)
        raise SystemExit(f"deliveries did not settle: {json.dumps([[one['state'], one.get('reason'), one.get('message')] for one in found], indent=1)}")


def expect(what, found, wanted):
    if found != wanted:
        raise SystemExit(f"FAIL  {what}: found {found}, not {wanted}")
    print(f"ok    {what}: {len(found)} found" if isinstance(found, list) else f"ok    {what}", flush=True)


def drive(gateway, system):
    fields, secrets = system.connection()
    connection = gateway.api("POST", "/v1/connections", {"connector": system.connector, "name": "employer", "fields": fields, "secrets": secrets})
    identifier = connection["id"]
    test = gateway.api("POST", f"/v1/connections/{identifier}/test")
    expect("the connection's test succeeds", test["ok"], True)
    expect("nothing is there before", system.held(), [])

    gateway.upload("valid.svg")
    gateway.settle(identifier)
    everything = system.held()
    expect("the skills arrived", [name for name in everything if name in SKILLS], SKILLS)

    told = system.notes()
    for delivery in gateway.deliveries(identifier):
        gateway.api("POST", f"/v1/deliveries/{delivery['id']}/replay")
    gateway.settle(identifier)
    expect("a replay of everything changes nothing", (system.held(), system.notes()), (everything, told))
    gateway.upload("valid.svg")
    gateway.settle(identifier)
    expect("the same badge again changes nothing", system.held(), everything)

    gateway.stop(), gateway.start(trusting=False)
    gateway.upload("valid.svg")
    gateway.settle(identifier)
    expect("a credential that is accepted no longer loses its skills", system.held(), [])
    gateway.stop(), gateway.start()
    gateway.upload("valid.svg")
    gateway.settle(identifier)
    expect("and gets them again when it is accepted again", system.held(), everything)

    ended = {one["id"] for one in gateway.deliveries(identifier)}
    gateway.api("PATCH", f"/v1/connections/{identifier}", {"secrets": system.wrong_secret})
    gateway.upload("valid-with-status.json")
    wait_for("the pause", lambda: gateway.api("GET", f"/v1/connections/{identifier}")["state"] == "paused")
    expect("a wrong credential pauses the connection and writes nothing", system.held(), everything)
    gateway.api("PATCH", f"/v1/connections/{identifier}", {"secrets": secrets})
    gateway.api("POST", f"/v1/connections/{identifier}/resume")
    gateway.settle(identifier)
    expect("the right one lets it go on", ended < {one["id"] for one in gateway.deliveries(identifier)}, True)

    if system.keeps:
        system.stop()
        gateway.upload("valid.jwt")
        time.sleep(2)
        system.start()
        gateway.settle(identifier)
        expect("a system that was away gets what it missed", set(everything) <= set(system.held()), True)

    candidates = {one["candidate_ref"] for one in gateway.api("GET", "/v1/credentials")["items"]}
    for candidate in candidates:
        gateway.api("DELETE", f"/v1/candidates/{candidate}")
    wait_for("the erasure", lambda: system.held() == [], 60)
    gateway.settle(identifier)
    expect("an erasure removes everything", system.held(), [])
    expect("notes too", system.notes(), [])
    states = [one["state"] for one in gateway.deliveries(identifier)]
    expect("nothing is left waiting", [state for state in states if state not in FINAL], [])
    gateway.api("POST", f"/v1/connections/{identifier}/pause")


def drive_applications(gateway, system):
    """A badge among the attachments of a new application is verified, and its skills come back to the applicant."""
    fields, secrets = system.connection()
    fields = {**fields, "take_applications": True}
    connection = gateway.api("POST", "/v1/connections", {"connector": system.connector, "name": "applications", "fields": fields, "secrets": secrets})
    identifier = connection["id"]
    intake = lambda: gateway.api("GET", f"/v1/connections/{identifier}")["intake"]
    wait_for("the first poll", lambda: "last_poll_at" in intake() or intake().get("last_error") and sys.exit(intake()["last_error"]), 60)
    expect("what was there before is not read", intake()["read"], 0)
    before = len(gateway.api("GET", "/v1/submissions")["items"])
    time.sleep(1)
    system.apply("valid.svg", (gateway.work / "samples" / "valid.svg").read_bytes())
    gateway.api("POST", f"/v1/connections/{identifier}/applications/retry")
    wait_for("the application", lambda: intake()["read"] == 2, 60)
    gateway.settle(identifier)
    expect("the skills of a badge in an application arrived", system.held(), SKILLS)
    submissions = gateway.api("GET", "/v1/submissions")["items"]
    expect("by way of one submission", [one["channel"] for one in submissions[: len(submissions) - before]], ["ats"])
    gateway.api("POST", f"/v1/connections/{identifier}/applications/retry")
    polled = intake()["last_poll_at"]
    wait_for("another poll", lambda: intake()["last_poll_at"] != polled, 60)
    found = intake()
    expect("nothing is read twice", (found["read"], found["parked"], found["waiting"]), (2, 0, 0))
    gateway.api("POST", f"/v1/connections/{identifier}/pause")


def drive_receiver(gateway, system):
    """Every content mode is understood by the SDK; faults lose nothing and double nothing that the receiver could not tell apart."""
    for number, mode in enumerate(("structured", "binary", "batch")):
        fields = {"url": f"http://127.0.0.1:{system.port}/{mode}", "mode": mode}
        connection = gateway.api("POST", "/v1/connections", {"connector": "cloudevents", "name": mode, "fields": fields, "secrets": {}})
        identifier = connection["id"]
        expect(f"{mode}: the connection's test succeeds", gateway.api("POST", f"/v1/connections/{identifier}/test")["ok"], True)
        before = {one["id"] for one in system.seen()}
        system.faults("429", "applied-but-dropped", "503")
        gateway.upload(("valid.svg", "valid.jwt", "valid-es256.jwt")[number])
        gateway.settle(identifier)
        new = [one for one in system.seen() if one["id"] not in before]
        wanted = {one["event_id"] for one in gateway.deliveries(identifier)}
        expect(f"{mode}: every event arrived and is a CloudEvent", {one["id"] for one in new}, wanted)
        expect(f"{mode}: only the event whose answer was lost came twice", sorted(one["times"] for one in new)[-2:], [1, 2])
        expect(f"{mode}: the data is whole", all(one["data"]["candidate_ref"] in one["subject"] for one in new), True)
        gateway.api("POST", f"/v1/connections/{identifier}/pause")


def main():
    binary, name = sys.argv[1:]
    work = pathlib.Path(tempfile.mkdtemp(prefix=f"skillgate-{name}-"))
    system, gateway = SYSTEMS[name](work), Gateway(binary, work)
    print(f"=== {name}", flush=True)
    try:
        system.install()
        system.prepare()
        system.start()
        subprocess.run([binary, "sample", "samples"], cwd=work, check=True, stdout=subprocess.DEVNULL)
        gateway.start()
        for system.variant in system.variants:
            print(f"--- {system.variant}" if system.variant else "", end="\n" if system.variant else "", flush=True)
            drive_receiver(gateway, system) if name == "cloudevents" else drive(gateway, system)
        if name == "odoo":
            drive_applications(gateway, system)
    except BaseException:
        for log in work.glob("*.log"):
            print(f"--- the end of {log.name}\n{log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
        raise
    finally:
        gateway.stop()
        system.clean()
        shutil.rmtree(work, ignore_errors=True)


main()
