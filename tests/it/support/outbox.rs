//! An outbox of any size, made by the database itself.

use chrono::Utc;
use diesel::QueryResult;
use diesel::connection::SimpleConnection;
use offpeak::db::Connection;

/// Adds `count` announcements to merchant 1 with the numbers from `from` on: in this state, due for a while, to 500
/// domains.
pub fn add_notices(connection: &mut Connection, from: usize, count: usize, state: &str) -> QueryResult<()> {
    let columns = "id, kind, state, merchant_id, night, recipient, locale, message_id, emergency, created_at, send_after, \
                   expires_at, attempts, next_attempt_at, domain, urgent, deferrals";
    let now = Utc::now().timestamp_micros();
    let select = |numbers: &str| {
        format!(
            "INSERT INTO notice ({columns}) {numbers} SELECT n, 'announcement', '{state}', 1, '2100-01-01', \
             'shop' || n || '@shops.example', 'en', 'more.' || n, FALSE, {now}, {now}, {now} + 1000000000000, 0, \
             {now} - 1000000 - n % 1000, 'shops' || n % 500 || '.example', FALSE, 0 FROM numbers"
        )
    };
    let last = from + count - 1;
    connection.batch_execute(&match connection.kind() {
        "sqlite" => select(&format!(
            "WITH RECURSIVE numbers (n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last})"
        )),
        _ => select(&format!("WITH numbers (n) AS (SELECT generate_series({from}::bigint, {last}::bigint))")),
    })
}
