//! The integration tests: one binary, so that the library is linked once.

mod cli_binary;
mod cli_client;
mod cli_help;
mod mail_compose;
mod mail_hostile;
mod mail_letters;
mod mail_parsers;
mod selector;
