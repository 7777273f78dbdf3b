"""A gateway to measure: started on an empty folder's embedded default, asked over HTTP, read in /proc, stopped."""
import http.client
import os
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True
PORT = 18081
KEY = "sk_bench_0123456789abcdefghijklmnop"


def call(method, path, body=None, media_type=None):
    """Status and body of one request with the API key."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
    headers = {"Authorization": f"Bearer {KEY}", **({"Content-Type": media_type} if media_type else {})}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def start(binary, folder, **settings):
    """The process, and the milliseconds from starting it to the first 200 of /readyz."""
    environment = {**os.environ, "SKILLGATE_HTTP__LISTEN": f"127.0.0.1:{PORT}", "SKILLGATE_LOG__LEVEL": "warn", **settings}
    began = time.perf_counter()
    process = subprocess.Popen([binary, "serve"], cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    while time.perf_counter() - began < 20:
        try:
            if call("GET", "/readyz")[0] == 200:
                return process, (time.perf_counter() - began) * 1000
        except OSError:
            pass
        time.sleep(0.002)
    process.kill()
    raise SystemExit("the gateway did not become ready within 20 s")


def memory_mib(process, line):
    """VmRSS: resident now; VmHWM: the most so far."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return next(int(text.split()[1]) for text in status.splitlines() if text.startswith(f"{line}:")) / 1024


def stop(process):
    process.terminate()
    process.wait(timeout=40)
