//! What the pages show of one merchant, site or terminal: itself and all that concerns it, each list bounded and found by
//! an index.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    find_merchant, find_site, find_terminal, history, merchant_numbers, merchant_view, site_view,
    terminal_view,
};
use crate::api::calendar::{BlackoutView, Preview, WindowView};
use crate::api::fleet::{MerchantView, SiteView, TerminalHistory, TerminalView};
use crate::api::merchant::AnswerView;
use crate::api::notice::{NoticeView, Reminders, Unreached};
use crate::api::{AuditView, Page, appointment::AppointmentView};
use crate::db::{self, Connection};
use crate::service::audit::{about, page_of};
use crate::service::calendar::SiteRules;
use crate::service::{App, Error, appointment, merchant, notice};

/// Rows of a list that is only a part of the page.
const SHOWN: i64 = 25;

/// Sites or terminals on one page.
const ROWS: i64 = 100;

/// Visits of which the appointments are shown.
const VISITS: i64 = 30;

/// The next openings of a site.
const OPENINGS: usize = 8;

/// A merchant and what concerns it.
#[derive(Clone, Debug, Serialize)]
pub struct MerchantDossier {
    /// The merchant.
    pub merchant: MerchantView,
    /// It gets optional mail.
    pub optional_mail: bool,
    /// When it is reminded.
    pub reminders: Reminders,
    /// Where its mail goes when a server takes no address beyond ASCII.
    pub ascii_address: Option<String>,
    /// Why nothing is sent to its address, and since when.
    pub suppressed: Option<(String, DateTime<Utc>)>,
    /// Its terminals that are not retired.
    pub terminals: i64,
    /// Its sites, by code.
    pub sites: Page<SiteView>,
    /// Visits to come of which it has not been told, or not in time.
    pub unreached: Vec<Unreached>,
    /// The latest mails to it.
    pub notices: Vec<NoticeView>,
    /// What it answered about its latest visits.
    pub answers: Vec<AnswerView>,
    /// What was changed about it.
    pub audit: Vec<AuditView>,
}

/// A window that applies to a site.
#[derive(Clone, Debug, Serialize)]
pub struct SiteWindow {
    /// The window.
    pub window: WindowView,
    /// It holds; a window of a narrower scope takes its place otherwise.
    pub holds: bool,
}

/// A site and what concerns it.
#[derive(Clone, Debug, Serialize)]
pub struct SiteDossier {
    /// The site.
    pub site: SiteView,
    /// Its merchant.
    pub merchant: MerchantView,
    /// Its terminals, by serial number.
    pub terminals: Page<TerminalView>,
    /// Windows whose scope holds it, the narrowest first.
    pub windows: Vec<SiteWindow>,
    /// Blackouts for it or for some of its terminals.
    pub blackouts: Vec<BlackoutView>,
    /// Its next openings.
    pub openings: Preview,
    /// Appointments of its latest visits, the latest first.
    pub appointments: Vec<AppointmentView>,
    /// What was changed about it.
    pub audit: Vec<AuditView>,
}

/// A terminal and what concerns it.
#[derive(Clone, Debug, Serialize)]
pub struct TerminalDossier {
    /// The terminal, its site and merchant, appointments and locks.
    pub history: TerminalHistory,
    /// The latest mails about its appointments.
    pub notices: Vec<NoticeView>,
    /// What was changed about it, its appointments and its locks.
    pub audit: Vec<AuditView>,
}

/// A merchant and what concerns it; sites after the code `after`.
pub fn merchant_dossier(app: &App, number: &str, after: Option<&str>) -> Result<MerchantDossier, Error> {
    app.database.read(|connection| {
        let row = find_merchant(connection, number)?;
        let suppressed = match &row.email {
            Some(email) => db::suppression::find(connection, email)?,
            None => None,
        };
        let sites = db::fleet::sites_of_merchant(connection, row.id, after, ROWS + 1)?;
        let numbers = [(row.id, row.number.clone())].into();
        let sites = sites.into_iter().map(|site| site_view(site, &numbers)).collect();
        let visits = db::visit::latest_of_merchant(connection, row.id, 100)?;
        let ids: Vec<i64> = visits.iter().map(|visit| visit.id).collect();
        let mut answers = db::merchant_answer::about(connection, &ids)?;
        answers.sort_by_key(|answer| std::cmp::Reverse(answer.answered_at));
        let filter = db::notice::Filter { merchant_id: Some(row.id), ..Default::default() };
        let notices = db::notice::list(connection, &filter, SHOWN)?;
        Ok(MerchantDossier {
            optional_mail: !db::merchant_answer::does_without_optional(connection, row.id)?,
            reminders: notice::reminders::view(connection, app, &row)?,
            ascii_address: db::merchant_ascii_address::of_merchant(connection, row.id)?,
            suppressed: suppressed.map(|row| (row.reason, row.since.utc())),
            terminals: db::fleet::count_of_merchant(connection, row.id)?,
            sites: page_of(sites, ROWS, |view: &SiteView| view.code.clone()),
            unreached: notice::unreached::of_merchant(connection, app, &row)?,
            notices: notice::views(connection, notices)?,
            answers: merchant::answers::views(connection, answers)?,
            audit: about(connection, &[format!("merchant {}", row.number)], SHOWN)?,
            merchant: merchant_view(row),
        })
    })
}

