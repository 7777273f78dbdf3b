"""What the fault suite, the restore drill and the rolling restart share: gateways as processes, servers of their own (PostgreSQL,
RabbitMQ), and an employer whose effects can be counted. Everything stays on this machine, in folders and on ports of its own."""
import base64, glob, http.client, http.server, json, os, pwd, re, shutil, socket, subprocess, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KEY = "sk_fault_0123456789abcdefghijklm"
MASTER_KEY = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ...").decode()
SETS = ("samples", "more-1", "more-2", "more-3")
KINDS = ("natural", "set", "observe", "ledger_only")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise SystemExit(f"after {seconds} s still not: {what}")


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Site:
    """One installation: a folder, a database, a queue, and the settings that its processes share."""

    def __init__(self, binary, database=None, queue="memory:", prefix="skillgate", **settings):
        self.binary, self.folder = binary, tempfile.mkdtemp(prefix="skillgate-fault-")
        os.chmod(self.folder, 0o755)
        self.database = database or f"sqlite://{self.folder}/data/skillgate.sqlite"
        self.queue, self.prefix, self.settings, self.processes = queue, prefix, settings, []
        # Each set has an issuer of its own; the settings trust that of the first.
        for name in SETS:
            subprocess.run([binary, "sample", name], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def environment(self):
        values = {
            "database.url": self.database, "queue.url": self.queue, "queue.prefix": self.prefix,
            "security.master_key": MASTER_KEY, "auth.bootstrap_key": KEY, "log.level": "warn",
            "http_client.allow_private": "127.0.0.0/8", "http_client.timeout_seconds": "3", "http.workers": "1",
            "verify.policy_file": "samples/policy.toml", "verify.documents_file": "samples/documents.json", "verify.offline": "true",
            "delivery.connectors_dir": os.path.join(ROOT, "tests/fixtures/connectors"),
            "delivery.retry_schedule_seconds": ",".join(["1"] * 60), **self.settings,
        }
        named = {"SKILLGATE_" + key.upper().replace(".", "__"): value for key, value in values.items()}
        return {**{name: value for name, value in os.environ.items() if not name.startswith("SKILLGATE_")}, **named}

    def gateway(self, *wrapper, port=0, environment=None):
        return self.add(Process(self, ["serve", "--listen", f"127.0.0.1:{port}"], wrapper, environment))

    def worker(self, *wrapper, environment=None):
        return self.add(Process(self, ["worker"], wrapper, environment))

    def add(self, process):
        self.processes.append(process)
        return process

    def run(self, *arguments, **more):
        return subprocess.run([self.binary, *arguments], cwd=self.folder, env=self.environment(), capture_output=True, text=True, **more)

    def sample(self, name, group="samples"):
        with open(os.path.join(self.folder, group, name), "rb") as file:
            return file.read()

    def badges(self):
        """Different good badges."""
        return [self.sample("valid.json", group) for group in SETS]

    def close(self):
        for process in self.processes:
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Process:
    """A gateway or a worker; `port` is the gateway's once `ready` has returned."""

    def __init__(self, site, arguments, wrapper=(), environment=None):
        self.site, self.arguments, self.wrapper, self.extra = site, arguments, list(wrapper), environment or {}
        self.port, self.child = None, None
        self.start()

    def start(self):
        self.log = open(os.path.join(self.site.folder, "log"), "ab")
        command = [*self.wrapper, self.site.binary, *self.arguments]
        environment = {**self.site.environment(), **self.extra}
        self.child = subprocess.Popen(command, cwd=self.site.folder, env=environment, stdout=subprocess.PIPE, stderr=self.log)
        return self

    def ready(self):
        for line in self.child.stdout:
            found = re.search(rb"Open\s+http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                return self
        raise SystemExit(f"the process did not start: {self.site_log()}")

    def site_log(self):
        with open(os.path.join(self.site.folder, "log"), errors="replace") as file:
            return file.read()[-2000:]

    def runs(self):
        return self.child.poll() is None

    def end(self):
        self.child.wait(timeout=60)
        self.child.stdout.close()
        self.log.close()

    def kill(self):
        """SIGKILL: nothing is tidied up."""
        if self.child.poll() is None:
            self.child.kill()
        if not self.child.stdout.closed:
            self.end()

    def terminate(self):
        begun = time.monotonic()
        self.child.terminate()
        self.end()
        return time.monotonic() - begun


def ask(port, method, path, body=None, headers=None, key=KEY, timeout=30):
    """(status, headers, parsed body); raises OSError or HTTPException when no answer came."""
    headers = dict(headers or {})
    if key:
        headers.setdefault("Authorization", f"Bearer {key}")
    if body is not None and not isinstance(body, bytes):
        body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    try:
        return answer.status, answer.headers, json.loads(text)
    except ValueError:
        return answer.status, answer.headers, text.decode(errors="replace")


def upload(port, content, name="badge.json", idempotency_key=None, **fields):
    boundary, parts = "fault-boundary", []
    for field, value in fields.items():
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode())
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    body = b"".join(parts) + head + content + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    if idempotency_key:
        headers["Idempotency-Key"] = idempotency_key
    return ask(port, "POST", "/v1/submissions", body, headers)


def pages(port, path):
    """All items of a list."""
    items, after = [], None
    while True:
        query = f"{'&' if '?' in path else '?'}limit=200" + (f"&after={after}" if after else "")
        status, _, page = ask(port, "GET", path + query)
        if status != 200:
            raise SystemExit(f"GET {path}: {status} {page}")
        items.extend(page["items"])
        after = page.get("next")
        if not after:
            return items


class Employer:
    """An employer's systems in one: a webhook receiver, and one write of each kind of idempotency (tests/fixtures/connectors/effects).
    `mood`: "well", "hangs" (no answer), "cuts" (ends the connection and takes nothing), "resets" (ends the connection after it took the write)."""

    def __init__(self):
        self.lock, self.mood, self.poison = threading.Lock(), "well", None
        self.seen, self.order, self.notes, self.resources, self.delivered = {}, {}, {}, {}, 0
        employer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, value=None):
                text = json.dumps(value or {}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                event = self.path.partition("event=")[2]
                with employer.lock:
                    noted = employer.notes.get(("observe", event), 0)
                self.answer({"notes": [event] * noted})

            def write_(self):
                body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
                mood = employer.mood
                if mood == "hangs":
                    time.sleep(8)
                if mood in ("hangs", "cuts"):
                    self.close_connection = True
                    return
                employer.take(self.command, self.path, body)
                if mood == "resets":
                    self.close_connection = True
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                    self.connection.close()
                    return
                self.answer()

            do_POST = do_PUT = write_

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 128

            def handle_error(self, *_):
                pass  # a gateway that was killed in the middle

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, method, path, body):
        with self.lock:
            self.delivered += 1
            if path.startswith("/hook"):
                event = body["id"]
                if event not in self.seen:
                    self.order.setdefault(body["partitionkey"], []).append(int(body["sequence"]))
                self.seen[event] = self.seen.get(event, 0) + 1
            elif method == "PUT":
                self.resources[(path.split("/")[1], body["event"])] = body["event"]
            else:
                kind = path.split("/")[1]
                self.notes[(kind, body["event"])] = self.notes.get((kind, body["event"]), 0) + 1

    def connect(self, port):
        """A webhook, and a connection for each kind of write; returns their ids by kind."""
        made = {}
        hook = {"connector": "webhook", "name": "hook", "fields": {"url": self.url + "/hook"}, "secrets": {"signing_secret": SECRET}}
        for kind in ("webhook", *KINDS):
            body = hook if kind == "webhook" else {"connector": "effects", "name": kind, "fields": {"url": f"{self.url}/{kind}", "kind": kind}}
            status, _, answer = ask(port, "POST", "/v1/connections", body)
            if status != 201:
                raise SystemExit(f"connection {kind}: {status} {answer}")
            made[kind] = answer["id"]
        return made

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def account(port, employer, accepted, connections):
    """What was lost, doubled in effect, or came out of order. `accepted`: ids of submissions whose acceptance a caller saw."""
    known = {item["id"]: item for item in pages(port, "/v1/submissions")}
    lost = [f"submission {each}" for each in accepted if each not in known]
    doubled, disordered, parked = [], [], 0
    events, after = [], "0"
    while True:
        status, headers, batch = ask(port, "GET", f"/v1/events?limit=200&after={after}")
        if status != 200 or not batch:
            break
        events.extend(batch)
        after = headers["Skillgate-Next"]
    about = [event for event in events if event["type"].split(".")[-2] in ("verified", "attention") and ".credential." in event["type"]]
    ambiguous = {item["event_id"] for item in pages(port, f"/v1/deliveries?state=parked&connection_id={connections['ledger_only']}")}
    with employer.lock:
        lost += [f"event {event['id']} at the webhook" for event in events if event["id"] not in employer.seen]
        for event in about:
            for kind in ("natural", "set"):
                if (kind, event["id"]) not in employer.resources:
                    lost.append(f"event {event['id']} as {kind} write")
            for kind in ("observe", "ledger_only"):
                count = employer.notes.get((kind, event["id"]), 0)
                if count > 1:
                    doubled.append(f"event {event['id']} as {kind} write: {count} times")
                if count == 0 and not (kind == "ledger_only" and event["id"] in ambiguous):
                    lost.append(f"event {event['id']} as {kind} write")
        parked = len(ambiguous)
        for person, numbers in employer.order.items():
            if numbers != sorted(numbers):
                disordered.append(f"person {person}: {numbers}")
        repeats = sum(count - 1 for count in employer.seen.values())
    return {"submissions": len(accepted), "events": len(events), "lost": lost, "doubled": doubled, "disordered": disordered,
        "parked": parked, "repeats": repeats}


