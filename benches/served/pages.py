#!/usr/bin/env python3
"""Times every page, every list of the API and the edits of a served fleet, on SQLite and PostgreSQL.

    cargo build --release --features postgres-tls
    python3 benches/served/pages.py --terminals 1000000 [--on sqlite,postgres] [--requests 120] [--folder DIR]

The fleet is imported, planned and published by the program itself, work for thirty nights; then, by SQL, the clock is
turned to the sixth of these nights: what lies behind is done or has failed, what is near is announced, its mails are
accepted, some were refused, some terminals are locked, and half a million earlier entries lie on the audit trail. Then
`offpeak serve` serves it, and one client after the other asks for each page with other parameters each time. Before
every fifth question an appointment is edited, so that nothing is answered from memory that would not be in a busy night.
Times are of the client, from the first byte sent to the last one read, over the loopback interface.

With --folder the databases are kept there and are not seeded again if they are there already.
"""

import argparse
import http.client
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bulk"))
from run import Postgres, Sqlite, run

SEED_CLOCK = "2026-11-23T09:00:00Z"
NOW = "2026-12-01T18:30:00Z"
NOW_MICROS = 1_796_149_800_000_000
HOUR = 3_600_000_000
NIGHTS = [f"2026-11-{day}" for day in range(27, 31)] + [f"2026-12-{day:02}" for day in range(1, 26)]
TRAIL_ENTRIES = 500_000
PAGE_MS_MAX, EDIT_MS_MAX = 150, 50

RULES = """
window add|0 1 * * *|--for|5h|--cutoff|30m
window add|30 23 * * *|--for|6h|--cutoff|30m|--scope|region:cn-east
blackout add|xmas|--from|2026-12-24|--to|2026-12-26
budget add|fleet|--count|{fleet}
budget add|region|--percent|5
budget add|host|--percent|5
budget add|carrier|--percent|5
budget add|cell|--percent|50
budget add|site|--percent|50|--keep|1
campaign create inspection|look|--for|30m|--deadline|2026-12-27
"""

# What the plan has published is moved into the middle of its thirty nights.
SETTLE = f"""
UPDATE appointment SET state = CASE WHEN id % 40 = 0 THEN 'failed' ELSE 'done' END, closed_at = ends_at,
    announced_at = created_at WHERE ends_at <= {NOW_MICROS};
UPDATE appointment SET state = 'running', announced_at = created_at
    WHERE starts_at <= {NOW_MICROS} AND ends_at > {NOW_MICROS};
UPDATE appointment SET state = 'announced', announced_at = created_at
    WHERE starts_at > {NOW_MICROS} AND starts_at < {NOW_MICROS + 7 * 24 * HOUR}
    AND visit_id % 200 <> 0 AND NOT EXISTS (SELECT 1 FROM visit v JOIN merchant m ON m.id = v.merchant_id
        WHERE v.id = appointment.visit_id AND m.email IS NULL);
UPDATE notice SET state = CASE WHEN id % 300 = 0 THEN 'failed' WHEN id % 300 = 1 THEN 'bounced' ELSE 'accepted' END,
    attempts = 1, accepted_at = send_after, subject = 'Maintenance of your terminals', envelope_from = 'bounce@offpeak.example',
    last_error = CASE WHEN id % 300 < 2 THEN '550 5.1.1 no such user' END
    WHERE send_after <= {NOW_MICROS} AND next_attempt_at <= {NOW_MICROS} AND state = 'queued';
INSERT INTO terminal_lock (id, terminal_id, appointment_id, state, cause, opened_at, opened_by, closed_at)
    SELECT id, terminal_id, id, CASE WHEN id % 400 = 0 THEN 'reported' ELSE 'confirmed' END, 'the update failed',
    ends_at, 'tms', CASE WHEN id % 400 = 0 THEN NULL ELSE ends_at + {HOUR} END FROM appointment WHERE state = 'failed';
INSERT INTO campaign (id, name, state, work, selector, duration_minutes, priority, notice_lead_minutes, release_at,
        deadline_at, programme_id, created_at)
    SELECT n.id + 1, 'work-' || n.id, CASE WHEN n.id % 7 = 0 THEN 'active' ELSE 'completed' END, c.work,
    CASE WHEN n.id % 7 = 0 THEN 'merchant = "' || n.number || '"' ELSE c.selector END,
    c.duration_minutes, c.priority, c.notice_lead_minutes, c.release_at, c.deadline_at, NULL, c.created_at
    FROM campaign c, (SELECT id, number FROM merchant WHERE id <= 60) n WHERE c.name = 'look';
UPDATE appointment_work SET campaign_id = 2 + appointment_id % 60, title = 'work-' || (1 + appointment_id % 60)
    WHERE appointment_id % 2 = 0;
INSERT INTO campaign_wave (campaign_id, number, share, soak_minutes, success_percent_min, sample_min, state, opened_at,
        counted_from, closed_at)
    SELECT c.id, n.id, CASE n.id WHEN 1 THEN '1%' WHEN 2 THEN '10%' ELSE 'rest' END, 1440, 90, 10,
    CASE n.id WHEN 3 THEN 'open' ELSE 'passed' END, c.created_at, c.created_at,
    CASE n.id WHEN 3 THEN NULL ELSE {NOW_MICROS - 24 * HOUR} END
    FROM campaign c, (SELECT id FROM merchant WHERE id <= 3) n WHERE c.name = 'look';
INSERT INTO wave_member (campaign_id, terminal_id, wave)
    SELECT c.id, t.id, CASE WHEN t.id % 100 = 0 THEN 1 ELSE 2 END FROM campaign c, terminal t
    WHERE c.name = 'look' AND (t.id % 100 = 0 OR t.id % 10 = 1);
INSERT INTO suppression (address, reason, since)
    SELECT lower(email), 'it does not exist', {NOW_MICROS - 48 * HOUR} FROM merchant
    WHERE email IS NOT NULL AND id % 500 = 0 GROUP BY lower(email);
"""

