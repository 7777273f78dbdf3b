"""Employer systems that install from packages: how to install, start and read each. Everything listens on 127.0.0.1."""
import base64
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

CACHE = pathlib.Path(os.environ["EMPLOYERS_CACHE"])
ADA = "ada@example.org"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def call(method, url, body=None, headers=None, raw=False):
    """Status and JSON (or text) of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            text, status = answer.read().decode(), answer.status
    except urllib.error.HTTPError as error:
        text, status = error.read().decode(), error.code
    return status, text if raw or not text else json.loads(text)


def wait_for(what, ready, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if ready():
                return
        except OSError:
            pass
        time.sleep(0.3)
    raise SystemExit(f"{what} did not get ready in {seconds} s")


class System:
    """One employer system. `work` is a folder of this run."""

    name = ""
    packages = ()
    # The connector's kinds of targets, each proven in turn.
    variants = ("",)
    variant = ""

    def __init__(self, work):
        self.work, self.port, self.process = work, free_port(), None

    @property
    def python(self):
        return self.root / "bin/python"

    def install(self):
        """Every installation gets a folder of its own, so that a half-made or damaged older folder cannot stand in the way.
        A note beside the folders names the last complete installation and its packages."""
        note = CACHE / f"{self.name}.json"
        wanted = sorted(self.packages)
        try:
            known = json.loads(note.read_text())
            self.root = pathlib.Path(known["folder"])
            if self.root.parent == CACHE:
                if known["packages"] == wanted and self.works():
                    return
                shutil.rmtree(self.root, ignore_errors=True)
        except (OSError, ValueError, KeyError, TypeError):
            pass
        self.root = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=CACHE))
        self.install_packages()
        assert self.works(), f"{self.name} does not work after its installation into {self.root}"
        partial = self.root / "note.json"
        partial.write_text(json.dumps({"packages": wanted, "folder": str(self.root)}))
        partial.replace(note)

    def works(self):
        """Whether the installed interpreter starts and finds its packages' folder."""
        return self.python.exists() and subprocess.run([self.python, "-m", "pip", "--version"], capture_output=True).returncode == 0

    def install_packages(self):
        subprocess.run(["python3", "-m", "venv", self.root], check=True)
        subprocess.run([self.python, "-m", "pip", "install", "-q", *self.packages], check=True)

    def spawn(self, command, **environment):
        log = open(self.work / f"{self.name}.log", "ab")
        self.process = subprocess.Popen(command, cwd=self.work, stdout=log, stderr=log, env={**os.environ, **environment})

    def notes(self):
        return []

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def clean(self):
        self.stop()


class Ralph(System):
    """A learning record store (xAPI 1.0.3) that keeps its statements in files."""

    name, connector, keeps = "xapi", "xapi", True
    packages = ("ralph-malph[full]==5.1.0",)
    wrong_secret = {"password": "wrong"}

    def prepare(self):
        (self.work / "app").mkdir(), (self.work / "statements").mkdir()
        self.environment = {"RALPH_APP_DIR": str(self.work / "app"), "RALPH_AUTH_FILE": str(self.work / "auth.json")}
        account = ["-u", "gateway", "-p", "secret", "-s", "statements/write", "-s", "statements/read", "-M", "mailto:gateway@example.org", "-N", "gateway", "-w"]
        command = [self.root / "bin/ralph", "auth", *account]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **self.environment})

    def start(self):
        script = pathlib.Path(__file__).with_name("ralph_on_files.py")
        self.spawn([self.python, script, self.work / "statements", str(self.port)], **self.environment)
        wait_for("Ralph", lambda: call("GET", f"http://127.0.0.1:{self.port}/__heartbeat__", raw=True)[0] == 200)

    def connection(self):
        fields = {"endpoint": f"http://127.0.0.1:{self.port}/xAPI", "home_page": "https://hr.example.org"}
        return fields, {"username": "gateway", "password": "secret"}

    def statements(self):
        token = base64.b64encode(b"gateway:secret").decode()
        headers = {"authorization": f"Basic {token}", "x-experience-api-version": "1.0.3"}
        status, answer = call("GET", f"http://127.0.0.1:{self.port}/xAPI/statements?limit=500", headers=headers)
        assert status == 200, answer
        return answer["statements"]

    def held(self):
        """Names of what the store says of Ada and nobody has voided. Ralph returns voided statements too."""
        statements = self.statements()
        voided = {one["object"]["id"] for one in statements if one["verb"]["id"].endswith("/voided")}
        valid = [one for one in statements if not one["verb"]["id"].endswith("/voided") and one["id"] not in voided]
        assert all(one["actor"]["mbox"] == f"mailto:{ADA}" for one in valid)
        return sorted(one["object"]["definition"]["name"]["en"] for one in valid)


