//! A list of checks of the whole installation, each with what was found and what to do about it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// Something does not work, or will not for long.
    Problem,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// What was looked at, as one stable word.
    pub name: String,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub found: String,
    /// What to do about it; absent if all is well.
    pub remedy: Option<String>,
}

/// Every check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diagnosis {
    /// The worst of them.
    pub health: Health,
    /// The checks, in the order of the way of the data.
    pub checks: Vec<Check>,
}

impl Check {
    /// All is well.
    pub fn ok(name: &str, found: impl Into<String>) -> Self {
        Check { name: name.to_owned(), health: Health::Ok, found: found.into(), remedy: None }
    }

    /// It works, and somebody should look at it.
    pub fn warning(name: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Check { health: Health::Warning, remedy: Some(remedy.into()), ..Check::ok(name, found) }
    }

    /// Something does not work.
    pub fn problem(name: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Check { health: Health::Problem, remedy: Some(remedy.into()), ..Check::ok(name, found) }
    }
}

impl From<Vec<Check>> for Diagnosis {
    fn from(checks: Vec<Check>) -> Self {
        let health = checks.iter().map(|check| check.health).max().unwrap_or(Health::Ok);
        Diagnosis { health, checks }
    }
}
