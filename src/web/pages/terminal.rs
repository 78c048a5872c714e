//! `/terminals/{serial}`: one terminal with all that happened to it.

use super::render::{PageContext, RenderError, render};
use crate::api::fleet::TerminalHistory;

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, history: &TerminalHistory) -> Result<String, RenderError> {
    render("terminal.html", page_context, history)
}
