//! A diagnosis in a terminal.

use console::style;

use crate::api::doctor::{Diagnosis, Health};
use crate::cli::output::Screen;

/// A line a check; what is not well says what to do.
pub fn diagnosis(screen: &mut Screen, diagnosis: &Diagnosis) {
    let width = diagnosis.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    for check in &diagnosis.checks {
        let health = match check.health {
            Health::Ok => style("ok     ").green(),
            Health::Warning => style("warning").yellow(),
            Health::Problem => style("problem").red().bold(),
        };
        screen.line(format!("{health}  {:<width$}  {}", check.name, check.found));
        if let Some(remedy) = &check.remedy {
            screen.paragraph(&" ".repeat(width + 11), &format!("-> {remedy}"));
        }
    }
}
