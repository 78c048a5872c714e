//! Which replica does what.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The replica that answers, and who leads in what one replica alone may do.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReplicasView {
    /// The replica that answers: its host, its process, and a random part.
    pub replica: String,
    /// Its clock.
    pub clock: DateTime<Utc>,
    /// The database's clock, by which leases run.
    pub database_clock: DateTime<Utc>,
    /// Every lease that anybody ever took, by name.
    pub leases: Vec<LeaseView>,
}

/// Who does what one replica alone may do.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LeaseView {
    /// The loop: `raise` or `watch`.
    pub name: String,
    /// The replica that took it last.
    pub holder: String,
    /// It rises with every change of the holder; the holder's entries on the audit trail carry it.
    pub token: i64,
    /// When the holder took it.
    pub since: DateTime<Utc>,
    /// When it runs out, unless it is renewed.
    pub until: DateTime<Utc>,
    /// It has not run out: there is a leader.
    pub held: bool,
}
