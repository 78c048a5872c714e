//! `/terminals/{serial}`: one terminal with all that happened to it, and its form.

use serde::Serialize;

use super::render::{PageContext, RenderError, render};
use crate::service::fleet::TerminalDossier;

#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    history: &'a crate::api::fleet::TerminalHistory,
    notices: &'a [crate::api::notice::NoticeView],
    audit: &'a [crate::api::AuditView],
    undo: String,
}

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, page: &TerminalDossier) -> Result<String, RenderError> {
    let mut undo = serde_json::to_value(&page.history.terminal).unwrap_or_default();
    if let Some(fields) = undo.as_object_mut() {
        fields.retain(|name, _| name != "serial" && name != "etag");
    }
    let TerminalDossier { history, notices, audit } = page;
    render("terminal.html", page_context, &View { history, notices, audit, undo: undo.to_string() })
}
