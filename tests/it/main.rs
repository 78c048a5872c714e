//! The integration tests: one binary, so that the library is linked once.

#![allow(unreachable_pub, reason = "nothing outside this binary sees any of it")]
#![allow(clippy::print_stdout, reason = "a failing test shows what it printed")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends there")]
mod api;
mod calendar_laws;
mod calendar_oracles;
mod campaigns;
mod checker_codes;
mod checker_mutations;
mod claims;
mod cli_binary;
mod cli_client;
mod cli_commands;
mod cli_demo;
mod cli_help;
mod database;
mod dispatch;
mod events;
mod fleet_files;
mod fleet_files_generated;
mod import;
mod leases;
mod mail_compose;
mod mail_hostile;
mod mail_letters;
mod mail_parsers;
mod mail_postfix;
mod mail_sink;
mod main_job;
mod maintain;
mod pages_samples;
mod pages_served;
mod pages_views;
mod planner_brute_force;
mod planner_cases;
mod planner_explanations;
mod planner_moves;
mod planner_order;
mod planner_properties;
mod planner_rules;
mod planner_truth;
mod plans;
mod problems;
mod scenarios;
mod schedule;
mod search;
mod selector;
mod state_tables;
mod support;
mod tidy;
mod transactions;
mod world_parts;
