//! Typed identifiers: a terminal's id is never a bare integer in a signature, so it cannot be mistaken for
//! a site's. They are used from the use cases outwards; the rows of `db` carry what the column holds.

use serde::{Deserialize, Serialize};

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
    )+};
}

typed_ids! {
    /// The firm that owns sites and whom we mail.
    MerchantId;
    /// An outlet of a merchant.
    SiteId;
    /// One payment terminal.
    TerminalId;
    /// A rule that opens maintenance windows.
    WindowId;
    /// A span in which a scope is not touched.
    BlackoutId;
    /// A disruption budget.
    BudgetId;
    /// A proposed set of appointments.
    PlanId;
    /// One terminal, one span of time, the work to do in it.
    AppointmentId;
    /// A mail about visits.
    NoticeId;
    /// A terminal that cannot take payments.
    LockId;
}
