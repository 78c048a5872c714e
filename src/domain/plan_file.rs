//! The planner's answer as a file (`offpeak.plan/1`): where each task starts, why the others do not, and what
//! the plan is worth against what is provably possible.

use std::io::{self, BufReader, BufWriter, Read, Write};

use serde::{Deserialize, Serialize};

/// The format's name, the first key of every plan file.
pub const FORMAT: &str = "offpeak.plan/1";

/// A plan for one problem, known by the digest of the problem's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Always [`FORMAT`].
    format: FormatName,
    /// [`crate::domain::problem::Problem::sha256`] of the problem that was solved.
    pub problem_sha256: String,
    /// The first slot of each task, in the problem's order; `None` where it has no place.
    pub starts: Vec<Option<u32>>,
    /// One entry for each task without a start, in the problem's order.
    pub unplaced: Vec<Unplaced>,
    /// What the plan is worth.
    pub metrics: Metrics,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum FormatName {
    #[serde(rename = "offpeak.plan/1")]
    Plan1,
}

/// Why one task has no place, and the smallest change that would give it one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unplaced {
    /// The task's name.
    pub task: String,
    /// The constraint that binds.
    pub reason: Reason,
    /// The groups that bind, for `budget_full` and `site_rule`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// With this one change and everything else where it is, the task has a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
}

/// The binding constraint of a task without a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Window, blackout, cutoff, release and deadline leave nothing.
    NoOpening,
    /// Budgets are full wherever it could start.
    BudgetFull,
    /// A group of kind `site` stands in the way.
    SiteRule,
    /// A predecessor has no place, or ends too late.
    AfterUnplaced,
    /// Only pinned tasks stand in the way.
    PinnedConflict,
}

impl Reason {
    /// The name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Reason::NoOpening => "no_opening",
            Reason::BudgetFull => "budget_full",
            Reason::SiteRule => "site_rule",
            Reason::AfterUnplaced => "after_unplaced",
            Reason::PinnedConflict => "pinned_conflict",
        }
    }
}

/// The smallest change that would place a task. Spans are in slots.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Change {
    /// Raise one group's cap (and each of its ranges) by so many.
    GroupCap {
        /// The group's name.
        group: String,
        /// At least 1.
        cap_add: u32,
    },
    /// Raise the caps of several groups by so many each: no single one is enough.
    GroupCaps {
        /// Their names.
        groups: Vec<String>,
        /// At least 1.
        cap_add: u32,
    },
    /// Let the task end later.
    Deadline {
        /// At least 1.
        deadline_add_slots: u32,
    },
    /// Let the task start earlier.
    Release {
        /// At least 1.
        release_subtract_slots: u32,
    },
    /// Open its calendar here as well.
    Opening {
        /// `[begin, end)`.
        opening: (u32, u32),
    },
    /// Give the predecessor a place (an earlier one, if it has one).
    Predecessor {
        /// The predecessor's name.
        predecessor: String,
    },
}

/// What a plan is worth. Everything but the times, the memory and the bound can be recomputed from the starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Number of tasks.
    pub tasks: u64,
    /// How many have a start.
    pub placed: u64,
    /// The weight of those.
    pub weight_placed: u64,
    /// The weight of all.
    pub weight_total: u64,
    /// Tasks with a current start that do not start there any more, be it that they have no place.
    pub moved: u64,
    /// The cost of all placed tasks, and the visit cost for each visit.
    pub disruption: u64,
    /// Pairs of a site and a night (see [`crate::domain::problem::Problem::night_of`]) with a task in it.
    pub visits: u64,
    /// What is provable.
    pub bound: Bound,
    /// Milliseconds spent on the plan.
    pub solve_ms: u64,
    /// Milliseconds spent on the bound alone, where it is not a by-product.
    pub bound_ms: u64,
    /// The process's peak memory in MiB; 0 where nobody measured it.
    pub peak_rss_mb: u64,
}

/// What no plan of the problem can beat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// No plan places more weight.
    pub weight_upper: u64,
    /// No plan that places at least this plan's weight has less disruption.
    pub disruption_lower: u64,
}

