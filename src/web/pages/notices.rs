//! `/notices` and `/notices/{id}`: the outbox, and a mail as its merchant reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::appointments::given;
use super::calendar_part::{CalendarEvent, read_events};
use super::render::{PageContext, RenderError, render};
use crate::api::notice::{Message, NoticeView};
use crate::api::{AuditView, Page};
use crate::domain::notice::{NoticeKind, NoticeState};

/// What the address asks for; a form sends an empty word for what was left open.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NoticesQuery {
    /// A state.
    pub state: Option<String>,
    /// A kind.
    pub kind: Option<String>,
    /// A merchant number.
    pub merchant: Option<String>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// What the list is made from.
#[derive(Clone, Debug, Serialize)]
pub struct NoticesPage {
    /// The rows, the latest first.
    pub notices: Page<NoticeView>,
    /// What was asked for.
    pub query: NoticesQuery,
    /// How many notices there are, by state.
    pub by_state: BTreeMap<String, i64>,
}

/// Which part of a mail is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailPart {
    /// As the merchant's mail program shows it.
    #[default]
    Html,
    /// As one without HTML shows it.
    Text,
    /// What goes into the merchant's calendar.
    Calendar,
}

/// What one notice's page is made from.
#[derive(Clone, Debug, Serialize)]
pub struct NoticePage {
    /// The notice.
    pub notice: NoticeView,
    /// Its mail, once it is put into words.
    pub message: Option<Message>,
    /// The part that is shown.
    pub part: MailPart,
    /// Other mails of the same merchant, the latest first.
    pub siblings: Vec<NoticeView>,
    /// What was done about it by hand.
    pub audit: Vec<AuditView>,
}

/// A mail with made-up facts.
#[derive(Clone, Debug, Serialize)]
pub struct PreviewPage {
    /// Its kind.
    pub kind: NoticeKind,
    /// Its language.
    pub locale: String,
    /// The mail.
    pub message: Message,
}

#[derive(Serialize)]
struct PreviewView<'a> {
    #[serde(flatten)]
    page: &'a PreviewPage,
    kinds: Vec<&'static str>,
}

/// Puts a mail that is only shown into HTML.
pub fn render_preview(page_context: &PageContext, page: &PreviewPage) -> Result<String, RenderError> {
    let kinds = NoticeKind::ALL.iter().map(|kind| kind.as_str()).collect();
    render("notice_preview.html", page_context, &PreviewView { page, kinds })
}

#[derive(Serialize)]
struct NoticesView<'a> {
    data: &'a NoticesPage,
    states: Vec<&'static str>,
    kinds: Vec<&'static str>,
    /// What the address carries besides the place.
    filters: BTreeMap<&'static str, &'a str>,
    total: i64,
}

#[derive(Serialize)]
struct OneNoticeView<'a> {
    data: &'a NoticePage,
    events: Vec<CalendarEvent>,
}

/// Puts the list into HTML.
pub fn render_list(page_context: &PageContext, page: &NoticesPage) -> Result<String, RenderError> {
    let query = &page.query;
    let words = [("state", &query.state), ("kind", &query.kind), ("merchant", &query.merchant)];
    let view = NoticesView {
        data: page,
        states: NoticeState::ALL.iter().map(|state| state.as_str()).collect(),
        kinds: NoticeKind::ALL.iter().map(|kind| kind.as_str()).collect(),
        filters: words.into_iter().filter_map(|(name, word)| Some((name, given(word)?))).collect(),
        total: page.by_state.values().sum(),
    };
    render("notices.html", page_context, &view)
}

/// Puts one notice into HTML. The mail's own HTML is not in it: the page frames `/notices/{id}/html`.
pub fn render_page(page_context: &PageContext, page: &NoticePage) -> Result<String, RenderError> {
    let calendars = page.message.as_ref().map_or(&[][..], |message| &message.calendars);
    let events = calendars.iter().flat_map(|calendar| read_events(calendar)).collect();
    render("notice.html", page_context, &OneNoticeView { data: page, events })
}
