//! Offpeak plans maintenance across a payment-terminal fleet so that terminals never go down en masse,
//! tells the merchants ahead of it, and follows every terminal until it takes payments again.
//!
//! The code map is `docs/ARCHITECTURE.md`; the folders follow the way of the data:
//! [`domain`] (plain types and rules) -> [`planner`] -> [`checker`] -> `service` (use cases) -> `db`, `mail`,
//! `worker`, `web`, `cli`.

pub mod api;
pub mod boot;
pub mod checker;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod domain;
pub mod fleet_files;
pub mod mail;
pub mod planner;
pub mod service;
pub mod sim;
pub mod web;
pub mod worker;