# Entries from before the trail was chained: the chain itself is the program's.
TRAIL = f"""
INSERT INTO audit (id, at, actor, action, subject, after, reason)
    WITH RECURSIVE entry (id) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT id + 1 FROM entry WHERE id < {TRAIL_ENTRIES})
    SELECT id, {NOW_MICROS - 400 * 24 * HOUR} + id * 60000000,
    CASE id % 50 WHEN 0 THEN 'user:ana' WHEN 1 THEN 'user:ben' ELSE 'token:tms' END,
    CASE id % 9 WHEN 0 THEN 'appointment.move' WHEN 1 THEN 'merchant.change' ELSE 'appointment.state' END,
    'appointment ' || id, '"done"', CASE WHEN id % 11 = 0 THEN 'the merchant has asked for it' END FROM entry;
"""


def seed(database, binary, folder, environment, terminals):
    environment = {**environment, "OFFPEAK_CLOCK": SEED_CLOCK}
    offpeak = lambda *words: run([binary, *words, "--database", database.url("whole")], environment)
    fleet = f"{folder}/fleet"
    if not os.path.exists(fleet):
        run([binary, "fleet", "generate", "--terminals", str(terminals), "--seed", "3", "--out", fleet], environment)
    offpeak("migrate", "up")
    database.change("whole", TRAIL)
    database.change("whole", next_ids(database, ["audit"]))
    steps = [("import", ["fleet", "import", *(f"{fleet}/{name}.csv" for name in ["merchants", "sites", "terminals"])])]
    # Four per cent of the fleet a night, in ten half hours.
    for line in RULES.format(fleet=max(terminals * 4 // 1000, 1)).strip().splitlines():
        words = line.split("|")
        steps.append((words[0], [*words[0].split(), *words[1:]]))
    steps += [("plan", ["plan", "create", "--effort", "fast"]), ("publish", ["plan", "publish", "1"])]
    for name, words in steps:
        timed = offpeak(*words)
        if timed.seconds > 1:
            print(f"{database.name}: {name} took {timed.seconds:.0f} s", file=sys.stderr, flush=True)
    database.change("whole", SETTLE)
    database.change("whole", next_ids(database, ["campaign", "terminal_lock"]))
    offpeak("plan", "create", "--effort", "fast")
    if database.name == "PostgreSQL":
        # What its autovacuum does within a minute.
        database.psql("whole", "VACUUM ANALYZE;")
    for name in ["ana", "ben", *(f"operator{number}" for number in range(20))]:
        offpeak("user", "add", name, "--role", "operator")
    for number in range(40):
        offpeak("token", "create", f"tms-{number}", "--role", "operator")


def next_ids(database, tables):
    """The statements after which the program gives out numbers above those that are taken."""
    if database.name == "SQLite":
        return "".join(f"UPDATE id_sequence SET next_id = (SELECT max(id) + 1 FROM {table}) WHERE name = '{table}';"
                       for table in tables)
    return "".join(f"SELECT setval('{table}_id', (SELECT max(id) FROM {table}));" for table in tables)


class Server:
    def __init__(self, database, binary, folder, environment):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        environment = {**environment, "OFFPEAK_CLOCK": NOW, "OFFPEAK_API_TOKEN": "the token of this bench",
                       "OFFPEAK_LOG": "warn"}
        self.process = subprocess.Popen([binary, "serve", "--listen", f"127.0.0.1:{self.port}", "--database", database.url("whole")],
                                        env=environment, stdout=subprocess.DEVNULL)
        self.connection = None
        for _ in range(600):
            try:
                if self.ask("GET", "/ready")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        sys.exit("the server does not come up")

    def ask(self, method, path, body=None):
        """Status, seconds, bytes."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = {"Authorization": "Bearer the token of this bench"}
        if body is not None:
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        start = time.perf_counter()
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            content = answer.read()
        except (http.client.HTTPException, OSError):
            self.connection = None
            raise
        return answer.status, time.perf_counter() - start, content

    def memory_mb(self, field):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) // 1024 for line in status if line.startswith(field))

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Samples:
    """Things of the fleet to ask for, another one each time."""

    def __init__(self, database, dice):
        self.dice = dice
        some = lambda sql: [row[0] for row in database.ask("whole", sql)]
        step = lambda table: max(int(some(f"SELECT max(id) FROM {table}")[0]) // 400, 1)
        every = lambda table, column: some(
            f"SELECT {column} FROM {table} WHERE id IN ({', '.join(str(1 + number * step(table)) for number in range(400))})")
        self.serials, self.sites, self.merchants = every("terminal", "serial"), every("site", "code"), every("merchant", "number")
        self.names, self.notices = every("merchant", "name"), every("notice", "id")
        self.tids, self.cells = every("terminal", "tid"), [cell for cell in every("terminal", "cell") if cell]
        self.regions = some("SELECT DISTINCT region FROM site")
        self.campaigns = some("SELECT name FROM campaign")
        self.plans = some("SELECT id FROM plan WHERE state <> 'failed'")
        self.visits = every("visit", "id")
        self.big = some("SELECT m.number FROM merchant m JOIN site s ON s.merchant_id = m.id GROUP BY m.number ORDER BY count(*) DESC LIMIT 40")
        self.movable = some(f"SELECT id FROM appointment WHERE state IN ('planned', 'announced') AND starts_at > {NOW_MICROS + 8 * 24 * HOUR}")
        dice.shuffle(self.movable)

    def __getattr__(self, name):
        return lambda: urllib.parse.quote(str(self.dice.choice(self.__dict__[f"{name}s"])), safe="")

    def night(self):
        return self.dice.choice(NIGHTS)

    def state(self):
        return self.dice.choice(["planned", "announced", "done", "failed", "running"])

    def after(self, keys):
        return urllib.parse.quote(self.dice.choice(keys), safe="")


def pages(s):
    """What is asked for, by name: a path with other parameters each time."""
    choice = s.dice.choice
    q = urllib.parse.quote
    beginning = lambda: q(choice([choice(s.serials)[:6], choice(s.sites)[:5], choice(s.names)[:4], choice(s.tids)[:5], choice(s.merchants)[:4]]))
    words = lambda: q(choice(["market", "hotel", "zzzz", "Fil", "bak", "store", "0042"]))
    notice_state = lambda: choice(["queued", "accepted", "failed", "bounced", "deferred", "expired"])
    grouping = lambda: choice(["region", "host", "carrier", "cell", "model"])
    instant = lambda hour: f"{s.night()}T{hour:02}:00:00Z"
    return {
        "/": lambda: choice(["/", f"/?night={s.night()}"]),
        "/schedule hours": lambda: f"/schedule?night={s.night()}",
        "/schedule nights": lambda: f"/schedule?night={s.night()}&nights={choice([7, 14, 30])}",
        "/schedule region": lambda: f"/schedule?night={s.night()}&region={s.region()}&nights={choice([1, 7])}",
        "/schedule state": lambda: f"/schedule?night={s.night()}&state={s.state()}",
        "/schedule campaign": lambda: f"/schedule?night={s.night()}&campaign={s.campaign()}",
        "/schedule search": lambda: f"/schedule?night={s.night()}&nights=30&q={choice([s.site, s.serial, s.merchant])()}",
        "/schedule every site": lambda: f"/schedule?night={s.night()}&every_site=yes&nights={choice([1, 7])}",
        "/load fleet": lambda: f"/load?by=fleet&night={s.night()}&nights={choice([1, 7, 14, 30])}",
        "/load one night": lambda: f"/load?by={grouping()}&night={s.night()}",
        "/load nights": lambda: f"/load?by={grouping()}&night={NIGHTS[0]}&nights={choice([7, 14, 30])}",
        "/load.svg": lambda: f"/load.svg?by={grouping()}&night={s.night()}",
        "/load.csv": lambda: f"/load.csv?by={grouping()}&night={s.night()}",
        "/appointments": lambda: f"/appointments?night={s.night()}",
        "/appointments group": lambda: f"/appointments?night={s.night()}&group={choice(['region:' + s.region(), 'cell:' + s.cell(), 'site:' + s.site()])}",
        "/appointments filters": lambda: f"/appointments?state={s.state()}&campaign={s.campaign()}&night={s.night()}",
        "/campaigns": lambda: "/campaigns",
        "/campaigns/{name}": lambda: f"/campaigns/{s.campaign()}",
        "/campaigns/new": lambda: "/campaigns/new",
        "/plans": lambda: "/plans",
        "/plans/{id}": lambda: f"/plans/{s.plan()}",
        "/plans/{id}/changes": lambda: f"/plans/{s.plan()}/changes",
        "/fleet": lambda: "/fleet",
        "/fleet search": lambda: f"/fleet?q={beginning()}",
        "/merchants/{number}": lambda: f"/merchants/{s.merchant()}",
        "/merchants/{number} large": lambda: f"/merchants/{q(choice(s.big), safe='')}",
        "/sites/{code}": lambda: f"/sites/{s.site()}",
        "/terminals/{serial}": lambda: f"/terminals/{s.serial()}",
        "/notices": lambda: "/notices",
        "/notices state": lambda: f"/notices?state={notice_state()}",
        "/notices filters": lambda: f"/notices?kind={choice(['announcement', 'moved', 'reminder', 'locked'])}&state={notice_state()}&merchant={choice(['', s.merchant()])}",
        "/notices/{id}": lambda: f"/notices/{s.notice()}",
        "/unreached": lambda: "/unreached",
        "/windows": lambda: "/windows", "/budgets": lambda: "/budgets", "/blackouts": lambda: "/blackouts",
        "/programmes": lambda: "/programmes", "/users": lambda: "/users", "/tokens": lambda: "/tokens",
        "/approvals": lambda: "/approvals",
        "/audit": lambda: "/audit",
        "/audit filters": lambda: "/audit?" + choice([f"actor={q(choice(['user:ana', 'user:nobody', 'token:tms']))}",
            f"action={choice(['appointment.move', 'merchant', 'plan.publish', 'webhook'])}",
            f"subject={q('appointment ' + str(s.dice.randrange(1, 500000)))}",
            f"from=2026-{choice(['03', '06', '09'])}-01&to=2026-{choice(['03', '06', '09'])}-02",
            f"actor=user%3Aana&action=merchant.change&from=2026-05-01"]),
        "/audit text": lambda: f"/audit?q={q(choice(['merchant has asked', 'nowhere to be found', 'appointment 4711', 'plan.publish']))}",
        "API tonight": lambda: "/api/v1/tonight",
        "API load": lambda: "/api/v1/load?days=" + str(choice([1, 14, 30])),
        "API fleet": lambda: "/api/v1/fleet",
        "API merchants": lambda: f"/api/v1/merchants?after={s.after(s.merchants)}",
        "API sites": lambda: f"/api/v1/sites?after={s.after(s.sites)}",
        "API terminals": lambda: f"/api/v1/terminals?after={s.after(s.serials)}",
        "API merchants q": lambda: f"/api/v1/merchants?q={words()}",
        "API sites q": lambda: f"/api/v1/sites?q={words()}",
        "API terminals q": lambda: f"/api/v1/terminals?q={words()}",
        "API search": lambda: f"/api/v1/fleet/search?q={beginning()}",
        "API terminal": lambda: f"/api/v1/terminals/{s.serial()}",
        "API appointments": lambda: f"/api/v1/appointments?from={instant(0)}&limit={choice([25, 100])}",
        "API appointments filters": lambda: "/api/v1/appointments?" + choice([f"state={s.state()}", f"campaign={s.campaign()}",
            f"serial={s.serial()}", f"site={s.site()}", f"group=region:{s.region()}&from={instant(1)}&to={instant(5)}", f"group=cell:{s.cell()}",
            f"group={q(choice(['host:host-1', 'carrier:none', 'model:none']), safe=':')}"]),
        "API starts": lambda: f"/api/v1/appointments/{choice(s.movable)}/starts",
        "API campaigns": lambda: "/api/v1/campaigns",
        "API campaign": lambda: f"/api/v1/campaigns/{s.campaign()}",
        "API plans": lambda: "/api/v1/plans",
        "API plan": lambda: f"/api/v1/plans/{s.plan()}",
        "API plan items": lambda: f"/api/v1/plans/1/items?after={s.dice.randrange(900000)}",
        "API plan unplaced": lambda: "/api/v1/plans/1/items?unplaced=true",
        "API notices": lambda: f"/api/v1/notices?state={notice_state()}&merchant={choice(['', s.merchant()])}",
        "API notices stats": lambda: "/api/v1/notices/stats",
        "API unreached": lambda: "/api/v1/unreached",
        "API locks": lambda: "/api/v1/locks",
        "API suppressions": lambda: "/api/v1/suppressions",
        "API answers": lambda: "/api/v1/answers",
        "API windows": lambda: "/api/v1/windows",
        "API audit": lambda: f"/api/v1/audit?after={s.dice.randrange(1000, 400000)}",
        "API whoami": lambda: "/api/v1/whoami",
    }


def edits(server, s):
    """The edits: each finds a request beforehand, which is then timed alone."""
    def starts_of(number):
        status, _, content = server.ask("GET", f"/api/v1/appointments/{number}/starts?from={s.night()}T00:00:00Z")
        runs = json.loads(content).get("runs", []) if status == 200 else []
        return [run["from"] for run in runs if run["legal"]]

    def move():
        while True:
            number = s.movable.pop()
            legal = starts_of(number)
            if legal:
                return "POST", f"/api/v1/appointments/{number}/move", {"at": s.dice.choice(legal), "reason": "the merchant has asked"}

    def refused():
        return "POST", f"/api/v1/appointments/{s.movable.pop()}/move", {"at": f"{s.night()}T12:00:00Z"}

    window = json.loads(server.ask("GET", "/api/v1/windows/1")[2])

    def edit_window():
        window["duration_minutes"] = s.dice.choice([270, 285, 300])
        fields = ["scope", "cron", "duration_minutes", "cutoff_minutes", "time_zone"]
        return "PUT", "/api/v1/windows/1", {field: window.get(field) for field in fields}

    def batch():
        items = [{"id": int(number)} for number in s.dice.sample(s.movable, 20)]
        return "POST", "/api/v1/appointments/batch", {"action": s.dice.choice(["pin", "unpin"]), "items": items}

    return {
        "move an appointment": move,
        "move, refused": refused,
        "pin": lambda: ("POST", f"/api/v1/appointments/{s.dice.choice(s.movable)}/pin", {}),
        "cancel": lambda: ("POST", f"/api/v1/appointments/{s.movable.pop()}/cancel", {"reason": "closed"}),
        "pin 20 at once": batch,
        "edit a window": edit_window,
        "budget": lambda: ("PUT", "/api/v1/budgets/2", {"grouping": "region", "limit": {"percent": s.dice.randrange(5, 9)}, "min": 1, "keep": 0}),
        "report a lock": lambda: ("POST", "/api/v1/locks", {"serial": urllib.parse.unquote(s.serial()), "cause": "dead"}),
        "change a merchant": lambda: ("PATCH", f"/api/v1/merchants/{s.merchant()}", {"phone": f"+86 {s.dice.randrange(10**8)}"}),
    }


def row_of(name, times, expected_ms, wrong):
    first, times = times[0] * 1000, sorted(seconds * 1000 for seconds in times)
    at = lambda share: times[min(int(len(times) * share), len(times) - 1)]
    late = "" if at(0.95) <= expected_ms else " **"
    print(f"| {name} | {first:.1f} | {at(0.5):.1f} | {at(0.95):.1f}{late} | {times[-1]:.1f} | {wrong} |", flush=True)
    return at(0.95) <= expected_ms


def measure(database, binary, folder, environment, arguments):
    s = Samples(database, random.Random(11))
    server = Server(database, binary, folder, environment)
    held = True
    first = server.ask("GET", "/")[1]
    # What a server reads ahead when it starts.
    time.sleep(arguments.settle)
    try:
        print(f"\n{database.name}: the first page after {first:.1f} s\n\n| what | first ms | p50 ms | p95 ms | most ms | refused |\n|---|---|---|---|---|---|", flush=True)
        for name, path in pages(s).items():
            if arguments.only not in name:
                continue
            times, wrong = [], 0
            for number in range(arguments.requests):
                if number % 5 == 4:
                    pin = s.dice.choice(["pin", "unpin"])
                    server.ask("POST", f"/api/v1/appointments/{s.dice.choice(s.movable)}/{pin}", {})
                status, seconds, content = server.ask("GET", path())
                wrong += status != 200
                if status >= 500 or (status != 200 and wrong == 1):
                    print(f"{name}: {status} {content[:300]}", file=sys.stderr)
                times.append(seconds)
            held &= row_of(name, times, PAGE_MS_MAX, wrong)
        for name, prepare in edits(server, s).items():
            if arguments.only not in name:
                continue
            times, wrong = [], 0
            for _ in range(arguments.requests):
                status, seconds, content = server.ask(*prepare())
                wrong += status >= 400
                if status >= 500 or (status >= 400 and wrong == 1):
                    print(f"{name}: {status} {content[:300]}", file=sys.stderr)
                times.append(seconds)
            held &= row_of(name, times, EDIT_MS_MAX, wrong)
        print(f"\nmemory of the server: {server.memory_mb('RssAnon')} MB of its own in the end; at most "
              f"{server.memory_mb('VmHWM')} MB, pages of the database file that it has mapped included", flush=True)
    finally:
        server.stop()
    return held


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--terminals", type=int, default=100_000)
    parser.add_argument("--on", default="sqlite,postgres")
    parser.add_argument("--requests", type=int, default=120)
    parser.add_argument("--binary", default="target/release/offpeak")
    parser.add_argument("--folder", help="where the databases are kept")
    parser.add_argument("--settle", type=float, default=10, help="seconds for what a server reads ahead when it starts")
    parser.add_argument("--only", default="", help="only what has this in its name")
    arguments = parser.parse_args()
    binary = str(pathlib.Path(arguments.binary).resolve())
    folder = arguments.folder or tempfile.mkdtemp(prefix="offpeak-served-")
    os.makedirs(folder, exist_ok=True)
    environment = {**os.environ, "OFFPEAK_MAIL_URL": f"folder:{folder}/mail"}
    environment.pop("OFFPEAK_SERVER", None)
    held = True
    try:
        for name in arguments.on.split(","):
            database = {"sqlite": Sqlite, "postgres": Postgres}[name](folder)
            try:
                seeded = pathlib.Path(folder) / f"{name}-{arguments.terminals}.seeded"
                if not seeded.exists():
                    seed(database, binary, folder, environment, arguments.terminals)
                    seeded.touch()
                held &= measure(database, binary, folder, environment, arguments)
            finally:
                database.stop()
    finally:
        if not arguments.folder:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if held else "** is over 150 ms (a page, a list) or 50 ms (an edit)")


main()
