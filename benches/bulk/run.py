#!/usr/bin/env python3
"""Times import, plan and publish of a made-up fleet on SQLite and PostgreSQL, and beside each the bare rows.

    cargo build --release
    python3 benches/bulk/run.py --terminals 1000000 [--on sqlite,postgres] [--binary target/release/offpeak]

Bare rows are the very rows that the step has written, put into another empty database of the same schema: by
COPY in the binary format on PostgreSQL, by a prepared INSERT on SQLite (Python's executemany), in one transaction.
The PostgreSQL is a throw-away cluster with Debian's own settings (fsync included), reached over its socket.
Seconds are by the clock; those in brackets are of processor time (of the process that does it, without the server's).
Memory is the peak of the process that does it, without the server's.
"""

import argparse
import contextlib
import glob
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

# Rows of each step, parents first.
TABLES = {
    "import": ["merchant", "site", "terminal"],
    "plan": ["plan_item"],
    "publish": ["visit", "appointment", "appointment_work", "notice", "notice_visit"],
}
# What the rows refer to besides.
PARENTS = {"plan": ["plan"], "publish": ["programme", "campaign"]}

RULES = """
window add|0 1 * * *|--for|5h|--cutoff|30m
window add|30 23 * * *|--for|6h|--cutoff|30m|--scope|region:cn-east
blackout add|xmas|--from|2026-12-24|--to|2026-12-26
budget add|fleet|--percent|3
budget add|region|--percent|5
budget add|host|--percent|5
campaign create inspection|look|--for|15m|--deadline|2027-01-31
"""
CLOCK = "2026-11-23T09:00:00Z"


class Timed:
    def __init__(self, seconds, cpu_seconds, megabytes):
        self.seconds, self.cpu_seconds, self.megabytes = seconds, cpu_seconds, megabytes


