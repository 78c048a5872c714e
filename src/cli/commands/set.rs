//! What `merchant set`, `site set` and `terminal set` have in common.

use std::collections::BTreeMap;

use serde::Serialize;

/// How to edit.
#[derive(Debug, clap::Args)]
pub struct EditArgs {
    /// Only say what would change
    #[arg(long)]
    pub dry_run: bool,
    /// Why; it goes onto the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

#[derive(Serialize)]
pub(super) struct EditQuery {
    dry_run: bool,
}

impl EditArgs {
    pub(super) fn query(&self) -> EditQuery {
        EditQuery { dry_run: self.dry_run }
    }
}

/// Changes of tags.
#[derive(Debug, clap::Args)]
pub struct TagArgs {
    /// Give it a tag, or the tag another value
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = key_value)]
    pub tags: Vec<(String, String)>,
    /// Take a tag away
    #[arg(long = "untag", value_name = "KEY")]
    pub untag: Vec<String>,
}

impl TagArgs {
    /// All tags from now on, if any is to change.
    pub(super) fn applied_to(&self, before: &BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
        if self.tags.is_empty() && self.untag.is_empty() {
            return None;
        }
        let mut tags = before.clone();
        tags.retain(|key, _| !self.untag.contains(key));
        tags.extend(self.tags.iter().cloned());
        Some(tags)
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err(format!("`{text}` is not a tag; write it as key=value")),
    }
}

/// A field that is emptied, or set, or left.
pub(super) fn cleared_or(cleared: bool, value: Option<&String>) -> Option<Option<String>> {
    if cleared { Some(None) } else { value.cloned().map(Some) }
}

/// Whether a change says nothing but why.
pub(super) fn nothing_given(change: &impl Serialize) -> bool {
    let value = serde_json::to_value(change).unwrap_or_default();
    value.as_object().is_none_or(|fields| fields.keys().all(|field| field == "reason"))
}
