//! Every table as a stream of whole rows in the order of its key: read here, written there, and compared. The list
//! of tables is in the order of their references, so that a row comes after what it refers to.

use std::hash::{Hash, Hasher};

use diesel::connection::{DefaultLoadingMode, SimpleConnection};
use diesel::expression::SqlLiteral;
use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Untyped};
use sha2::{Digest, Sha256};

use crate::db::account::AccountRow;
use crate::db::api_token::ApiTokenRow;
use crate::db::appointment::{AppointmentRow, WorkRow};
use crate::db::approval::ApprovalRow;
use crate::db::audit::{AuditHeadRow, AuditRow};
use crate::db::calendar::{BlackoutRow, BudgetRow, WindowRow};
use crate::db::campaign::{CampaignRow, ProgrammeRow};
use crate::db::fleet::{MerchantRow, SiteRow, TerminalRow};
use crate::db::fleet_revision::FleetRevisionRow;
use crate::db::idempotency::IdempotencyRow;
use crate::db::inbound_mail::InboundMailRow;
use crate::db::lease::LeaseRow;
use crate::db::link_key::LinkKeyRow;
use crate::db::lock::LockRow;
use crate::db::merchant_answer::{VisitAnswerRow, WithoutOptionalRow};
use crate::db::merchant_ascii_address::AsciiAddressRow;
use crate::db::merchant_reminders::RemindersRow;
use crate::db::notice::{NoticeRow, NoticeVisitRow};
use crate::db::notice_attempt::NoticeMessageRow;
use crate::db::notice_lock::NoticeLockRow;
use crate::db::plan::{PlanItemRow, PlanRow};
use crate::db::session::SessionRow;
use crate::db::set_up_link::SetUpLinkRow;
use crate::db::sign_in_failure::SignInFailureRow;
use crate::db::suppression::SuppressionRow;
use crate::db::visit::VisitRow;
use crate::db::wave::{MemberRow, WaveRow};
use crate::db::webhook::{DeliveryRow, WebhookRow, WebhookSecretRow};
use crate::db::{Connection, insert_rows, schema};

/// Rows that are held in memory at once.
const BATCH_ROWS: usize = 2000;

/// Told after each batch how many rows of the table were done.
pub type Progress<'a> = &'a mut dyn FnMut(u64);

type Rows<'c, R> = Box<dyn Iterator<Item = QueryResult<R>> + 'c>;

/// A row that can be copied.
trait Row: Hash + PartialEq + Sized {
    fn stream(connection: &mut Connection) -> QueryResult<Rows<'_, Self>>;
    fn insert(connection: &mut Connection, rows: &[Self]) -> QueryResult<()>;
    fn key(&self) -> String;
}

/// One table.
pub struct CopiedTable {
    /// Its name.
    pub name: &'static str,
    copy: fn(&mut Connection, &mut Connection, Progress<'_>) -> QueryResult<u64>,
    compare: fn(&mut Connection, &mut Connection, Progress<'_>) -> QueryResult<Comparison>,
    digest: fn(&mut Connection) -> QueryResult<Counted>,
}

/// The rows of a table: how many, and a digest of every column of every row in the order of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How many.
    pub rows: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// What a comparison found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Every row is the same on both sides.
    Equal(Counted),
    /// The first row that is not, by its key.
    Differs(String),
}

macro_rules! tables {
    ($($table:ident: $row:ty, by $($key:ident $($text:literal)?),+;)*) => {
        /// Every table, in the order of their references.
        pub const TABLES: &[CopiedTable] = &[$(CopiedTable {
            name: stringify!($table),
            copy: copy::<$row>,
            compare: compare::<$row>,
            digest: digest::<$row>,
        }),*];

        $(impl Row for $row {
            fn stream(connection: &mut Connection) -> QueryResult<Rows<'_, Self>> {
                let keys = [$((stringify!($key), [$($text,)?].contains(&"text"))),+];
                let query = schema::$table::table.order(in_order_of(connection, &keys));
                // Asked once more after its end, SQLite would begin anew.
                Ok(match connection {
                    Connection::Postgres(inner) => {
                        Box::new(query.load_iter::<Self, PgRowByRowLoadingMode>(inner)?.fuse())
                    }
                    Connection::Sqlite(inner) => {
                        Box::new(query.load_iter::<Self, DefaultLoadingMode>(inner)?.fuse())
                    }
                })
            }

            fn insert(connection: &mut Connection, rows: &[Self]) -> QueryResult<()> {
                insert_rows!(connection, schema::$table::table, rows)
            }

            fn key(&self) -> String {
                [$(format!("{} {}", stringify!($key), self.$key)),+].join(", ")
            }
        })*
    };
}

