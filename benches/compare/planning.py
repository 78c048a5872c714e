"""Problem and plan files, and a greedy plan to start from: what every other solver here shares."""

import argparse
import gzip
import hashlib
import json
import time

import numpy as np

BEGAN = time.monotonic()


class Unsupported(Exception):
    """The problem, or its size, is not for this solver."""


class Problem:
    """A problem file, with the legal starts and their costs of each task worked out.

    `starts[t]` are the slots in which task t may start (calendar, cutoff, release and deadline), ascending;
    `costs[t]` is the disruption of each. `room[g]` is how many tasks of group g may be down, slot by slot.
    """

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        self.sha256 = hashlib.sha256(data).hexdigest()
        document = json.loads(data)
        self.tasks = document["tasks"]
        self.slots = document["slots"]
        self.day_slots = 24 * 60 // document["slot_minutes"]
        self.calendars = document["calendars"]
        if document.get("visit_cost", 0):
            raise Unsupported("visit_cost is not in these models")
        for task in self.tasks:
            if task.get("after") or task.get("pinned") or task.get("current") is not None:
                raise Unsupported(f"{task['id']}: after, pinned and current are not in these models")

        self.duration = [task["duration"] for task in self.tasks]
        self.weight = [task["weight"] for task in self.tasks]
        self.trades = [np.concatenate(([0], np.cumsum(profile["cost"]))) for profile in document["profiles"]]
        self.starts, self.costs = [], []
        for task in self.tasks:
            starts = self.legal_starts(task)
            costs = np.zeros(len(starts), dtype=np.int64)
            if task.get("profile") is not None:
                running = self.trades[task["profile"]]
                costs = (running[starts + task["duration"]] - running[starts]) * task.get("volume", 0)
            self.starts.append(starts)
            self.costs.append(costs)

        self.members = [[] for _ in document["groups"]]
        for number, task in enumerate(self.tasks):
            for group in task["groups"]:
                self.members[group].append(number)
        self.room = []
        for group in document["groups"]:
            room = np.full(self.slots, group["cap"], dtype=np.int32)
            for begin, end, cap in group.get("caps", []):
                room[begin:end] = cap
            self.room.append(np.maximum(room - group.get("down", 0), 0))
        # A group whose members all fit at once says nothing.
        self.binding = [g for g, members in enumerate(self.members) if len(members) > self.room[g].min()]

    def legal_starts(self, task):
        calendar = self.calendars[task["calendar"]]
        duration, cutoff = task["duration"], calendar.get("cutoff", 0)
        runs = []
        for begin, end in calendar["open"]:
            first = max(begin, task["release"])
            last = min(end - max(duration, cutoff), task["deadline"] - duration)
            if first <= last:
                runs.append(np.arange(first, last + 1))
        return np.concatenate(runs) if runs else np.empty(0, dtype=np.int64)

    def room_runs(self, group):
        """The room of a group as runs of slots: (how many slots, how many tasks)."""
        room = self.room[group]
        edges = [0, *(np.flatnonzero(np.diff(room)) + 1).tolist(), self.slots]
        return [(end - begin, int(room[begin])) for begin, end in zip(edges, edges[1:])]

    def placeable_weight(self):
        """What could be placed if there were no groups."""
        return sum(weight for weight, starts in zip(self.weight, self.starts) if len(starts))

    def worth(self, plan):
        """Weight and disruption of a list of starts, None for no place."""
        weight = disruption = 0
        for task, start in enumerate(plan):
            if start is not None:
                at = np.searchsorted(self.starts[task], start)
                weight += self.weight[task]
                disruption += int(self.costs[task][at])
        return weight, disruption

    def greedy(self):
        """The best of three simple plans: each task in turn to its cheapest free place, by least choice or by
        earliest deadline; or to its earliest one, by earliest deadline. Then, three times, each task in turn to the
        cheapest place that is free."""
        choices = [len(starts) for starts in self.starts]
        by_choice = sorted(range(len(self.tasks)), key=lambda task: (choices[task], task))
        by_deadline = sorted(by_choice, key=lambda task: self.tasks[task]["deadline"])
        plans = [self._place_in_turn(by_choice, self.costs), self._place_in_turn(by_deadline, self.costs),
                 self._place_in_turn(by_deadline, self.starts)]
        plan = max(plans, key=lambda plan: (self.worth(plan)[0], -self.worth(plan)[1]))
        return self._place_in_turn(by_choice * 3, self.costs, plan)

    def _place_in_turn(self, order, prices, plan=None):
        """Each task of `order` leaves its place in `plan`, if it has one, for the one with the lowest price."""
        plan = list(plan) if plan else [None] * len(self.tasks)
        binding = set(self.binding)
        left = {group: self.room[group].copy() for group in binding}
        for task, start in enumerate(plan):
            for group in self.tasks[task]["groups"]:
                if start is not None and group in binding:
                    left[group][start:start + self.duration[task]] -= 1
        for task in order:
            groups = [group for group in self.tasks[task]["groups"] if group in binding]
            starts, duration = self.starts[task], self.duration[task]
            if plan[task] is not None:
                for group in groups:
                    left[group][plan[task]:plan[task] + duration] += 1
            full = np.zeros(self.slots + 1, dtype=np.int32)
            for group in groups:
                full[1:] |= left[group] <= 0
            blocked = np.cumsum(full)
            free = np.nonzero(blocked[starts + duration] == blocked[starts])[0]
            if len(free):
                start = int(starts[free[np.argmin(prices[task][free])]])
                plan[task] = start
                for group in groups:
                    left[group][start:start + duration] -= 1
        return plan

    def write_plan(self, plan, path):
        """Writes an offpeak.plan/1 file; the bounds in it are the trivial ones."""
        weight, disruption = self.worth(plan)
        visits = {(task["site"], self._night(task, start))
                  for task, start in zip(self.tasks, plan) if start is not None and task.get("site") is not None}
        unplaced = [{"task": task["id"], "reason": "budget_full" if len(starts) else "no_opening"}
                    for task, start, starts in zip(self.tasks, plan, self.starts) if start is None]
        total = sum(self.weight)
        document = {
            "format": "offpeak.plan/1", "problem_sha256": self.sha256, "starts": plan, "unplaced": unplaced,
            "metrics": {"tasks": len(plan), "placed": len(plan) - len(unplaced), "weight_placed": weight,
                        "weight_total": total, "moved": 0, "disruption": disruption, "visits": len(visits),
                        "bound": {"weight_upper": total, "disruption_lower": 0},
                        "solve_ms": 0, "bound_ms": 0, "peak_rss_mb": 0}}
        with open(path, "w") as file:
            json.dump(document, file)

    def _night(self, task, start):
        for begin, end in self.calendars[task["calendar"]]["open"]:
            if begin <= start < end:
                return begin // self.day_slots + (start - begin) // self.day_slots
        return start // self.day_slots


def main(solve):
    """Runs one solver: PROBLEM PLAN --limit SECONDS --workers N."""
    parser = argparse.ArgumentParser()
    parser.add_argument("problem")
    parser.add_argument("plan")
    parser.add_argument("--limit", type=float, required=True)
    parser.add_argument("--workers", type=int, required=True)
    arguments = parser.parse_args()

    def time_left():
        return max(1.0, arguments.limit - (time.monotonic() - BEGAN))

    try:
        problem = Problem(arguments.problem)
        plan = solve(problem, time_left, arguments.workers)
    except Unsupported as reason:
        raise SystemExit(f"not tried: {reason}")
    problem.write_plan(plan, arguments.plan)
