//! One file a command.

pub mod solve;
pub mod verify;
