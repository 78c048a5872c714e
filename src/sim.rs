//! Made-up worlds to try Offpeak on: a virtual fleet.

pub mod fleet;
