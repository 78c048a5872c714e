"""Runs Offpeak and other solvers on the same problem files, has every answer verified, and prints a Markdown table.

benches/compare/run calls this in an environment that has the solvers.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
# What a solver may take beyond its limit to get ready and to write its answer.
GRACE_SECONDS = 120
SOLVERS = ["offpeak-standard", "offpeak-best", "greedy", "cpsat", "cpsat-presolve", "timefold", "highs"]
SCRIPTS = {"greedy": "greedy.py", "cpsat": "cpsat.py", "cpsat-presolve": "cpsat.py", "timefold": "timefold_moves.py",
           "highs": "highs.py"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("problems", nargs="+", metavar="PROBLEM", help="problem files")
    parser.add_argument("--limits", default="60", help="seconds, with commas (default: 60)")
    parser.add_argument("--solvers", default=",".join(SOLVERS), help="with commas (default: all)")
    parser.add_argument("--workers", type=int, default=2, help="threads (default: 2)")
    parser.add_argument("--offpeak", default=str(HERE.parents[1] / "target/release/offpeak"), help="the binary")
    arguments = parser.parse_args()
    solvers = arguments.solvers.split(",")
    unknown = set(solvers) - set(SOLVERS)
    if unknown:
        parser.error(f"unknown solvers {sorted(unknown)}; there are {', '.join(SOLVERS)}")

    print("| problem | solver | limit | placed weight | of | disruption | seconds | CPU seconds | peak MB | verified |")
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for problem in arguments.problems:
            for limit in arguments.limits.split(","):
                for solver in solvers:
                    cells = run(arguments, problem, solver, limit, pathlib.Path(folder) / "plan.json")
                    name = pathlib.Path(problem).name.removesuffix(".gz").removesuffix(".json")
                    print("|", " | ".join([name, solver, limit, *cells]), "|", flush=True)


def run(arguments, problem, solver, limit, plan):
    """One row, from the placed weight on."""
    plan.unlink(missing_ok=True)
    if solver in SCRIPTS:
        command = [sys.executable, str(HERE / SCRIPTS[solver]), problem, str(plan), "--limit", limit,
                   "--workers", str(arguments.workers)]
    else:
        command = [arguments.offpeak, "solve", problem, "-o", str(plan), "--effort", solver.removeprefix("offpeak-"),
                   "--time-limit", limit, "--threads", str(arguments.workers), "--quiet"]
    environment = {**os.environ, "CPSAT_PRESOLVE": "1"} if solver == "cpsat-presolve" else None
    with tempfile.TemporaryFile("w+") as errors:
        began = time.monotonic()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
        status, usage = wait(child, began + float(limit) + GRACE_SECONDS)
        seconds = time.monotonic() - began
        errors.seek(0)
        said = errors.read().strip().splitlines()
    cost = [f"{seconds:.1f}", f"{usage.ru_utime + usage.ru_stime:.1f}", f"{usage.ru_maxrss / 1024:.0f}"]
    if status != 0 or not plan.exists():
        late = seconds >= float(limit) + GRACE_SECONDS
        why = "no answer in time" if late else said[-1] if said else f"ended with {status}"
        return ["-", "-", "-", *cost, why.replace("|", "/")]
    metrics = json.loads(plan.read_text())["metrics"]
    verdict = subprocess.run([arguments.offpeak, "verify", problem, str(plan)], capture_output=True, text=True)
    verified = "yes" if verdict.returncode == 0 else "NO: " + (verdict.stdout or verdict.stderr).splitlines()[0]
    return [str(metrics["weight_placed"]), str(metrics["weight_total"]), str(metrics["disruption"]), *cost, verified]


def wait(child, until):
    """The exit status and the resources of the child alone; it is killed when its time is up."""
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode, usage
        if time.monotonic() > until:
            child.kill()
            until = float("inf")
        time.sleep(0.02)


if __name__ == "__main__":
    main()
