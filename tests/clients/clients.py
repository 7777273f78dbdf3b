"""Clients of the Python world: Authlib, a generated client, Standard Webhooks, CloudEvents, and pika when there is a broker."""
import base64
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.parse

import requests
from authlib.integrations.requests_client import OAuth2Session

GATEWAY, KEY, SAMPLES = (os.environ[name] for name in ("GATEWAY", "KEY", "SAMPLES"))
BEARER = {"Authorization": f"Bearer {KEY}"}
passed = failed = 0


def expect(name, holds, extra=""):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    if not holds:
        print("FAIL", name, str(extra)[:600])


def sample(name):
    with open(f"{SAMPLES}/{name}", "rb") as file:
        return file.read()


def consent(url):
    """What a browser does with the consent page."""
    made = requests.post(f"{GATEWAY}/v1/invitations", json={"candidate_email": "ada@example.org"}, headers=BEARER)
    page = requests.get(url, allow_redirects=False)
    form = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page.text))
    form = {name: value.replace("&amp;", "&") for name, value in form.items()} | {"invitation": made.json()["code"]}
    action = urllib.parse.urljoin(url, re.search(r'<form[^>]*action="([^"]*)"', page.text).group(1))
    return requests.post(action, data=form, cookies=page.cookies, allow_redirects=False).headers["location"]


def authlib():
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    prefix = "https://purl.imsglobal.org/spec/ob/v3p0/scope/"
    scope = f"{prefix}credential.upsert {prefix}credential.readonly offline_access"
    page = "https://platform.example"
    metadata = requests.get(f"{GATEWAY}/.well-known/oauth-authorization-server").json()
    for method in ("client_secret_basic", "client_secret_post"):
        client = requests.post(metadata["registration_endpoint"], json={
            "client_name": "Platform", "client_uri": page, "logo_uri": f"{page}/l", "tos_uri": f"{page}/t", "policy_uri": f"{page}/p",
            "software_id": "s", "software_version": "1", "redirect_uris": [f"{page}/cb"], "scope": scope,
            "token_endpoint_auth_method": method}).json()
        session = OAuth2Session(client["client_id"], client["client_secret"], scope=scope, redirect_uri=f"{page}/cb",
                                token_endpoint_auth_method=method, code_challenge_method="S256")
        verifier = base64.urlsafe_b64encode(os.urandom(48)).decode()
        url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
        token = session.fetch_token(metadata["token_endpoint"], authorization_response=consent(url), code_verifier=verifier, state=state)
        expect(f"Authlib, {method}: a code becomes tokens", token.get("refresh_token"), token)
        narrow = session.refresh_token(metadata["token_endpoint"], scope=f"{prefix}credential.readonly")
        expect(f"Authlib, {method}: a refresh narrows", narrow["scope"] == f"{prefix}credential.readonly", narrow)
        wide = session.refresh_token(metadata["token_endpoint"], scope=scope)
        expect(f"Authlib, {method}: the grant stays", set(wide["scope"].split()) == set(scope.split()), wide)
        listed = session.get(f"{GATEWAY}/ims/ob/v3p0/credentials")
        expect(f"Authlib, {method}: the token lists credentials", listed.status_code == 200, listed.text)
        revoked = session.revoke_token(metadata["revocation_endpoint"], wide["refresh_token"])
        expect(f"Authlib, {method}: the token is revoked", revoked.status_code == 200, revoked.text)


def generated():
    with open("openapi.json", "w", encoding="utf-8") as file:
        file.write(requests.get(f"{GATEWAY}/openapi.json").text)
    made = subprocess.run([f"{os.path.dirname(sys.executable)}/openapi-python-client", "generate", "--path", "openapi.json",
                           "--output-path", "pyclient", "--meta", "none", "--overwrite"], capture_output=True, text=True, check=False)
    expect("openapi-python-client makes a client", os.path.exists("pyclient/client.py"), made.stdout + made.stderr)
    from pyclient import AuthenticatedClient
    from pyclient.api.submissions import create_submission
    from pyclient.models import CreateSubmissionFilesBody, CredentialDocument
    from pyclient.types import File
    client = AuthenticatedClient(base_url=GATEWAY, token=KEY)
    badge = create_submission.sync_detailed(client=client, body=CredentialDocument.from_dict(json.loads(sample("valid.json"))))
    expect("the generated client uploads a badge", badge.status_code == 201, badge.content)
    import io
    picture = CreateSubmissionFilesBody(file=[File(payload=io.BytesIO(sample("valid.png")), file_name="badge.png", mime_type="image/png")])
    upload = create_submission.sync_detailed(client=client, body=picture)
    expect("the generated client uploads a PNG", upload.status_code == 201, upload.content)
    outcomes = [credential.outcome for file in upload.parsed.files for credential in file.credentials] if upload.parsed else []
    expect("the PNG holds a badge", len(outcomes) == 1, upload.content)


def webhooks():
    from cloudevents.core.v1.event import CloudEvent  # noqa: F401
    from standardwebhooks.webhooks import Webhook
    secret, received = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=", []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.append((dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection = {"connector": "webhook", "name": "python", "fields": {"url": f"http://127.0.0.1:{server.server_port}/hook"},
                  "secrets": {"signing_secret": secret}}
    made = requests.post(f"{GATEWAY}/v1/connections", json=connection, headers=BEARER).json()
    requests.post(f"{GATEWAY}/v1/submissions", files={"file": sample("valid.json")}, data={"candidate_ref": "python"}, headers=BEARER)
    end = time.time() + 20
    while not received and time.time() < end:
        time.sleep(0.1)
    expect("the receiver is called", received)
    for headers, body in received:
        headers = {name.lower(): value for name, value in headers.items()}
        event = Webhook(secret).verify(body, headers)
        expect("standardwebhooks verifies the signature", event["specversion"] == "1.0")
        try:
            Webhook(secret).verify(body + b" ", headers)
            expect("standardwebhooks refuses a changed body", False)
        except Exception:  # noqa: BLE001
            expect("standardwebhooks refuses a changed body", True)
    requests.delete(f"{GATEWAY}/v1/connections/{made['id']}", headers=BEARER)
    server.shutdown()


def broker():
    import pika
    document = requests.get(f"{GATEWAY}/asyncapi.json").json()
    exchange = document["channels"]["events"]["bindings"]["amqp"]["exchange"]
    channel = pika.BlockingConnection(pika.URLParameters(os.environ["QUEUE_URL"])).channel()
    channel.exchange_declare(exchange["name"], exchange["type"], passive=True)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, exchange["name"], "default.#")
    requests.post(f"{GATEWAY}/v1/submissions", files={"file": sample("valid.json")}, data={"candidate_ref": f"pika-{time.time()}"}, headers=BEARER)
    for method, properties, body in channel.consume(queue, inactivity_timeout=20):
        expect("pika gets an event", method and properties.content_type == document["defaultContentType"])
        break


for suite in (authlib, generated, webhooks) + ((broker,) if os.environ.get("QUEUE_URL") else ()):
    try:
        suite()
    except Exception as problem:  # noqa: BLE001
        expect(f"{suite.__name__} runs to its end", False, repr(problem))
print(f"python: {passed} of {passed + failed} expectations hold")
sys.exit(1 if failed else 0)
