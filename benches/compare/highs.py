"""HiGHS: a time-indexed mixed-integer program, one binary for each task and legal start, one row for each group and
slot. The objectives are taken one after the other, as for CP-SAT; the greedy plan is given as the first solution.

Presolve is left out: it takes minutes on a thousand tasks and does not look at the time limit.

Not tried with more than a million binaries (some 4,000 tasks with four hours in each of 28 nights), unless the variable
HIGHS_BINARIES_MAX says otherwise: ten thousand tasks take several GB.
"""

import os

import highspy
import numpy as np

import planning

BINARIES_MAX = int(os.environ.get("HIGHS_BINARIES_MAX", 1_000_000))


def solve(problem, time_left, workers):
    columns = np.concatenate(([0], np.cumsum([len(starts) for starts in problem.starts])))
    if columns[-1] > BINARIES_MAX:
        raise planning.Unsupported(f"{columns[-1]} binaries, more than {BINARIES_MAX}")
    hint = problem.greedy()
    everything = problem.placeable_weight()
    rows = Rows(problem, columns)
    weights = np.repeat(problem.weight, np.diff(columns)).astype(float)
    if problem.worth(hint)[0] < everything:
        hint = rows.run(-weights, None, hint, time_left() / 2, workers) or hint
    weight = problem.worth(hint)[0]
    hold = (weight, weights)
    costs = np.concatenate(problem.costs).astype(float)
    return rows.run(costs, hold, hint, time_left(), workers) or hint


class Rows:
    """The rows that both steps share: one start a task, and the caps."""

    def __init__(self, problem, columns):
        self.problem, self.columns = problem, columns
        index, begins, upper = [], [0], []
        for task in range(len(problem.tasks)):
            index.append(np.arange(columns[task], columns[task + 1]))
            upper.append(1)
        for group in problem.binding:
            rows, entries = [], []
            for task in problem.members[group]:
                starts = problem.starts[task]
                for offset in range(problem.duration[task]):
                    rows.append(starts + offset)
                    entries.append(np.arange(columns[task], columns[task + 1]))
            if not rows:
                continue
            rows, entries = np.concatenate(rows), np.concatenate(entries)
            order = np.argsort(rows, kind="stable")
            slots, firsts = np.unique(rows[order], return_index=True)
            for slot, part in zip(slots, np.split(entries[order], firsts[1:])):
                # As many as there is room for cannot be too many.
                if len(part) > problem.room[group][slot]:
                    index.append(part)
                    upper.append(int(problem.room[group][slot]))
        self.upper = np.array(upper, dtype=float)
        self.begins = np.concatenate((begins, np.cumsum([len(part) for part in index])))
        self.index = np.concatenate(index)

    def run(self, costs, hold, hint, limit, workers):
        """Minimises `costs`, while the sum of `hold[1]` reaches `hold[0]`."""
        problem, columns = self.problem, self.columns
        count = int(columns[-1])
        model = highspy.HighsModel()
        lp = model.lp_
        held = [] if hold is None else [hold]
        lp.num_col_, lp.num_row_ = count, len(self.upper) + len(held)
        lp.col_cost_ = costs
        lp.col_lower_, lp.col_upper_ = np.zeros(count), np.ones(count)
        lp.integrality_ = [highspy.HighsVarType.kInteger] * count
        lp.row_lower_ = np.concatenate((np.full(len(self.upper), -highspy.kHighsInf), [value for value, _ in held]))
        lp.row_upper_ = np.concatenate((self.upper, np.full(len(held), highspy.kHighsInf)))
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.concatenate((self.begins, self.begins[-1] + count * np.arange(1, len(held) + 1)))
        lp.a_matrix_.index_ = np.concatenate([self.index, *(np.arange(count) for _ in held)])
        lp.a_matrix_.value_ = np.concatenate([np.ones(len(self.index)), *(row for _, row in held)])
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("presolve", "off")
        highs.setOptionValue("threads", workers)
        highs.setOptionValue("time_limit", limit)
        # Ten disruption units of a million are no gap worth closing.
        highs.setOptionValue("mip_rel_gap", 1e-5)
        highs.passModel(model)
        chosen = np.zeros(count)
        for task, start in enumerate(hint):
            if start is not None:
                chosen[columns[task] + np.searchsorted(problem.starts[task], start)] = 1
        first = highspy.HighsSolution()
        first.col_value = chosen
        highs.setSolution(first)
        highs.run()
        values = np.array(highs.getSolution().col_value)
        if highs.getInfo().primal_solution_status != highspy.kSolutionStatusFeasible:
            return None
        plan = [None] * len(problem.tasks)
        for column in np.flatnonzero(values > 0.5):
            task = int(np.searchsorted(columns, column, side="right")) - 1
            plan[task] = int(problem.starts[task][column - columns[task]])
        return plan


if __name__ == "__main__":
    planning.main(solve)