class Scim(System):
    """A SCIM 2.0 server that keeps everything in memory, with the schema of the connector's page."""

    name, connector, keeps = "scim", "scim", False
    packages = ("scim2-server==0.8.3",)
    wrong_secret = {"token": "wrong"}
    schema = "urn:ietf:params:scim:schemas:extension:skillgate:2.0:User"

    def prepare(self):
        script = pathlib.Path(__file__).with_name("scim_schema.py")
        subprocess.run([self.python, script, self.schema], check=True, cwd=self.work)

    def start(self):
        options = ["--port", str(self.port), "--bearer-token", "tok", "--schema", "schemas.json", "--resource-type", "types.json"]
        self.spawn([self.root / "bin/scim2-server", *options])
        wait_for("scim2-server", lambda: self.users("GET")[0] == 200)
        for person in ("ada", "bob"):
            user = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": person, "emails": [{"value": f"{person}@example.org"}]}
            assert self.users("POST", user)[0] == 201

    def users(self, method, body=None):
        headers = {"authorization": "Bearer tok", "content-type": "application/scim+json"}
        return call(method, f"http://127.0.0.1:{self.port}/v2/Users", body, headers)

    def connection(self):
        return {"base_url": f"http://127.0.0.1:{self.port}/v2"}, {"token": "tok"}

    def held(self):
        users = {user["userName"]: user.get(self.schema, {}).get("skills", []) for user in self.users("GET")[1]["Resources"]}
        assert not users["bob"]
        return sorted(skill["display"] for skill in users["ada"])


