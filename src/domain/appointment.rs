//! An appointment: one terminal, one span of time, the work to do in it; and the visit it belongs to.

use crate::domain::states::state_machine;

state_machine! {
    /// The life of an appointment. Moving one is a new revision of the same appointment: it returns to
    /// `planned`, and is announced again.
    pub enum AppointmentState {
        /// Published; its merchant has not been told yet.
        Planned = "planned" -> [Announced, Open, Missed, Cancelled];
        /// The merchant's mail server has accepted the announcement of this revision.
        Announced = "announced" -> [Planned, Open, Missed, Cancelled];
        /// Its window is open: the work may start. (`planned` opens only by a recorded override.)
        Open = "open" -> [Running, Done, Failed, Missed, Cancelled];
        /// The terminal is down for the work.
        Running = "running" -> [Done, Failed];
        /// The work is done and the terminal takes payments again.
        Done = "done" -> [];
        /// The work did not succeed.
        Failed = "failed" -> [];
        /// The window passed without a start; the work went back to the planner.
        Missed = "missed" -> [];
        /// Called off.
        Cancelled = "cancelled" -> [];
    }
}

impl AppointmentState {
    /// Whether the terminal is, or still will be, down for it: what budgets count.
    pub const fn is_standing(self) -> bool {
        matches!(self, Self::Planned | Self::Announced | Self::Open | Self::Running)
    }

    /// Whether it may still be moved or called off as a promise not yet begun.
    pub const fn is_movable(self) -> bool {
        matches!(self, Self::Planned | Self::Announced)
    }
}
