//! The web edge: the operator's pages.

pub mod pages;
