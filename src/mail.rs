//! Mail to merchants: from a [`Letter`](crate::domain::notice::Letter) (facts) to bytes on a mail server.
//!
//! [`compose()`] puts a letter into words and bytes: the same input gives the same bytes (a signature aside, which
//! carries its time), so a
//! stored mail can be sent again and is the same mail. A [`transport`] hands bytes over and says what became
//! of them; a [`reader`] opens a stored mail for a page; a [`listener`] takes in what comes back, and [`inbound`] says
//! what it is. What a mail contains is described in `docs/mail.md`;
//! its words live in `templates/mail`.

pub mod address;
mod compose;
mod dkim;
mod hygiene;
pub mod inbound;
mod invite;
pub mod listener;
pub mod reader;
mod templates;
pub mod transport;
mod view;
mod words;

pub use address::{NamedAddress, mask};
pub use compose::{
    ComposeError, ComposedMail, Envelope, compose, compose_with, empty_calendar, published_calendar,
};
pub use dkim::{DkimKey, DkimKeyError};
pub use templates::{TemplateError, TemplateFaults, Templates, export as export_templates};
pub use words::SpanWords;