def settle(port, seconds=90):
    """Until nothing is unpublished and no delivery is pending."""
    def quiet():
        try:
            text = ask(port, "GET", "/metrics", key=None)[2]
        except (OSError, http.client.HTTPException):
            return False
        waiting = re.findall(r'^skillgate_(?:deliveries\{state="pending"\}|events_unpublished) (\d+)$', text, re.M)
        return len(waiting) == 2 and all(number == "0" for number in waiting)
    wait_until(quiet, seconds, "every event published and delivered")


class Postgres:
    """A cluster of its own, made with the binaries that the machine has."""

    def __init__(self):
        binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
        if not binaries:
            raise LookupError("PostgreSQL is not installed")
        self.binaries, self.folder, self.port = binaries[-1], tempfile.mkdtemp(prefix="skillgate-postgres-"), free_port()
        self.user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            shutil.chown(self.folder, self.user)
        self.data = os.path.join(self.folder, "data")
        self.as_user("initdb", "-D", self.data, "-U", "skillgate", "-A", "trust", "-E", "UTF8", "--locale=C")
        self.start()

    def as_user(self, program, *arguments, check=True):
        command = [os.path.join(self.binaries, program), *arguments]
        if os.getuid() == 0:
            command = ["runuser", "-u", self.user, "--", *command]
        return subprocess.run(command, cwd=self.folder, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self.as_user("pg_ctl", "-D", self.data, "-l", os.path.join(self.folder, "log"), "-o", options, "-w", "start")

    def stop(self, how="fast"):
        self.as_user("pg_ctl", "-D", self.data, "-m", how, "-w", "stop", check=False)

    def url(self, name="postgres"):
        return f"postgres://skillgate@127.0.0.1:{self.port}/{name}?sslmode=disable"

    def new(self):
        """The address of a new database."""
        self.made = getattr(self, "made", 0) + 1
        self.execute(f"CREATE DATABASE gateway_{self.made}")
        return self.url(f"gateway_{self.made}")

    def standby(self):
        """A second cluster that follows this one; from now on a commit waits for it."""
        other = object.__new__(Postgres)
        other.binaries, other.user, other.folder, other.port = self.binaries, self.user, tempfile.mkdtemp(prefix="skillgate-postgres-"), free_port()
        if os.getuid() == 0:
            shutil.chown(other.folder, other.user)
        other.data = os.path.join(other.folder, "data")
        self.as_user("pg_basebackup", "-D", other.data, "-R", "-X", "stream", "-d", self.url() + "&application_name=standby")
        other.start()
        self.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.execute("SELECT pg_reload_conf()")
        return other

    def promote(self):
        self.execute("SELECT pg_promote()")

    def execute(self, statement):
        self.as_user("psql", self.url(), "-qc", statement)

    def close(self):
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


class Rabbit:
    """A broker of its own beside the machine's."""

    def __init__(self):
        server = shutil.which("rabbitmq-server", path=os.environ["PATH"] + ":/usr/sbin:/usr/lib/rabbitmq/bin")
        library = sorted(glob.glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"))
        if not server or not library or not shutil.which("erl"):
            raise LookupError("RabbitMQ is not installed")
        self.sbin, self.folder, self.port = library[-1], tempfile.mkdtemp(prefix="skillgate-rabbit-"), free_port()
        self.environment = {
            **os.environ, "HOME": self.folder, "RABBITMQ_NODENAME": f"fault{self.port}@localhost", "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_DIST_PORT": str(free_port()), "RABBITMQ_MNESIA_BASE": self.folder,
            "RABBITMQ_LOG_BASE": self.folder, "RABBITMQ_PID_FILE": os.path.join(self.folder, "pid"), "RABBITMQ_CONFIG_FILE": os.path.join(self.folder, "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": os.path.join(self.folder, "plugins"), "RABBITMQ_CONF_ENV_FILE": os.path.join(self.folder, "env"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        with open(os.path.join(self.folder, "plugins"), "w") as file:
            file.write("[].\n")
        self.child = None
        self.start()

    def start(self):
        with open(os.path.join(self.folder, "out"), "ab") as out:
            self.child = subprocess.Popen([os.path.join(self.sbin, "rabbitmq-server")], env=self.environment, stdout=out, stderr=out,
                cwd=self.folder, start_new_session=True)
        wait_until(lambda: answers(self.port), 60, "the broker answers")
        self.control("await_startup")

    def control(self, *arguments):
        command = [os.path.join(self.sbin, "rabbitmqctl"), "-q", *arguments]
        return subprocess.run(command, env=self.environment, cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def stop(self):
        subprocess.run([os.path.join(self.sbin, "rabbitmqctl"), "-q", "shutdown"], env=self.environment, cwd=self.folder, capture_output=True)
        self.child.wait(timeout=60)

    def url(self):
        return f"amqp://guest:guest@127.0.0.1:{self.port}/%2f"

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
