//! The integration tests: one binary, so that the library is linked once.

mod calendar_oracles;
mod fleet_files;
mod fleet_files_generated;
mod selector;