class Odoo(System):
    """Odoo 19 Community from Debian's package, on PostgreSQL."""

    name, connector, keeps = "odoo", "odoo", True
    packages = tuple(
        "asn1crypto babel cbor2 chardet cryptography python-dateutil docutils geoip2 gevent greenlet idna jinja2 libsass lxml "
        "lxml-html-clean markupsafe num2words ofxparse openpyxl passlib pillow polib psutil psycopg2-binary pyopenssl pypdf PyPDF2 "
        "pyserial python-stdnum pytz pyusb qrcode reportlab requests rjsmin urllib3 vobject werkzeug<3.1 xlrd xlsxwriter xlwt zeep "
        "freezegun python-magic setuptools".split()
    )
    wrong_secret = {"api_key": "wrong"}
    variants = ("employees", "applicants")

    def install_packages(self):
        super().install_packages()
        self.unpack_odoo()

    def unpack_odoo(self):
        """The package depends on newer libraries than this machine may have: it is unpacked, not installed."""
        root = self.root
        for folder in ("apt/lists/partial", "apt/cache/archives/partial", "odoo"):
            (root / folder).mkdir(parents=True)
        sources = "".join(path.read_text() for path in [*pathlib.Path("/etc/apt").glob("sources.list*"), *pathlib.Path("/etc/apt/sources.list.d").glob("*")] if path.is_file())
        mirror = re.search(r"https?://\S+/debian/?(?=\s|$)", sources)
        mirror = mirror.group() if mirror else "http://deb.debian.org/debian"
        (root / "apt/s.list").write_text(f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror} sid main\n")
        options = {"Dir::State::Lists": "apt/lists", "Dir::Etc::sourcelist": "apt/s.list", "Dir::Cache": "apt/cache"}
        options = [f"-o{key}={root / value}" for key, value in options.items()] + ["-oDir::Etc::sourceparts=/dev/null"]
        subprocess.run(["apt-get", *options, "update", "-qq"], check=True)
        subprocess.run(["apt-get", *options, "download", "-qq", "odoo-19"], check=True, cwd=root)
        package = next(root.glob("odoo-19_*.deb"))
        leave = ["./usr/lib/python3/dist-packages/addons", "*.po", "*.pot", "*/static/description/*"]
        unpack = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE)
        subprocess.run(["tar", "x", "-C", root / "odoo", *(f"--exclude={one}" for one in leave)], stdin=unpack.stdout, check=True)
        package.unlink()

    def prepare(self):
        self.database = f"skillgate_odoo_{os.getpid()}"
        self.server = urllib.parse.urlsplit(os.environ["EMPLOYERS_DATABASE_URL"])
        self.psql(f"CREATE ROLE {self.database} LOGIN CREATEDB PASSWORD 'odoo'")
        code = self.root / "odoo/usr/lib/python3/dist-packages"
        self.environment = {"PYTHONPATH": str(code), "HOME": str(self.work)}
        settings = {
            "addons_path": code / "odoo/addons", "data_dir": self.work / "data", "db_host": self.server.hostname, "db_port": self.server.port or 5432,
            "db_user": self.database, "db_password": "odoo", "http_interface": "127.0.0.1", "http_port": self.port, "list_db": False,
        }
        (self.work / "odoo.conf").write_text("[options]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items()))
        self.odoo("-i", "hr_skills,hr_recruitment,hr_recruitment_skills", "--without-demo=True", "--stop-after-init")
        script = pathlib.Path(__file__).with_name("odoo_seed.py").read_text()
        self.odoo("shell", "--no-http", script=script)
        self.key = (self.work / "odoo.key").read_text()

    def odoo(self, *arguments, script=None):
        command = [self.python, "-m", "odoo", *(["shell"] if arguments[0] == "shell" else []), "-c", "odoo.conf", "-d", self.database]
        command += [one for one in arguments if one != "shell"]
        with open(self.work / "odoo.log", "ab") as log:
            subprocess.run(command, cwd=self.work, input=(script or "").encode(), stdout=log, stderr=log, check=True, env={**os.environ, **self.environment})

    def psql(self, statement):
        subprocess.run(["psql", "-q", os.environ["EMPLOYERS_DATABASE_URL"], "-c", statement], check=True)

    def start(self):
        command = [self.python, "-m", "odoo", "-c", "odoo.conf", "-d", self.database, "--workers=0", "--max-cron-threads=0"]
        self.spawn(command, **self.environment)
        wait_for("Odoo", lambda: call("GET", f"http://127.0.0.1:{self.port}/web/version", raw=True)[0] == 200, 300)

    def clean(self):
        self.stop()
        self.psql(f"DROP DATABASE IF EXISTS {self.database}")
        self.psql(f"DROP ROLE IF EXISTS {self.database}")

    def rpc(self, method, **arguments):
        headers = {"authorization": f"bearer {self.key}", "x-odoo-database": self.database}
        status, answer = call("POST", f"http://127.0.0.1:{self.port}/json/2/{method}", arguments, headers)
        assert status == 200, answer
        return answer

    def connection(self):
        fields = {"url": f"http://127.0.0.1:{self.port}", "database": self.database, "people": self.variant}
        return fields, {"api_key": self.key}

    def apply(self, name, content):
        """A new application with one attachment."""
        applicant = self.rpc("hr.applicant/create", vals_list=[{"partner_name": "Ada", "email_from": ADA}])[0]
        file = {"name": name, "datas": base64.b64encode(content).decode(), "res_model": "hr.applicant", "res_id": applicant}
        self.rpc("ir.attachment/create", vals_list=[file])

    def held(self):
        if self.variant == "applicants":
            people = {one["id"]: one["email_from"] for one in self.rpc("hr.applicant/search_read", domain=[], fields=["id", "email_from"])}
            skills = self.rpc("hr.applicant.skill/search_read", domain=[], fields=["applicant_id", "skill_id"])
            assert all(people[one["applicant_id"][0]] == ADA for one in skills)
            return sorted(one["skill_id"][1] for one in skills)
        people = {one["id"]: one["work_email"] for one in self.rpc("hr.employee/search_read", domain=[], fields=["id", "work_email"])}
        skills = self.rpc("hr.employee.skill/search_read", domain=[], fields=["employee_id", "skill_id", "skill_level_id", "valid_to"])
        lines = self.rpc("hr.resume.line/search_read", domain=[["description", "like", "skillgate"]], fields=["employee_id", "name"])
        assert all(people[one["employee_id"][0]] == ADA for one in skills + lines)
        return sorted([one["skill_id"][1] for one in skills] + [one["name"] for one in lines])

    def notes(self):
        """Every note of ours, also those that tell of withdrawals."""
        found = self.rpc("mail.message/search_read", domain=[["body", "like", "ref: skillgate"]], fields=["model", "body"])
        assert all(one["model"] == "hr.applicant" for one in found)
        return [one["body"] for one in found]


class CloudEvents(System):
    """A receiver on the CloudEvents SDK for JavaScript."""

    name, connector = "cloudevents", "cloudevents"
    packages = ("cloudevents@10.0.0",)

    def works(self):
        return all((self.root / "node_modules" / name.rsplit("@", 1)[0] / "package.json").exists() for name in self.packages)

    def install_packages(self):
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", *self.packages], cwd=self.root, check=True)

    def prepare(self):
        (self.work / "node_modules").symlink_to(self.root / "node_modules")

    def start(self):
        script = pathlib.Path(__file__).with_name("cloudevents_receiver.mjs")
        self.spawn(["node", script, str(self.port)])
        wait_for("the receiver", lambda: call("GET", f"http://127.0.0.1:{self.port}/seen")[0] == 200)

    def seen(self):
        return call("GET", f"http://127.0.0.1:{self.port}/seen")[1]

    def faults(self, *faults):
        assert call("PUT", f"http://127.0.0.1:{self.port}/faults", list(faults), raw=True)[0] == 200


SYSTEMS = {system.name: system for system in (CloudEvents, Ralph, Scim, Odoo)}
