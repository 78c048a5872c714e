//! What a merchant answers about a visit.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A merchant's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The time suits.
    Confirmed,
    /// It does not, and no other that was offered does.
    WantsAnotherTime,
}

impl Answer {
    /// The word used in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Answer::Confirmed => "confirmed",
            Answer::WantsAnotherTime => "wants_another_time",
        }
    }
}

impl std::str::FromStr for Answer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Answer::Confirmed, Answer::WantsAnotherTime]
            .into_iter()
            .find(|answer| answer.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not an answer; use confirmed or wants_another_time"))
    }
}
