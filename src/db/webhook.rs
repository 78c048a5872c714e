//! Other systems that want to hear what happens, and the messages to them.

use diesel::prelude::*;

use crate::db::ids::allot_one;
use crate::db::schema::{webhook, webhook_delivery, webhook_secret};
use crate::db::{Connection, Instant, Table, on_each};

/// An endpoint. `kinds` is JSON.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = webhook, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct WebhookRow {
    pub id: i64,
    pub url: String,
    pub description: String,
    pub kinds: String,
    pub enabled: bool,
    pub disabled_why: Option<String>,
    pub created_at: Instant,
    pub failures: i32,
    pub failing_since: Option<Instant>,
    pub next_try_at: Instant,
}

/// A secret of one.
#[derive(Clone, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = webhook_secret, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct WebhookSecretRow {
    pub webhook_id: i64,
    pub number: i32,
    pub secret: Vec<u8>,
    pub expires_at: Option<Instant>,
}

/// A message to one.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = webhook_delivery, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct DeliveryRow {
    pub id: i64,
    pub webhook_id: i64,
    pub message_id: String,
    pub kind: String,
    pub body: String,
    pub state: String,
    pub attempts: i32,
    pub queued_at: Instant,
    pub next_attempt_at: Instant,
    pub lease_until: Option<Instant>,
    pub last_status: Option<i32>,
    pub last_error: Option<String>,
    pub ended_at: Option<Instant>,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct DeliveryEnd<'a> {
    pub state: &'static str,
    pub next_attempt_at: Instant,
    pub status: Option<i32>,
    pub error: Option<&'a str>,
    pub ended_at: Option<Instant>,
}

/// Every endpoint, by id.
pub fn all(connection: &mut Connection) -> QueryResult<Vec<WebhookRow>> {
    webhook::table.order(webhook::id).load(connection)
}

/// One endpoint.
pub fn find(connection: &mut Connection, id: i64) -> QueryResult<Option<WebhookRow>> {
    webhook::table.find(id).first(connection).optional()
}

/// Ids and kinds of the endpoints that are enabled.
pub fn listening(connection: &mut Connection) -> QueryResult<Vec<(i64, String)>> {
    webhook::table.filter(webhook::enabled.eq(true)).select((webhook::id, webhook::kinds)).load(connection)
}

/// Adds an endpoint with its first secret; its id is given here.
pub fn insert(connection: &mut Connection, mut row: WebhookRow, secret: Vec<u8>) -> QueryResult<WebhookRow> {
    row.id = allot_one(connection, Table::Webhook)?;
    diesel::insert_into(webhook::table).values(row.clone()).execute(connection)?;
    insert_secret(connection, WebhookSecretRow { webhook_id: row.id, number: 1, secret, expires_at: None })?;
    Ok(row)
}

/// Gives an endpoint other terms.
pub fn change(connection: &mut Connection, row: &WebhookRow) -> QueryResult<()> {
    diesel::update(webhook::table.find(row.id))
        .set((
            webhook::url.eq(&row.url),
            webhook::description.eq(&row.description),
            webhook::kinds.eq(&row.kinds),
            webhook::enabled.eq(row.enabled),
            webhook::disabled_why.eq(&row.disabled_why),
            webhook::failures.eq(row.failures),
            webhook::failing_since.eq(row.failing_since),
            webhook::next_try_at.eq(row.next_try_at),
        ))
        .execute(connection)
        .map(drop)
}

/// Removes an endpoint with everything to it.
pub fn delete(connection: &mut Connection, id: i64) -> QueryResult<()> {
    diesel::delete(webhook_delivery::table.filter(webhook_delivery::webhook_id.eq(id)))
        .execute(connection)?;
    diesel::delete(webhook_secret::table.filter(webhook_secret::webhook_id.eq(id))).execute(connection)?;
    diesel::delete(webhook::table.find(id)).execute(connection).map(drop)
}

/// An endpoint's secrets, the latest first.
pub fn secrets(connection: &mut Connection, webhook_id: i64) -> QueryResult<Vec<WebhookSecretRow>> {
    webhook_secret::table
        .filter(webhook_secret::webhook_id.eq(webhook_id))
        .order(webhook_secret::number.desc())
        .load(connection)
}

/// Adds a secret.
pub fn insert_secret(connection: &mut Connection, row: WebhookSecretRow) -> QueryResult<()> {
    diesel::insert_into(webhook_secret::table).values(row).execute(connection).map(drop)
}

/// The secrets that have no end yet end then; those that have ended by `now` are forgotten.
pub fn expire_secrets(
    connection: &mut Connection,
    webhook_id: i64,
    at: Instant,
    now: Instant,
) -> QueryResult<()> {
    let of_it = || webhook_secret::table.filter(webhook_secret::webhook_id.eq(webhook_id));
    diesel::delete(of_it().filter(webhook_secret::expires_at.le(now))).execute(connection)?;
    diesel::update(of_it().filter(webhook_secret::expires_at.is_null()))
        .set(webhook_secret::expires_at.eq(Some(at)))
        .execute(connection)
        .map(drop)
}

/// Adds a message; its id is given here.
pub fn queue(connection: &mut Connection, mut row: DeliveryRow) -> QueryResult<i64> {
    row.id = allot_one(connection, Table::WebhookDelivery)?;
    let id = row.id;
    diesel::insert_into(webhook_delivery::table).values(row).execute(connection)?;
    Ok(id)
}

/// One message.
pub fn delivery(connection: &mut Connection, id: i64) -> QueryResult<Option<DeliveryRow>> {
    webhook_delivery::table.find(id).first(connection).optional()
}

