//! The integration tests: one binary, so that the library is linked once.

mod mail_letters;
mod pages_samples;
mod pages_views;
mod selector;
