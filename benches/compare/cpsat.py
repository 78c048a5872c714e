"""OR-Tools CP-SAT: one interval a task, whose start has the legal starts as its domain, and one cumulative a group.

Presolve is left out: on a thousand tasks it takes longer than it takes to find improvements without it. Set the
variable CPSAT_PRESOLVE to have it.

The objectives are taken one after the other: first the weight, then the disruption with that weight held. Where
the greedy start already places all that has a legal start, the first step is left out. The greedy plan (and then
the first step's) is given as a hint.
"""

import os

import numpy as np
from ortools.sat.python import cp_model

import planning


def solve(problem, time_left, workers):
    hint = problem.greedy()
    everything = problem.placeable_weight()
    if problem.worth(hint)[0] < everything:
        # Half of the time for the weight.
        limit = time_left() / 2
        model, variables = build(problem, everyone=False, hint=hint)
        model.maximize(sum(problem.weight[task] * present for task, (_, present) in variables.items()))
        hint = run(problem, model, variables, limit, workers) or hint
    weight = problem.worth(hint)[0]
    model, variables = build(problem, everyone=weight == everything, hint=hint)
    if weight < everything:
        model.add(sum(problem.weight[task] * present for task, (_, present) in variables.items()) >= weight)
    add_costs(problem, model, variables, hint)
    return run(problem, model, variables, time_left(), workers) or hint


def build(problem, everyone, hint):
    """Start and presence of every task that has a legal start, and the caps."""
    model = cp_model.CpModel()
    variables, intervals = {}, {}
    for task, starts in enumerate(problem.starts):
        if len(starts) == 0:
            continue
        start = model.new_int_var_from_domain(cp_model.Domain.from_values(starts.tolist()), f"s{task}")
        duration = problem.duration[task]
        present = True
        if everyone:
            intervals[task] = model.new_fixed_size_interval_var(start, duration, f"i{task}")
        else:
            present = model.new_bool_var(f"p{task}")
            intervals[task] = model.new_optional_fixed_size_interval_var(start, duration, present, f"i{task}")
            model.add_hint(present, hint[task] is not None)
        if hint[task] is not None:
            model.add_hint(start, hint[task])
        variables[task] = (start, present)
    for group in problem.binding:
        members = [intervals[task] for task in problem.members[group] if task in intervals]
        demands = [1] * len(members)
        cap = int(problem.room[group].max())
        begin = 0
        for length, room in problem.room_runs(group):
            # Where the cap is lower, something else takes the difference.
            if room < cap:
                members.append(model.new_fixed_size_interval_var(begin, length, f"g{group}-{begin}"))
                demands.append(cap - room)
            begin += length
        model.add_cumulative(members, demands, cap)
    return model, variables


def add_costs(problem, model, variables, hint):
    """What each task costs, as a table of its starts; the sum is to be small."""
    costs = []
    for task, (start, present) in variables.items():
        starts, table = problem.starts[task], problem.costs[task]
        if table.max() == 0:
            continue
        # Starts that are not in the domain cost anything.
        spread = np.full(int(starts[-1] - starts[0]) + 1, int(table.min()))
        spread[starts - starts[0]] = table
        cost = model.new_int_var(int(table.min()), int(table.max()), f"c{task}")
        model.add_element(start - int(starts[0]), spread.tolist(), cost)
        if hint[task] is not None:
            model.add_hint(cost, int(spread[hint[task] - starts[0]]))
        if present is True:
            costs.append(cost)
        else:
            paid = model.new_int_var(0, int(table.max()), f"d{task}")
            model.add(paid == cost).only_enforce_if(present)
            model.add(paid == 0).only_enforce_if(present.negated())
            costs.append(paid)
    model.minimize(sum(costs))


def run(problem, model, variables, limit, workers):
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limit
    solver.parameters.num_workers = workers
    solver.parameters.cp_model_presolve = "CPSAT_PRESOLVE" in os.environ
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    plan = [None] * len(problem.tasks)
    for task, (start, present) in variables.items():
        if present is True or solver.boolean_value(present):
            plan[task] = solver.value(start)
    return plan


if __name__ == "__main__":
    planning.main(solve)
