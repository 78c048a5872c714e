//! The integration tests: one binary, so that the library is linked once.

mod calendar_laws;
mod calendar_oracles;
mod cli_binary;
mod cli_client;
mod cli_commands;
mod cli_demo;
mod cli_help;
mod fleet_files;
mod fleet_files_generated;
mod mail_compose;
mod mail_hostile;
mod mail_letters;
mod mail_parsers;
mod scenarios;
mod selector;
