//! What a campaign may ask for.

use crate::domain::campaign::Work;
use crate::domain::selector::Selector;
use crate::service::Error;

/// Checks what campaigns and programmes have in common.
pub(in crate::service) fn check_terms(
    name: &str,
    selector: &str,
    duration_minutes: u32,
    priority: Option<u8>,
) -> Result<(), Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if name.is_empty() || name.len() > 80 || !name.chars().all(plain) {
        let message = format!("`{name}` is not a name; use letters, digits, `.`, `_` and `-`, at most 80");
        return Err(Error::invalid("name", message));
    }
    Selector::parse(selector).map_err(|error| Error::invalid("selector", error))?;
    check_duration(duration_minutes)?;
    match priority {
        Some(priority) if !(1..=9).contains(&priority) => {
            Err(Error::invalid("priority", format!("{priority} is out of range; use 1 to 9")))
        }
        _ => Ok(()),
    }
}

/// Checks how long a terminal may be down.
pub(in crate::service) fn check_duration(duration_minutes: u32) -> Result<(), Error> {
    if (1..=24 * 60).contains(&duration_minutes) {
        return Ok(());
    }
    let message = format!("{duration_minutes} is out of range; use 1 to 1440");
    Err(Error::invalid("duration_minutes", message))
}

pub(in crate::service) fn check_work(work: &Work) -> Result<(), Error> {
    match work {
        Work::Firmware { artifact, version, .. }
            if artifact.trim().is_empty() || version.as_str().is_empty() =>
        {
            Err(Error::invalid("work", "a firmware campaign names its artifact and the version it installs"))
        }
        _ => Ok(()),
    }
}

pub(in crate::service) fn to_i32(field: &'static str, value: u32) -> Result<i32, Error> {
    i32::try_from(value).map_err(|_| Error::invalid(field, format!("{value} is too large a number")))
}

pub(in crate::service) fn to_json(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Corrupt(error.to_string()))
}
