//! The integration tests: one binary, so that the library is linked once.

mod checker_mutations;
mod planner_cases;
mod planner_properties;
mod planner_rules;
