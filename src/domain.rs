//! Plain types and their rules: no I/O, no clock, no knowledge of databases, web servers or mail.
//!
//! What is here follows the way of the data: the [`fleet`] and who in it a `selector` picks, the
//! [`calendar`] in which it may be touched, the [`budget`] of terminals that may be down at once, the
//! [`campaign`] that raises work, the `problem` that a planner solves, the [`appointment`] that comes of
//! it, the [`notice`] that tells the merchant, and the [`lock`] when a terminal does not come back.
pub mod access;
pub mod appointment;
pub mod approval;
pub mod bounce_token;
pub mod budget;
pub mod calendar;
pub mod campaign;
pub mod fleet;
pub mod ids;
pub mod link;
pub mod lock;
pub mod merchant_answer;
pub mod notice;
pub mod plan;
pub mod plan_file;
pub mod problem;
pub mod said;
pub mod scope;
pub mod selector;
pub mod spelling;
mod states;
pub mod webhook;