/// Why a plan file was refused.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The bytes could not be read.
    #[error("the plan could not be read")]
    Io(#[source] io::Error),
    /// It is no JSON, or not of the expected shape.
    #[error("{path}: {message} (line {line}, column {column}); give a file that `offpeak solve` wrote")]
    Shape {
        /// Where in the document, as in `unplaced[3].reason`.
        path: String,
        /// What is wrong.
        message: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
}

impl Plan {
    /// A plan from its parts.
    pub fn new(
        problem_sha256: String,
        starts: Vec<Option<u32>>,
        unplaced: Vec<Unplaced>,
        metrics: Metrics,
    ) -> Plan {
        Plan { format: FormatName::Plan1, problem_sha256, starts, unplaced, metrics }
    }

    /// Reads a plan file. Whether it fits a problem is the checker's question.
    pub fn read(source: impl Read) -> Result<Plan, PlanError> {
        let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 16, source));
        let plan = serde_path_to_error::deserialize(&mut json)
            .map_err(|error| shape_error(error.path().to_string(), error.into_inner()))?;
        json.end().map_err(|error| shape_error(".".into(), error))?;
        Ok(plan)
    }

    /// Writes the plan file, on one line.
    pub fn write(&self, target: impl Write) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 16, target);
        serde_json::to_writer(&mut out, self).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
        out.flush()
    }
}

fn shape_error(path: String, error: serde_json::Error) -> PlanError {
    if error.is_io() {
        return PlanError::Io(error.into());
    }
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let message = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text).to_owned();
    let path = if path == "." || path == "?" { "the document".to_owned() } else { path };
    PlanError::Shape { path, message, line, column }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let change = |change| Unplaced {
            task: "T".into(),
            reason: Reason::BudgetFull,
            groups: vec!["g".into()],
            change,
        };
        Plan::new(
            "ab".into(),
            vec![Some(3), None],
            vec![
                change(None),
                change(Some(Change::GroupCap { group: "g".into(), cap_add: 1 })),
                change(Some(Change::GroupCaps { groups: vec!["g".into(), "h".into()], cap_add: 1 })),
                change(Some(Change::Deadline { deadline_add_slots: 2 })),
                change(Some(Change::Release { release_subtract_slots: 2 })),
                change(Some(Change::Opening { opening: (4, 6) })),
                change(Some(Change::Predecessor { predecessor: "U".into() })),
            ],
            Metrics { tasks: 2, placed: 1, ..Metrics::default() },
        )
    }

    fn text() -> String {
        let mut bytes = Vec::new();
        plan().write(&mut bytes).expect("a vector takes it");
        String::from_utf8(bytes).expect("JSON is UTF-8")
    }

    #[test]
    fn reads_what_it_wrote() {
        assert_eq!(Plan::read(text().as_bytes()).expect("valid"), plan());
        assert!(text().starts_with(r#"{"format":"offpeak.plan/1","problem_sha256":"ab","starts":[3,null],"#));
        assert!(
            text().contains(r#""reason":"budget_full","groups":["g"],"change":{"group":"g","cap_add":1}}"#)
        );
    }

    #[test]
    fn names_the_place_of_what_it_refuses() {
        let refusal = |from: &str, to: &str| {
            let changed = text().replacen(from, to, 1);
            assert_ne!(changed, text());
            Plan::read(changed.as_bytes()).expect_err("must be refused").to_string()
        };
        assert!(refusal("plan/1", "plan/2").starts_with("format: unknown variant `offpeak.plan/2`"));
        assert!(refusal("[3,null]", "[3,-1]").starts_with("starts[1]: "));
        assert!(refusal("budget_full", "no_idea").starts_with("unplaced[0].reason: unknown variant"));
        assert!(refusal("\"placed\"", "\"plcaed\"").starts_with("metrics.plcaed: unknown field"));
        assert!(refusal("\"tasks\":2,", "").contains("missing field `tasks`"));
        assert!(refusal("}\n", "").contains("EOF"));
    }
}
