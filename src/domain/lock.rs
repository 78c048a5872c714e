//! A lock: a terminal that cannot take payments, from the report to the merchant's word that it works again.

use crate::domain::states::state_machine;

state_machine! {
    /// The life of a lock.
    pub enum LockState {
        /// Somebody, or the lack of a sign of life, says that the terminal does not take payments.
        Reported = "reported" -> [Informed, InRepair, Fixed, Confirmed, Withdrawn];
        /// What the servicer needs is there.
        Informed = "informed" -> [InRepair, Fixed, Confirmed, Withdrawn];
        /// The servicer works on it.
        InRepair = "in_repair" -> [Fixed, Confirmed, Withdrawn];
        /// The servicer says that it works again.
        Fixed = "fixed" -> [Confirmed, InRepair, Withdrawn];
        /// The merchant says that it takes payments again.
        Confirmed = "confirmed" -> [];
        /// It was never locked.
        Withdrawn = "withdrawn" -> [];
    }
}

impl LockState {
    /// Whether somebody says that the terminal takes payments (again).
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Fixed | Self::Confirmed | Self::Withdrawn)
    }

    /// Whether the terminal counts as down against every budget.
    pub const fn is_down(self) -> bool {
        !self.is_final()
    }
}
