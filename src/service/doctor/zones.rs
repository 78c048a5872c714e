//! Time zone data: carried in the binary, so it is as old as the binary. Zones change a few times a year, often
//! with weeks of notice; with old data a window opens an hour off.

use chrono::{DateTime, Datelike, Utc};

use crate::api::doctor::Check;

/// Whole years after the year of its data from which a binary is too old to be trusted.
const YEARS_MAX: i32 = 2;

pub(super) fn check(carried: &str, system: Option<&str>, now: DateTime<Utc>) -> Check {
    let remedy = "install the newest release of offpeak: the data is in the binary";
    if let Some(system) = system.filter(|system| *system > carried) {
        return Check::warning(
            "time_zones",
            format!(
                "the binary carries {carried}, the system has {system}: zones that changed since are wrong here"
            ),
            remedy,
        );
    }
    let year: i32 = carried.get(..4).and_then(|year| year.parse().ok()).unwrap_or_default();
    if now.year() - year >= YEARS_MAX {
        let found = format!("the binary carries {carried}, and it is {}", now.format("%Y-%m-%d"));
        return Check::warning("time_zones", found, remedy);
    }
    Check::ok("time_zones", format!("IANA {carried}; the system has {}", system.unwrap_or("none")))
}

/// The version of the system's time zone data, as its files say it.
pub fn system_version() -> Option<String> {
    let first_line = |path: &str| {
        let text = std::fs::read_to_string(path).ok()?;
        text.lines().next().map(|line| line.trim_start_matches("# version ").trim().to_owned())
    };
    first_line("/usr/share/zoneinfo/tzdata.zi")
        .or_else(|| first_line("/usr/share/zoneinfo/+VERSION"))
        .filter(|version| version.len() >= 5 && version.starts_with("20"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::doctor::Health;

    #[test]
    fn old_data_is_noticed() {
        let at = |year: i32| format!("{year}-11-23T00:00:00Z").parse().expect("RFC 3339");
        assert_eq!(check("2025b", Some("2025b"), at(2026)).health, Health::Ok);
        assert_eq!(check("2025b", Some("2025a"), at(2026)).health, Health::Ok);
        assert_eq!(check("2025b", None, at(2026)).health, Health::Ok);
        assert_eq!(check("2025b", Some("2025c"), at(2026)).health, Health::Warning);
        assert_eq!(check("2025b", Some("2026a"), at(2026)).health, Health::Warning);
        assert_eq!(check("2025b", None, at(2027)).health, Health::Warning);
    }
}