tables! {
    merchant: MerchantRow, by id;
    site: SiteRow, by id;
    terminal: TerminalRow, by id;
    fleet_revision: FleetRevisionRow, by id;
    maintenance_window: WindowRow, by id;
    blackout: BlackoutRow, by id;
    budget: BudgetRow, by id;
    programme: ProgrammeRow, by id;
    campaign: CampaignRow, by id;
    campaign_wave: WaveRow, by campaign_id, number;
    wave_member: MemberRow, by campaign_id, terminal_id;
    plan: PlanRow, by id;
    plan_item: PlanItemRow, by plan_id, ordinal;
    visit: VisitRow, by id;
    appointment: AppointmentRow, by id;
    appointment_work: WorkRow, by appointment_id, ordinal;
    notice: NoticeRow, by id;
    notice_message: NoticeMessageRow, by notice_id;
    notice_visit: NoticeVisitRow, by notice_id, visit_id;
    terminal_lock: LockRow, by id;
    suppression: SuppressionRow, by address "text";
    inbound_mail: InboundMailRow, by id;
    notice_lock: NoticeLockRow, by notice_id, lock_id;
    link_key: LinkKeyRow, by number;
    visit_answer: VisitAnswerRow, by visit_id;
    merchant_without_optional: WithoutOptionalRow, by merchant_id;
    merchant_ascii_address: AsciiAddressRow, by merchant_id;
    merchant_reminders: RemindersRow, by merchant_id;
    audit: AuditRow, by id;
    audit_head: AuditHeadRow, by id;
    lease: LeaseRow, by name "text";
    idempotency: IdempotencyRow, by key_digest "text";
    webhook: WebhookRow, by id;
    webhook_secret: WebhookSecretRow, by webhook_id, number;
    webhook_delivery: DeliveryRow, by id;
    account: AccountRow, by id;
    session: SessionRow, by token_hash "text";
    api_token: ApiTokenRow, by id;
    set_up_link: SetUpLinkRow, by token_hash "text";
    sign_in_failure: SignInFailureRow, by subject "text";
    approval: ApprovalRow, by id;
}

/// The keys' columns to order by; texts by their bytes, as SQLite orders them, whatever the language of PostgreSQL.
fn in_order_of(connection: &Connection, keys: &[(&str, bool)]) -> SqlLiteral<Untyped> {
    let in_bytes = connection.kind() == "postgres";
    let columns = keys.iter().map(|(column, text)| match *text && in_bytes {
        true => format!("{column} COLLATE \"C\""),
        false => (*column).to_owned(),
    });
    diesel::dsl::sql(&columns.collect::<Vec<_>>().join(", "))
}

impl CopiedTable {
    /// Adds every row of `source`'s table to `target`'s; gives their number.
    pub fn copy(
        &self,
        source: &mut Connection,
        target: &mut Connection,
        progress: Progress<'_>,
    ) -> QueryResult<u64> {
        (self.copy)(source, target, progress)
    }

    /// Reads both sides in the order of the key, and compares every column of every row.
    pub fn compare(
        &self,
        one: &mut Connection,
        other: &mut Connection,
        progress: Progress<'_>,
    ) -> QueryResult<Comparison> {
        (self.compare)(one, other, progress)
    }

    /// Counts the rows and digests them.
    pub fn digest(&self, connection: &mut Connection) -> QueryResult<Counted> {
        (self.digest)(connection)
    }

    /// How many rows there are.
    pub fn count(&self, connection: &mut Connection) -> QueryResult<u64> {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            rows: i64,
        }
        let query = format!("SELECT count(*) AS rows FROM {}", self.name);
        let count = diesel::sql_query(query).get_result::<Count>(connection)?;
        Ok(u64::try_from(count.rows).unwrap_or(0))
    }

    /// Looks in a SQLite file for a text with a NUL character, which PostgreSQL cannot keep: the column and the
    /// number of such rows, if there are any.
    pub fn find_nul(&self, connection: &mut Connection) -> QueryResult<Option<(String, u64)>> {
        #[derive(QueryableByName)]
        struct Column {
            #[diesel(sql_type = Text)]
            name: String,
        }
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            rows: i64,
        }
        if connection.kind() != "sqlite" {
            return Ok(None);
        }
        let texts = format!("SELECT name FROM pragma_table_info('{}') WHERE type = 'TEXT'", self.name);
        for Column { name } in diesel::sql_query(texts).load(connection)? {
            let query = format!(
                "SELECT count(*) AS rows FROM {} WHERE instr(CAST(\"{name}\" AS BLOB), x'00') > 0",
                self.name
            );
            let count: Count = diesel::sql_query(query).get_result(connection)?;
            if count.rows > 0 {
                return Ok(Some((name, u64::try_from(count.rows).unwrap_or(0))));
            }
        }
        Ok(None)
    }
}

