//! Every setting, once: its name, type, default, what it may be and what it means. The struct, the checks of ranges,
//! the manual and `offpeak config` are made from this list.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;

use crate::domain::notice::{QuietHours, ReminderLeads};

/// What a setting may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A whole number from the first to the second.
    Number(u32, u32),
    /// One of these numbers.
    OneNumberOf(&'static [u32]),
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A mail address.
    MailAddress,
    /// A domain.
    Domain,
    /// A web address without a path's end, as `https://maintenance.example`.
    WebAddress,
    /// A URL that may hold a password; what may follow is in the meaning.
    Url,
    /// One or more of them, between blanks.
    Urls,
    /// A file.
    File,
    /// A folder.
    Folder,
    /// The URL of a PostgreSQL database.
    PostgresUrl,
    /// An IANA time zone.
    Zone,
    /// A span of hours, or `none`.
    Hours,
    /// Several advances, or `none`.
    Leads,
    /// An address and a port.
    Address,
    /// An instant in RFC 3339.
    Instant,
    /// A secret of at least so many characters.
    Secret(usize),
}

/// One setting, as the manual knows it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name in the file; in the environment in upper case behind `OFFPEAK_`.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// Its default; without one the setting may be left out.
    pub default: Option<&'static str>,
    /// What it means.
    pub meaning: &'static str,
}

/// What stands between Offpeak and PostgreSQL.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Pooler {
    /// Nothing, or a pooler that lends its connections for a session each.
    None,
    /// A pooler that lends its connections for a transaction each.
    Transaction,
}

impl std::fmt::Display for Pooler {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Pooler::None => "none",
            Pooler::Transaction => "transaction",
        })
    }
}

/// A value as the file spells it.
trait Spelled {
    fn spelled(&self) -> Option<String>;
}

