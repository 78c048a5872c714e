//! Plain types and their rules: no I/O, no clock, no knowledge of databases, web servers or mail.

pub mod calendar;