def run(arguments, environment):
    """Runs a command in a process of its own; its time and the peak of its memory."""
    code = (
        "import resource, subprocess, sys, time\n"
        "start = time.monotonic()\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss)\n"
        "sys.exit(done.stderr if done.returncode else 0)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code, *arguments], env=environment, stdout=subprocess.PIPE, text=True)
    if answer.returncode != 0:
        sys.exit(f"{' '.join(arguments)} ended with {answer.returncode}")
    seconds, cpu_seconds, kilobytes = answer.stdout.split()
    return Timed(float(seconds), float(cpu_seconds), int(kilobytes) // 1024)


class Sqlite:
    name = "SQLite"

    def __init__(self, folder):
        self.folder = folder

    def url(self, database):
        return f"sqlite:{self.folder}/{database}.db"

    def ask(self, database, question):
        with contextlib.closing(sqlite3.connect(f"{self.folder}/{database}.db")) as source:
            return source.execute(question).fetchall()

    def change(self, database, statements):
        with contextlib.closing(sqlite3.connect(f"{self.folder}/{database}.db")) as target:
            target.executescript(f"BEGIN; {statements} COMMIT;")

    def copy(self, tables):
        source = sqlite3.connect(f"{self.folder}/whole.db")
        target = sqlite3.connect(f"{self.folder}/bare.db", isolation_level=None)
        target.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536;")
        rows = {table: source.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
        start, cpu_start = time.monotonic(), time.process_time()
        target.execute("BEGIN IMMEDIATE")
        for table in tables:
            if rows[table]:
                places = ", ".join("?" * len(rows[table][0]))
                target.executemany(f"INSERT INTO {table} VALUES ({places})", rows[table])
        target.execute("COMMIT")
        bare = Timed(time.monotonic() - start, time.process_time() - cpu_start, None)
        source.close()
        target.close()
        return bare, sum(len(rows[table]) for table in tables)

    def stop(self):
        pass


class Postgres:
    name = "PostgreSQL"

    def __init__(self, folder):
        self.folder = f"{folder}/pg"
        known = os.path.exists(self.folder)
        os.makedirs(self.folder, exist_ok=True)
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.as_user = []
        self.user = subprocess.check_output(["id", "-un"], text=True).strip()
        if os.getuid() == 0:
            self.as_user, self.user = ["runuser", "-u", "postgres", "--"], "postgres"
            os.chmod(folder, 0o755)
            shutil.chown(self.folder, "postgres")
        data = f"{self.folder}/data"
        if not known:
            self.tool("initdb", "-A", "trust", "-E", "UTF8", "--locale=C", "-D", data)
        self.tool("pg_ctl", "-D", data, "-l", f"{self.folder}/log", "-w", "-o",
                  f"-c listen_addresses= -c unix_socket_directories={self.folder}", "start")
        for database in [] if known else ["whole", "bare"]:
            self.tool("createdb", "-h", self.folder, database)

    def tool(self, name, *arguments):
        subprocess.run([*self.as_user, f"{self.bin}/{name}", *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def psql(self, database, statements):
        answer = subprocess.run([*self.as_user, f"{self.bin}/psql", "-h", self.folder, "-X", "-q", "-v", "ON_ERROR_STOP=1",
                                 "-At", "-d", database], input=statements, text=True, stdout=subprocess.PIPE, check=True, cwd="/")
        return answer.stdout

    def ask(self, database, question):
        return [line.split("|") for line in self.psql(database, question + ";").splitlines()]

    def change(self, database, statements):
        self.psql(database, f"BEGIN; SET LOCAL offpeak.audit = 'copied'; {statements} COMMIT;")

    def url(self, database):
        return f"postgres://{self.user}@{self.folder.replace('/', '%2F')}/{database}"

    def copy(self, tables):
        rows = 0
        for table in tables:
            self.psql("whole", f"COPY {table} TO '{self.folder}/{table}.copy' (FORMAT binary)")
            rows += int(self.psql("whole", f"SELECT count(*) FROM {table}"))
        copies = "; ".join(f"COPY {table} FROM '{self.folder}/{table}.copy' (FORMAT binary)" for table in tables)
        start = time.monotonic()
        self.psql("bare", f"BEGIN; {copies}; COMMIT")
        # The work is the server's: its processor time is not seen here.
        bare = Timed(time.monotonic() - start, None, None)
        for table in tables:
            os.remove(f"{self.folder}/{table}.copy")
        return bare, rows

    def stop(self):
        self.tool("pg_ctl", "-D", f"{self.folder}/data", "-m", "fast", "-w", "stop")


def measure(database, binary, fleet, environment):
    offpeak = lambda name, words: run([binary, *words, "--database", database.url(name)], environment)
    offpeak("bare", ["fleet", "summary"])
    commands = {
        "import": ["fleet", "import", *sorted(glob.glob(f"{fleet}/*.csv"))],
        "plan": ["plan", "create", "--effort", "fast"],
        "publish": ["plan", "publish", "1"],
    }
    for step, words in commands.items():
        timed = offpeak("whole", words)
        if step in PARENTS:
            database.copy(PARENTS[step])
        bare, rows = database.copy(TABLES[step])
        bare_text, times = f"{bare.seconds:.1f} s", f"{timed.seconds / bare.seconds:.1f}"
        if bare.cpu_seconds is not None:
            bare_text += f" ({bare.cpu_seconds:.1f} s)"
            times += f" ({timed.cpu_seconds / bare.cpu_seconds:.1f})"
        print(f"| {database.name} | {step} | {rows:,} | {timed.seconds:.1f} s ({timed.cpu_seconds:.1f} s) | "
              f"{timed.megabytes:,} MB | {bare_text} | {times} |", flush=True)
        if step == "import":
            for line in RULES.strip().splitlines():
                words = line.split("|")
                offpeak("whole", [*words[0].split(), *words[1:]])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--terminals", type=int, default=100_000)
    parser.add_argument("--on", default="sqlite,postgres")
    parser.add_argument("--binary", default="target/release/offpeak")
    parser.add_argument("--keep", action="store_true", help="leave the folder")
    arguments = parser.parse_args()
    binary = str(pathlib.Path(arguments.binary).resolve())
    folder = tempfile.mkdtemp(prefix="offpeak-bulk-")
    environment = {**os.environ, "OFFPEAK_CLOCK": CLOCK, "OFFPEAK_MAIL_URL": f"folder:{folder}/mail"}
    environment.pop("OFFPEAK_SERVER", None)
    try:
        fleet = f"{folder}/fleet"
        run([binary, "fleet", "generate", "--terminals", str(arguments.terminals), "--seed", "3", "--out", fleet], environment)
        print("| database | step | rows | seconds (CPU) | memory | bare rows | times |\n|---|---|---|---|---|---|---|", flush=True)
        for name in arguments.on.split(","):
            database = {"sqlite": Sqlite, "postgres": Postgres}[name](folder)
            try:
                measure(database, binary, fleet, environment)
            finally:
                database.stop()
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
