"""How long the server takes for every page, the main questions of the API, and an edit, with a fleet of any size and
thirty nights published.

    cargo build --release && python3 benches/served/run.py --terminals 1000000

It makes a fleet, imports it, plans and publishes through the command line, serves it, and follows every link that it
finds from the first page; one address of each kind is asked for --times times. The time is from the first byte sent to
the last byte read, on this machine.
"""

import argparse
import datetime
import html
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

TOKEN = "bench-bench-bench-bench"


def offpeak(binary, config, *arguments):
    done = subprocess.run([binary, "--config", config, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"offpeak {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """The server, and a connection to it."""

    def __init__(self, port):
        self.port = port
        self.connection = None

    def ask(self, method, path, body=None, headers=None):
        """The status, the answer, and the milliseconds that it took."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        everything = {"Authorization": f"Bearer {TOKEN}", **(headers or {})}
        if body is not None:
            body = json.dumps(body)
            everything["Content-Type"] = "application/json"
        start = time.perf_counter()
        self.connection.request(method, path, body, everything)
        answer = self.connection.getresponse()
        data = answer.read()
        return answer.status, data, (time.perf_counter() - start) * 1000


def seed(binary, folder, config, terminals):
    fleet = folder / "fleet"
    offpeak(binary, config, "fleet", "generate", "--terminals", str(terminals), "--seed", "3", "--out", str(fleet))
    offpeak(binary, config, "fleet", "import", *map(str, sorted(fleet.glob("*.csv"))))
    offpeak(binary, config, "window", "add", "0 1 * * *", "--for", "5h", "--cutoff", "30m")
    for grouping, percent in [("fleet", 3), ("region", 5), ("host", 5)]:
        offpeak(binary, config, "budget", "add", grouping, "--percent", str(percent))
    deadline = datetime.date.today() + datetime.timedelta(days=60)
    offpeak(binary, config, "campaign", "create", "inspection", "look", "--for", "15m", "--deadline", str(deadline))
    offpeak(binary, config, "plan", "create", "--effort", "fast", "--days", "34")
    offpeak(binary, config, "plan", "publish", "1")


def kind_of(path):
    """Addresses of one kind differ in numbers, keys and values alone."""
    path, _, query = path.partition("?")
    parts = ["*" if re.search(r"\d", part) else part for part in path.split("/")]
    return "/".join(parts) + "?" + "&".join(sorted(pair.split("=")[0] for pair in query.split("&") if pair))


def pages(server):
    """One address of each kind that can be reached from the first page."""
    known, waiting = {}, ["/"]
    while waiting and len(known) < 150:
        path = waiting.pop(0)
        if kind_of(path) in known:
            continue
        status, data, _ = server.ask("GET", path)
        known[kind_of(path)] = path
        if status != 200:
            print(f"  {path} answers {status}", file=sys.stderr)
            continue
        for link in re.findall(r'href="(/[^"#]*)', data.decode("utf-8", "replace")):
            link = html.unescape(link)
            if not link.startswith(("/api/", "/assets/", "/m/")):
                waiting.append(link)
    return list(known.values())


def questions(server):
    """The questions of the API, with what is there in place of the parameters."""
    document = json.loads(server.ask("GET", "/api/v1/openapi.json")[1])
    one = json.loads(server.ask("GET", "/api/v1/appointments?limit=1&state=planned,announced")[1])["items"][0]
    values = {"serial": one["serial"], "code": one["site_code"], "number": one["merchant_number"], "name": "look"}
    paths = []
    for path, item in document["paths"].items():
        if "get" not in item or path.endswith("/events") or "/export/" in path:
            continue
        values["id"] = str(one["id"]) if "/appointments/" in path else "1"
        filled = re.sub(r"\{(\w+)\}", lambda name: values.get(name[1], "1"), path)
        if server.ask("GET", filled)[0] == 200:
            paths.append(filled)
    return paths


def edits(server):
    """Edits, each of an appointment of its own."""
    later = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=10)).isoformat()
    query = f"/api/v1/appointments?state=planned,announced&limit=1000&from={later.replace('+', '%2B')}"
    rows = json.loads(server.ask("GET", query)[1])["items"]
    def move(row):
        shift = [{"id": row["id"], "shift_minutes": minutes} for minutes in (15,)]
        return "/api/v1/appointments/batch", {"action": "move", "items": shift, "dry_run": False}
    return rows, [
        ("pin", lambda row: (f"/api/v1/appointments/{row['id']}/pin", {})),
        ("move a slot later", move),
        ("where may it start (a day)", None),
        ("cancel", lambda row: (f"/api/v1/appointments/{row['id']}/cancel", {})),
    ]


def percentile(times, share):
    times = sorted(times)
    return times[min(len(times) - 1, int(len(times) * share))]


def row(what, times, limit):
    worst = percentile(times, 0.95)
    mark = "" if worst < limit else f" OVER {limit}"
    print(f"| {what} | {percentile(times, 0.5):.1f} | {worst:.1f}{mark} | {len(times)} |", flush=True)
    return worst < limit


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--terminals", type=int, default=1_000_000)
    arguments.add_argument("--times", type=int, default=20)
    arguments.add_argument("--binary", default="target/release/offpeak")
    arguments.add_argument("--database", help="postgres://… of an empty database; a SQLite file unless told")
    arguments.add_argument("--keep", help="a folder that is kept, and used again if it is filled")
    asked = arguments.parse_args()
    binary = str(pathlib.Path(asked.binary).resolve())
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(asked.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        config, port, filled = folder / "offpeak.toml", free_port(), folder / "filled"
        url = asked.database or f"sqlite://{folder / 'offpeak.db'}"
        config.write_text(f'database_url = "{url}"\napi_token = "{TOKEN}"\nlisten = "127.0.0.1:{port}"\n'
                          f'mail_url = "folder:{folder / "mail"}"\nannounce_ahead_minutes = 1440\n')
        if not filled.exists():
            start = time.perf_counter()
            seed(binary, folder, str(config), asked.terminals)
            filled.touch()
            print(f"seeded in {time.perf_counter() - start:.0f} s", file=sys.stderr)
        environment = {**os.environ, "OFFPEAK_LOG": "error"}
        process = subprocess.Popen([binary, "--config", str(config), "serve"], env=environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return measure(Server(port), asked.times)
        finally:
            process.terminate()
            process.wait()


def measure(server, times):
    for _ in range(300):
        try:
            if server.ask("GET", "/ready")[0] == 200:
                break
        except OSError:
            server.connection = None
            time.sleep(0.1)
    good = True
    print("| page or question | median ms | p95 ms | times |\n|---|---|---|---|")
    for path in pages(server) + questions(server):
        taken = [server.ask("GET", path)[2] for _ in range(times)]
        good &= row(path, taken, 150)
    print("\n| edit | median ms | p95 ms | times |\n|---|---|---|---|")
    rows, kinds = edits(server)
    for name, edit in kinds:
        taken = []
        while len(taken) < times and rows:
            one = rows.pop(0)
            if edit is None:
                status, _, took = server.ask("GET", f"/api/v1/appointments/{one['id']}/starts?from={one['starts_at']}")
            else:
                path, body = edit(one)
                status, _, took = server.ask("POST", path, body)
            # A move that the rules forbid is no edit.
            if status in (200, 409):
                taken.append(took)
        good &= row(name, taken, 50)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
