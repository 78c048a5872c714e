//! An approval: what one person asks for and a second one says yes or no to.

use crate::domain::states::state_machine;

state_machine! {
    /// The life of a request for approval.
    pub enum ApprovalState {
        /// Nobody has said anything to it yet.
        Pending = "pending" -> [Approved, Refused, Withdrawn, Expired];
        /// A second person has said yes; it is being carried out.
        Approved = "approved" -> [Done, Failed];
        /// It could not be carried out; whoever asked may try again.
        Failed = "failed" -> [Done, Failed];
        /// It was carried out as it was asked for.
        Done = "done" -> [];
        /// A second person has said no.
        Refused = "refused" -> [];
        /// Whoever asked wants it no more.
        Withdrawn = "withdrawn" -> [];
        /// Nobody answered in time.
        Expired = "expired" -> [];
    }
}
