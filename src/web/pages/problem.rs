//! The page that stands in for one that cannot be shown: what is wrong, and what to do about it.

use super::render::{PageContext, RenderError, render};
use crate::api::problem::Problem;

/// Puts an error into HTML.
pub fn render_page(page_context: &PageContext, problem: &Problem) -> Result<String, RenderError> {
    render("problem.html", page_context, problem)
}
