//! What the API's shapes look like in a terminal, one file a family. Drawing only: no requests, no decisions.

pub mod access;
pub mod appointment;
pub mod calendar;
pub mod campaign;
pub mod doctor;
pub mod fleet;
pub mod inbound;
pub mod load;
pub mod notice;
pub mod notice_stats;
pub mod plan;
pub mod problem;
pub mod webhook;
mod words;

pub use words::{instant, limit, minutes_in_words, night, optional, share, span, tags};
