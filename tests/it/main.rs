//! The integration tests: one binary, so that the library is linked once.

mod cli_binary;
mod cli_client;
mod cli_help;
mod mail_letters;
mod selector;