/// Messages to an endpoint below `before`, the latest first, in one state if that is given.
pub fn deliveries(
    connection: &mut Connection,
    webhook_id: i64,
    state: Option<&str>,
    before: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<DeliveryRow>> {
    let mut query = webhook_delivery::table.filter(webhook_delivery::webhook_id.eq(webhook_id)).into_boxed();
    if let Some(state) = state {
        query = query.filter(webhook_delivery::state.eq(state.to_owned()));
    }
    if let Some(before) = before {
        query = query.filter(webhook_delivery::id.lt(before));
    }
    query.order(webhook_delivery::id.desc()).limit(limit).load(connection)
}

/// How many messages to an endpoint are in a state.
pub fn count(connection: &mut Connection, webhook_id: i64, state: &str) -> QueryResult<i64> {
    webhook_delivery::table
        .filter(webhook_delivery::webhook_id.eq(webhook_id).and(webhook_delivery::state.eq(state)))
        .count()
        .get_result(connection)
}

/// Messages to an endpoint whose time has come and that nobody has in hand, locked for this transaction.
pub fn due(
    connection: &mut Connection,
    webhook_id: i64,
    now: Instant,
    limit: i64,
) -> QueryResult<Vec<DeliveryRow>> {
    let free = webhook_delivery::lease_until.is_null().or(webhook_delivery::lease_until.le(now));
    let query = webhook_delivery::table
        .filter(
            webhook_delivery::webhook_id
                .eq(webhook_id)
                .and(webhook_delivery::state.eq("pending"))
                .and(webhook_delivery::next_attempt_at.le(now)),
        )
        .filter(free)
        .order(webhook_delivery::next_attempt_at)
        .limit(limit);
    match connection {
        Connection::Postgres(inner) => query.for_update().skip_locked().load(inner),
        Connection::Sqlite(inner) => query.load(inner),
    }
}

/// Takes a message in hand until then; its attempt is counted.
pub fn take(connection: &mut Connection, id: i64, attempt: i32, until: Instant) -> QueryResult<()> {
    diesel::update(webhook_delivery::table.find(id))
        .set((webhook_delivery::attempts.eq(attempt), webhook_delivery::lease_until.eq(Some(until))))
        .execute(connection)
        .map(drop)
}

/// Writes down how an attempt ended, unless somebody else has the message in hand by now; whether it was.
pub fn end(connection: &mut Connection, id: i64, attempt: i32, end: &DeliveryEnd<'_>) -> QueryResult<bool> {
    let this = webhook_delivery::table.filter(
        webhook_delivery::id
            .eq(id)
            .and(webhook_delivery::attempts.eq(attempt))
            .and(webhook_delivery::state.eq("pending")),
    );
    diesel::update(this)
        .set((
            webhook_delivery::state.eq(end.state),
            webhook_delivery::next_attempt_at.eq(end.next_attempt_at),
            webhook_delivery::lease_until.eq(None::<Instant>),
            webhook_delivery::last_status.eq(end.status),
            webhook_delivery::last_error.eq(end.error),
            webhook_delivery::ended_at.eq(end.ended_at),
        ))
        .execute(connection)
        .map(|rows| rows > 0)
}

/// Gives a message back that was taken in hand and not tried.
pub fn give_back(connection: &mut Connection, id: i64, attempt: i32) -> QueryResult<()> {
    let this = webhook_delivery::table
        .filter(webhook_delivery::id.eq(id).and(webhook_delivery::attempts.eq(attempt)));
    diesel::update(this)
        .set((webhook_delivery::attempts.eq(attempt - 1), webhook_delivery::lease_until.eq(None::<Instant>)))
        .execute(connection)
        .map(drop)
}

/// Queues a message anew.
pub fn queue_again(connection: &mut Connection, id: i64, now: Instant) -> QueryResult<()> {
    diesel::update(webhook_delivery::table.find(id))
        .set((
            webhook_delivery::state.eq("pending"),
            webhook_delivery::attempts.eq(webhook_delivery::attempts + 1),
            webhook_delivery::queued_at.eq(now),
            webhook_delivery::next_attempt_at.eq(now),
            webhook_delivery::lease_until.eq(None::<Instant>),
            webhook_delivery::ended_at.eq(None::<Instant>),
        ))
        .execute(connection)
        .map(drop)
}

/// Gives up every message to an endpoint that has not arrived.
pub fn give_up(connection: &mut Connection, webhook_id: i64, why: &str, now: Instant) -> QueryResult<usize> {
    let waiting = webhook_delivery::table
        .filter(webhook_delivery::webhook_id.eq(webhook_id).and(webhook_delivery::state.eq("pending")));
    diesel::update(waiting)
        .set((
            webhook_delivery::state.eq("dead"),
            webhook_delivery::lease_until.eq(None::<Instant>),
            webhook_delivery::last_error.eq(Some(why)),
            webhook_delivery::ended_at.eq(Some(now)),
        ))
        .execute(connection)
}

/// Whether there are messages that ended before then.
pub fn any_ended(connection: &mut Connection, before: Instant) -> QueryResult<bool> {
    let old = webhook_delivery::table.filter(webhook_delivery::ended_at.lt(before));
    diesel::select(diesel::dsl::exists(old)).get_result(connection)
}

/// Forgets messages that ended before then; how many.
pub fn forget_ended(connection: &mut Connection, before: Instant) -> QueryResult<usize> {
    on_each!(connection, inner => {
        diesel::delete(webhook_delivery::table.filter(webhook_delivery::ended_at.lt(before))).execute(inner)
    })
}
