"""Timefold (its Python edition): each task has one planning variable, its start, from its legal ones, or none.

Hard score: tasks over a cap, in each slot. Medium: weight without a place. Soft: disruption. The score is kept by an
incremental calculator, which makes nearly twice as many moves a second here as constraint streams. The greedy plan is
the first solution, so there is no construction phase. The free edition searches on one thread, whatever is asked for.

A start is its place in the list of all starts that its calendar allows for its duration: release and deadline cut a
piece out of that list, so that a range says it all, and lists are few enough to be carried into the JVM.
"""

from dataclasses import dataclass, field
from typing import Annotated, Optional

import numpy as np
from timefold.solver import SolverFactory
from timefold.solver.config import (Duration, EnvironmentMode, ScoreDirectorFactoryConfig, SolverConfig,
                                    SolverConfigOverride, TerminationConfig)
from timefold.solver.domain import (CountableValueRange, PlanningEntityCollectionProperty, PlanningId, PlanningScore,
                                    PlanningVariable, ValueRangeFactory, ValueRangeProvider, planning_entity,
                                    planning_solution)
from timefold.solver.score import HardMediumSoftScore, IncrementalScoreCalculator

import planning


@planning_entity
@dataclass
class Job:
    """A task."""
    number: Annotated[int, PlanningId]
    duration: int
    weight: int
    volume: int
    # Running sums of the profile.
    trade: list
    # For each of its groups, where the group's slots begin in the calculator's list.
    rows: list
    # All starts of its calendar and duration, and which of them are its own.
    slots: list
    places: Annotated[CountableValueRange, ValueRangeProvider(id="places")]
    place: Annotated[Optional[int], PlanningVariable(allows_unassigned=True, value_range_provider_refs=["places"])] \
        = field(default=None)


@planning_solution
@dataclass
class Schedule:
    jobs: Annotated[list[Job], PlanningEntityCollectionProperty]
    # How many may be down, row after row, in runs: for so many slots, so many.
    lengths: list
    rooms: list
    score: Annotated[Optional[HardMediumSoftScore], PlanningScore] = field(default=None)


class Calculator(IncrementalScoreCalculator):
    """Keeps how much room is left, and the three scores."""
    left: list
    hard: int
    medium: int
    soft: int

    def reset_working_solution(self, schedule: Schedule):
        self.left = []
        for run in range(len(schedule.lengths)):
            for _ in range(schedule.lengths[run]):
                self.left.append(schedule.rooms[run])
        self.hard = 0
        self.medium = 0
        self.soft = 0
        for job in schedule.jobs:
            self.medium -= job.weight
            self.insert(job)

    def insert(self, job: Job):
        place = job.place
        if place is None:
            return
        start = job.slots[place]
        end = start + job.duration
        left = self.left
        over = 0
        for row in job.rows:
            for at in range(row + start, row + end):
                now = left[at] - 1
                left[at] = now
                if now < 0:
                    over += 1
        self.hard -= over
        self.medium += job.weight
        self.soft -= job.volume * (job.trade[end] - job.trade[start])

    def remove(self, job: Job):
        place = job.place
        if place is None:
            return
        start = job.slots[place]
        end = start + job.duration
        left = self.left
        over = 0
        for row in job.rows:
            for at in range(row + start, row + end):
                now = left[at]
                left[at] = now + 1
                if now < 0:
                    over += 1
        self.hard += over
        self.medium -= job.weight
        self.soft += job.volume * (job.trade[end] - job.trade[start])

    def before_variable_changed(self, entity, variable: str):
        self.remove(entity)

    def after_variable_changed(self, entity, variable: str):
        self.insert(entity)

    def before_entity_added(self, entity):
        pass

    def after_entity_added(self, entity):
        self.insert(entity)

    def before_entity_removed(self, entity):
        self.remove(entity)

    def after_entity_removed(self, entity):
        pass

    def calculate_score(self):
        return HardMediumSoftScore.of(self.hard, self.medium, self.soft)


def jobs_of(problem, hint):
    rows = {group: row * problem.slots for row, group in enumerate(problem.binding)}
    trades = [trade.tolist() for trade in problem.trades]
    untouched = [0] * (problem.slots + 1)
    of_calendar = {}
    for number, task in enumerate(problem.tasks):
        starts, key = problem.starts[number], (task["calendar"], task["duration"])
        if len(starts) == 0:
            continue
        if key not in of_calendar:
            of_calendar[key] = problem.legal_starts({**task, "release": 0, "deadline": problem.slots})
            of_calendar[key] = (of_calendar[key], of_calendar[key].tolist())
        all_starts, slots = of_calendar[key]
        first = int(np.searchsorted(all_starts, starts[0]))
        place = None if hint[number] is None else int(np.searchsorted(all_starts, hint[number]))
        profile = task.get("profile")
        yield Job(number, task["duration"], task["weight"], task.get("volume", 0),
                  untouched if profile is None else trades[profile],
                  [rows[group] for group in task["groups"] if group in rows], slots,
                  ValueRangeFactory.create_int_value_range(first, first + len(starts)), place)


def solve(problem, time_left, workers):
    hint = problem.greedy()
    runs = [(length, room) for group in problem.binding for length, room in problem.room_runs(group)]
    schedule = Schedule(list(jobs_of(problem, hint)), [length for length, _ in runs], [room for _, room in runs])
    factory = SolverFactory.create(SolverConfig(
        solution_class=Schedule, entity_class_list=[Job], environment_mode=EnvironmentMode.NON_REPRODUCIBLE,
        score_director_factory_config=ScoreDirectorFactoryConfig(incremental_score_calculator_class=Calculator)))
    limit = TerminationConfig(spent_limit=Duration(milliseconds=int(1000 * time_left())))
    best = factory.build_solver(SolverConfigOverride(termination_config=limit)).solve(schedule)
    if best.score.hard_score < 0:
        return hint
    plan = [None] * len(problem.tasks)
    for job in best.jobs:
        plan[job.number] = None if job.place is None else job.slots[job.place]
    return plan


if __name__ == "__main__":
    planning.main(solve)
