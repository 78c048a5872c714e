//! Made-up worlds to try Offpeak on: a virtual fleet, and planning problems of any size.

mod dice;
pub mod fleet;
pub mod problems;
