//! What an entry of the audit trail changed, a line a member: only what differs.

use serde::Serialize;
use serde_json::Value;

use crate::api::AuditView;

/// Members of an entry that are shown.
const LINES_MAX: usize = 8;

/// Characters of a value that are shown.
const CHARS_MAX: usize = 80;

/// One member before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The member; empty where the whole is one value.
    pub field: String,
    /// As it was.
    pub before: String,
    /// As it is.
    pub after: String,
}

/// What an entry says that something changed from and to.
pub fn differences(entry: &AuditView) -> Vec<Difference> {
    let nothing = Value::Null;
    let (before, after) =
        (entry.before.as_ref().unwrap_or(&nothing), entry.after.as_ref().unwrap_or(&nothing));
    let members = |value: &Value| match value {
        Value::Object(fields) => Some(fields.clone()),
        Value::Null => Some(serde_json::Map::new()),
        _ => None,
    };
    let line = |field: &str, before: &Value, after: &Value| Difference {
        field: field.to_owned(),
        before: shown(before),
        after: shown(after),
    };
    let (Some(old), Some(new)) = (members(before), members(after)) else {
        return vec![line("", before, after)];
    };
    let mut names: Vec<&String> =
        new.keys().chain(old.keys().filter(|name| !new.contains_key(*name))).collect();
    names.retain(|name| {
        *name != "etag" && old.get(*name).unwrap_or(&nothing) != new.get(*name).unwrap_or(&nothing)
    });
    let value =
        |of: &serde_json::Map<String, Value>, name: &String| of.get(name).cloned().unwrap_or_default();
    names.into_iter().take(LINES_MAX).map(|name| line(name, &value(&old, name), &value(&new, name))).collect()
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return "–".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut short: String = text.chars().take(CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(before: Value, after: Value) -> AuditView {
        AuditView {
            id: 1,
            at: chrono::DateTime::UNIX_EPOCH,
            actor: "local:lin".to_owned(),
            action: "site.change".to_owned(),
            subject: "site S1".to_owned(),
            before: Some(before),
            after: Some(after),
            reason: None,
            fence: None,
            origin: None,
            position: None,
            hash: None,
        }
    }

    #[test]
    fn only_what_differs_is_told() {
        let lines = differences(&entry(
            json!({"name": "a", "region": "east", "etag": "1", "phone": "1"}),
            json!({"name": "b", "region": "east", "etag": "2"}),
        ));
        let told: Vec<_> = lines.iter().map(|it| (&*it.field, &*it.before, &*it.after)).collect();
        assert_eq!(told, [("name", "a", "b"), ("phone", "1", "–")]);
        let lines = differences(&entry(json!("planned"), json!("open")));
        assert_eq!((&*lines[0].field, &*lines[0].after), ("", "open"));
        assert_eq!(shown(&json!("x".repeat(100))).chars().count(), 81);
    }
}
