//! The operator's pages: each is a function from API shapes to HTML, with templates in `templates/web`, our own
//! style sheet and script in `templates/assets`, and nothing that a strict Content-Security-Policy forbids.
//!
//! The pages say the same words as the command line and the API. Every time on a page is in one zone, which the
//! page names; a site's own local time stands beside it where it differs. What a merchant or an operator wrote is
//! escaped by the templates' engine, never here.

pub mod access;
pub mod appointments;
pub mod approvals;
pub mod assets;
pub mod audit;
pub mod calendar_part;
pub mod campaigns;
pub mod chart;
pub mod context;
pub mod differences;
mod figures;
pub mod fleet;
mod format;
pub mod heat;
pub mod home;
pub mod inbox;
pub mod locks;
pub mod merchant;
pub mod nav;
pub mod night;
pub mod notices;
pub mod plans;
pub mod preferences;
pub mod problem;
mod render;
mod routes;
pub mod rules;
mod said;
pub mod schedule;
pub mod sending;
pub(super) mod sign_in;
pub mod terminal;
pub mod unreached;
pub mod words;

pub use context::PageContext;
pub use render::RenderError;
pub(super) use routes::{refusal, routes, with_headers};

/// What a browser may do with a page: load our own style sheet, script and mail frame, and nothing else.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// What a browser may do with a mail in its frame: show its inline styles. No script, no request, no link.
pub const MAIL_CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox; \
     form-action 'none'; base-uri 'none'; frame-ancestors 'self'";