/// First thing in a transaction that fills the tables: nobody else writes to any of them until its end. SQLite has
/// one writer anyway.
pub fn keep_writers_out(connection: &mut Connection) -> QueryResult<()> {
    match connection {
        Connection::Postgres(inner) => {
            let names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
            inner.batch_execute(&format!("LOCK TABLE {} IN EXCLUSIVE MODE", names.join(", ")))
        }
        Connection::Sqlite(_) => Ok(()),
    }
}

/// First thing in a transaction that may have to wait for the other side of a copy: on PostgreSQL it is not ended
/// for standing still.
pub fn wait_patiently(connection: &mut Connection) -> QueryResult<()> {
    match connection {
        Connection::Postgres(inner) => {
            inner.batch_execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        }
        Connection::Sqlite(_) => Ok(()),
    }
}

/// Within a transaction that replaces a whole database, on PostgreSQL: the audit trail lets its entries go, and takes
/// those that come with the places in the chain that they have.
pub fn let_the_trail_go(connection: &mut Connection) -> QueryResult<()> {
    match connection {
        Connection::Postgres(inner) => inner.batch_execute("SET LOCAL offpeak.audit = 'copied'"),
        Connection::Sqlite(_) => Ok(()),
    }
}

/// Removes every row of every table.
pub fn clear(connection: &mut Connection) -> QueryResult<()> {
    #[derive(QueryableByName)]
    struct Trigger {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        sql: String,
    }
    // SQLite has no setting that a trigger could ask: what keeps the trail steps aside, and is put back.
    let mut keepers: Vec<Trigger> = Vec::new();
    if connection.kind() == "sqlite" {
        let kept = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'";
        keepers = diesel::sql_query(kept).load(connection)?;
    }
    for keeper in &keepers {
        diesel::sql_query(format!("DROP TRIGGER {}", keeper.name)).execute(connection)?;
    }
    clear_all(connection)?;
    for keeper in keepers {
        connection.batch_execute(&keeper.sql)?;
    }
    Ok(())
}

fn clear_all(connection: &mut Connection) -> QueryResult<()> {
    for table in TABLES.iter().rev() {
        diesel::sql_query(format!("DELETE FROM {}", table.name)).execute(connection)?;
    }
    Ok(())
}

fn copy<R: Row>(
    source: &mut Connection,
    target: &mut Connection,
    progress: Progress<'_>,
) -> QueryResult<u64> {
    let mut copied = 0;
    let mut batch = Vec::with_capacity(BATCH_ROWS);
    let mut rows = R::stream(source)?;
    loop {
        for row in rows.by_ref().take(BATCH_ROWS) {
            batch.push(row?);
        }
        if batch.is_empty() {
            return Ok(copied);
        }
        R::insert(target, &batch)?;
        copied += batch.len() as u64;
        batch.clear();
        progress(copied);
    }
}

fn compare<R: Row>(
    one: &mut Connection,
    other: &mut Connection,
    progress: Progress<'_>,
) -> QueryResult<Comparison> {
    let (mut ones, mut others) = (R::stream(one)?, R::stream(other)?);
    let mut digest = RowDigest::default();
    loop {
        match (ones.next().transpose()?, others.next().transpose()?) {
            (None, None) => return Ok(Comparison::Equal(digest.finished())),
            (Some(one), Some(other)) if one == other => digest.add(&one),
            (Some(row), _) | (None, Some(row)) => return Ok(Comparison::Differs(row.key())),
        }
        if digest.rows % BATCH_ROWS as u64 == 0 {
            progress(digest.rows);
        }
    }
}

fn digest<R: Row>(connection: &mut Connection) -> QueryResult<Counted> {
    let mut digest = RowDigest::default();
    for row in R::stream(connection)? {
        digest.add(&row?);
    }
    Ok(digest.finished())
}

/// Digests rows as their `Hash` spells them: each column's bytes, texts and bytes with their ends marked.
#[derive(Default)]
pub(super) struct RowDigest {
    sha256: Sha256,
    rows: u64,
    row: Spelling,
}

#[derive(Default)]
struct Spelling(Vec<u8>);

impl Hasher for Spelling {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

impl RowDigest {
    pub(super) fn add(&mut self, row: &impl Hash) {
        self.row.0.clear();
        row.hash(&mut self.row);
        self.sha256.update(&self.row.0);
        self.rows += 1;
    }

    pub(super) fn finished(self) -> Counted {
        Counted { rows: self.rows, sha256: hex::encode(self.sha256.finalize()) }
    }
}
