//! A plan: a proposed set of appointments, on its way from the solver to publication.

use crate::domain::states::state_machine;

state_machine! {
    /// The life of a plan.
    pub enum PlanState {
        /// The planner works on it.
        Solving = "solving" -> [Draft, Failed, Discarded];
        /// A proposal to look at; the checker's findings, if any, are kept with it.
        Draft = "draft" -> [Verified, Discarded];
        /// The checker found nothing wrong with it.
        Verified = "verified" -> [Published, Draft, Discarded];
        /// Its appointments stand and its merchants are being told.
        Published = "published" -> [];
        /// Nobody wanted it.
        Discarded = "discarded" -> [];
        /// The planner could not finish; the reason is kept.
        Failed = "failed" -> [];
    }
}