/// A site and what concerns it; terminals after the serial number `after`.
pub fn site_dossier(app: &App, code: &str, after: Option<&str>) -> Result<SiteDossier, Error> {
    app.database.read(|connection| {
        let site = find_site(connection, code)?;
        let merchant = db::fleet::merchants_by_id(connection, &[site.merchant_id])?
            .pop()
            .ok_or_else(|| Error::Corrupt(format!("site `{code}` has no merchant")))?;
        let rules = SiteRules::load(connection, &site, &merchant)?;
        let openings = rules.preview(app.clock.now(), OPENINGS);
        let rows = db::fleet::terminals_of_site(connection, site.id, after, ROWS + 1)?;
        let terminals = rows.into_iter().map(|row| terminal_view(row, site.code.clone())).collect();
        let visits = db::visit::of_site(connection, site.id, VISITS)?;
        let ids: Vec<i64> = visits.iter().map(|visit| visit.id).collect();
        let rows = db::appointment::of_visits(connection, &ids)?;
        let mut appointments = appointment::views(connection, rows)?;
        appointments.sort_by_key(|view| std::cmp::Reverse((view.starts_at, view.id)));
        let numbers = merchant_numbers(connection, std::slice::from_ref(&site))?;
        let mut subjects = vec![format!("site {}", site.code)];
        subjects.extend(rules.windows.iter().map(|(view, ..)| format!("window {}", view.id)));
        Ok(SiteDossier {
            terminals: page_of(terminals, ROWS, |view: &TerminalView| view.serial.clone()),
            windows: rules
                .windows
                .into_iter()
                .map(|(window, _, holds)| SiteWindow { window, holds })
                .collect(),
            blackouts: rules.blackouts.into_iter().map(|(view, _)| view).collect(),
            openings,
            appointments,
            audit: about(connection, &subjects, SHOWN)?,
            merchant: merchant_view(merchant),
            site: site_view(site, &numbers),
        })
    })
}

/// A terminal and what concerns it.
pub fn terminal_dossier(app: &App, serial: &str) -> Result<TerminalDossier, Error> {
    let history = history(app, serial)?;
    app.database.read(|connection| {
        let terminal = find_terminal(connection, serial)?;
        let notices = notices_of(connection, terminal.id)?;
        let mut subjects = vec![format!("terminal {serial}")];
        let latest = |count: usize| usize::try_from(VISITS).unwrap_or_default().min(count);
        let appointments = &history.appointments[..latest(history.appointments.len())];
        subjects.extend(appointments.iter().map(|view| format!("appointment {}", view.id)));
        let locks = &history.locks[..latest(history.locks.len())];
        subjects.extend(locks.iter().map(|view| format!("lock {}", view.id)));
        let audit = about(connection, &subjects, 2 * SHOWN)?;
        Ok(TerminalDossier { history: history.clone(), notices, audit })
    })
}

fn notices_of(connection: &mut Connection, terminal_id: i64) -> Result<Vec<NoticeView>, Error> {
    let mut visits = db::appointment::visits_of_terminal(connection, terminal_id, VISITS)?;
    visits.dedup();
    let about = db::notice::about_visits(connection, &visits)?;
    let mut ids: Vec<i64> = about.iter().map(|(row, ..)| row.notice_id).collect();
    ids.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
    ids.dedup();
    ids.truncate(usize::try_from(SHOWN).unwrap_or_default());
    let filter = db::notice::Filter { ids: Some(&ids), ..Default::default() };
    let rows = db::notice::list(connection, &filter, SHOWN)?;
    notice::views(connection, rows)
}