macro_rules! spelled {
    ($($type:ty),*) => {$(
        impl Spelled for $type {
            fn spelled(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )*};
}

spelled!(String, u32, bool, Tz, Pooler, QuietHours, ReminderLeads);

impl Spelled for DateTime<Utc> {
    fn spelled(&self) -> Option<String> {
        Some(self.to_rfc3339())
    }
}

impl<T: Spelled> Spelled for Option<T> {
    fn spelled(&self) -> Option<String> {
        self.as_ref().and_then(Spelled::spelled)
    }
}

macro_rules! settings {
    ($($(#[doc = $meaning:literal])+ $name:ident: $type:ty $(= $default:literal)?, $kind:expr;)+) => {
        /// Everything that can be set. The file `offpeak.toml` uses these names; in the environment they are in
        /// upper case behind `OFFPEAK_` (`OFFPEAK_DATABASE_URL`).
        #[derive(Clone, Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Settings {
            $($(#[doc = $meaning])+ pub $name: $type,)+
        }

        /// Every setting, in the order of the manual.
        pub const SETTINGS: &[Setting] = &[$(Setting {
            name: stringify!($name),
            kind: $kind,
            default: settings!(@default $($default)?),
            meaning: concat!($($meaning, "\n"),+),
        },)+];

        impl Settings {
            /// Every setting with its value, spelled as in the file; nothing for one that is left out.
            pub fn values(&self) -> Vec<(&'static Setting, Option<String>)> {
                let spelled = [$(Spelled::spelled(&self.$name)),+];
                SETTINGS.iter().zip(spelled).collect()
            }
        }
    };
    (@default) => { None };
    (@default $default:literal) => { Some($default) };
}

/// The most that an advance may be: whoever gives more means seconds.
const MINUTES_MAX: u32 = 60 * 24 * 60;

settings! {
    /// `sqlite:PATH` (relative to the configuration file) or `postgres://…`.
    database_url: String = "sqlite:offpeak.db", Kind::Url;
    /// Whether whoever opens the database brings its schema up to date first; if not, `offpeak migrate up` does.
    migrate_at_start: bool = "true", Kind::Switch;
    /// Connections to the database that this process holds at most; all replicas together have to stay below the
    /// server's `max_connections`.
    database_connections_max: u32 = "16", Kind::Number(2, 200);
    /// What stands between this process and PostgreSQL: `none`, or `transaction` for a pooler (PgBouncer) that lends
    /// its connections for a transaction each.
    database_pooler: Pooler = "none", Kind::Word(&["none", "transaction"]);
    /// Where mail goes: `folder:PATH` (one .eml file a mail) or `smtp://`, `smtp+starttls://`, `smtps://` with
    /// host, port and credentials. Several servers stand with blanks between them, the preferred one first: each takes
    /// over while those before it are down, hang, or refuse us.
    mail_url: String = "folder:mail", Kind::Urls;
    /// Mails on their way at once, over all servers. This and the limits that follow hold for each replica.
    mail_connections_max: u32 = "20", Kind::Number(1, 500);
    /// Of these, to one domain of recipients; it gets there by and by as the domain takes mail.
    mail_domain_connections_max: u32 = "5", Kind::Number(1, 500);
    /// Mails a minute; 0 is no limit. What was not used is kept for a minute. Urgent mail does not wait for it.
    mail_rate_per_minute: u32 = "1200", Kind::Number(0, 1_000_000);
    /// Mails a minute to one domain of recipients; 0 is no limit.
    mail_domain_rate_per_minute: u32 = "300", Kind::Number(0, 1_000_000);
    /// So many errors in a row (4xx answers, silence) to one domain of recipients, and it is left alone for a while.
    mail_domain_errors_max: u32 = "5", Kind::Number(1, 1000);
    /// How long a domain of recipients is left alone; then one mail tries it, and if that fails it is twice as long, up
    /// to eight times.
    mail_domain_pause_seconds: u32 = "300", Kind::Number(1, 86_400);
    /// Sender of notices and organizer of their calendar files.
    mail_from: String = "maintenance@offpeak.example", Kind::MailAddress;
    /// Name shown with the sender.
    mail_from_name: String = "Terminal Maintenance", Kind::Text;
    /// Domain of Message-IDs, calendar UIDs and bounce addresses.
    mail_domain: String = "offpeak.example", Kind::Domain;
    /// File (relative to the configuration file) with the RSA or Ed25519 key that mails are signed with by DKIM, for the
    /// domain of `mail_from`; without it they are not.
    dkim_key_file: Option<String>, Kind::File;
    /// Selector of that key: its public half is the TXT record of `SELECTOR._domainkey.DOMAIN`.
    dkim_selector: String = "offpeak", Kind::Domain;
    /// Folder (relative to the configuration file) with templates in the place of built-in ones; begun by `offpeak template
    /// export`, checked by `offpeak template check` and at the start.
    templates_dir: Option<String>, Kind::Folder;
    /// Address and port, as `127.0.0.1:2525`, on which `offpeak serve` takes mail that comes back, by SMTP or LMTP;
    /// without it, it does not. Others than this machine reach it only with `inbound_from_anywhere`.
    inbound_listen: Option<String>, Kind::Address;
    /// Whether `inbound_listen` may be an address that other machines reach. Anybody who reaches it can hand mail in: let
    /// a mail server stand before it.
    inbound_from_anywhere: bool = "false", Kind::Switch;
    /// Help desk that merchants call.
    support_name: String = "Terminal Help Desk", Kind::Text;
    /// Its telephone number.
    support_phone: String = "+00 000 000 0000", Kind::Text;
    /// Its mail address.
    support_email: String = "help@offpeak.example", Kind::MailAddress;
    /// How long an unlock usually takes: said in every notice.
    usual_unlock_minutes: u32 = "30", Kind::Number(0, MINUTES_MAX);
    /// Least time between the acceptance of an announcement and the start, where a campaign says nothing else.
    notice_lead_minutes: u32 = "4320", Kind::Number(0, MINUTES_MAX);
    /// Time allowed for an announcement to be accepted after publishing: planned starts keep this much more than the
    /// lead.
    announce_allowance_minutes: u32 = "60", Kind::Number(0, MINUTES_MAX);
    /// Reminders leave so long before the start, unless the merchant has it another way.
    reminder_lead_minutes: ReminderLeads = "1440, 60", Kind::Leads;
    /// A mail that something moved or is called off waits for so long, so that several changes are one mail, unless that
    /// would be too late.
    change_settle_minutes: u32 = "10", Kind::Number(0, MINUTES_MAX);
    /// Announcements leave so long before the start, or as early as the notice lead asks for.
    announce_ahead_minutes: u32 = "10080", Kind::Number(0, MINUTES_MAX);
    /// Hours in which merchants are left in peace, in their own time, as `21:00-08:00`, or `none`. Urgent mail, and
    /// what would come too late in the morning, does not wait.
    quiet_hours: QuietHours = "21:00-08:00", Kind::Hours;
    /// Whether merchants are told that work on their terminals has begun.
    started_notices: bool = "false", Kind::Switch;
    /// Whether merchants are told that the work is done.
    completed_notices: bool = "true", Kind::Switch;
    /// How long after an appointment's end its outcome may come before it counts as missed.
    outcome_grace_minutes: u32 = "60", Kind::Number(0, MINUTES_MAX);
    /// Length of a planning slot.
    slot_minutes: u32 = "15", Kind::OneNumberOf(&[5, 6, 10, 12, 15, 20, 30, 60]);
    /// Zone in which budgets' hours of day are read.
    fleet_time_zone: Tz = "UTC", Kind::Zone;
    /// Searches for a plan that may run at once, over all processes on the database; each takes a core and the memory
    /// of a whole fleet.
    searches_at_once: u32 = "1", Kind::Number(1, 16);
    /// A search that has not said for so long that it lives is taken for dead. It says so every two seconds.
    search_silence_seconds: u32 = "60", Kind::Number(6, 3600);
    /// How long a replica leads without renewing: so long nobody raises and watches when it dies.
    lease_seconds: u32 = "15", Kind::Number(2, 3600);
    /// How long a worker may take for the mails that it has claimed; then others send them.
    claim_seconds: u32 = "600", Kind::Number(2, 86_400);
    /// How long a replica that stands still within a transaction can hold up the others on PostgreSQL.
    database_patience_seconds: u32 = "30", Kind::Number(2, 3600);
    /// Where replicas hear of each other's changes, where `database_url` leads through a pooler: `postgres://…` straight
    /// to the server.
    database_listen_url: Option<String>, Kind::PostgresUrl;
    /// Address and port that `offpeak serve` listens on.
    listen: String = "127.0.0.1:8080", Kind::Address;
    /// Whether webhooks may go to addresses without TLS: `http://…`.
    webhook_plain_http: bool = "false", Kind::Switch;
    /// Whether webhooks may go to addresses of this machine and of private networks.
    webhook_private_targets: bool = "false", Kind::Switch;
    /// Where merchants reach this server: mails carry links to it. Without it they carry none.
    public_url: Option<String>, Kind::WebAddress;
    /// A token of an administrator, for programs; better ones are made with `offpeak token create`, each for one
    /// purpose.
    api_token: Option<String>, Kind::Secret(8);
    /// Whether somebody on this machine has to sign in as well. With `false`, and without `api_token`, every program on
    /// it may do everything, and no other machine is served: for trying out.
    sign_in_on_loopback: bool = "true", Kind::Switch;
    /// Who has signed in and asks for nothing for so long signs in again.
    session_idle_minutes: u32 = "60", Kind::Number(5, 1440);
    /// Who has signed in signs in again after so long, whatever he does.
    session_minutes: u32 = "720", Kind::Number(5, 10_080);
    /// Addresses of proxies before this server, separated by commas: what they say of where a request came from
    /// (`X-Forwarded-For`) is believed.
    trusted_proxies: Option<String>, Kind::Text;
    /// A plan or a campaign with more terminals than this needs a second person's approval to be published or started;
    /// without it none does. What waives a rule needs one as soon as there is a second person who could say yes.
    approval_above_terminals: Option<u32>, Kind::Number(0, 1_000_000_000);
    /// A standing clock, for tests: nothing falls due by itself.
    clock: Option<DateTime<Utc>>, Kind::Instant;
}
