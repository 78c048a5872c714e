//! What is true in the end, by what the mail server took and what the tables hold: SQL of its own, none of Offpeak's.

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};

use super::sink::Taken;

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// Mails that the server took, copies among them.
    pub taken: i64,
    /// Message-IDs among them.
    pub accepted: i64,
    /// Notices that ended in each state.
    pub notices: Vec<String>,
    pub published: i64,
    pub appointments: i64,
    pub opened: i64,
    pub closed_by_the_leader: i64,
    /// Different tokens on the audit trail.
    pub fences: i64,
    /// Changes of the leader, over all leases.
    pub tokens: i64,
    /// Each thing that is not as it should be.
    pub wrong: Vec<String>,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// From the hand-over to the server's clock, in microseconds: two processes on one busy machine.
const ON_THE_WAY: i64 = 500_000;

/// A notice that had so long, in microseconds, was sent, whoever died meanwhile.
const LONG_ENOUGH: i64 = 45_000_000;

/// Each finds what must not be, a line for each.
fn questions() -> Vec<(&'static str, String)> {
    let now = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let standing = "('planned', 'announced', 'open', 'running')";
    let told = "SELECT 1 FROM taken t JOIN notice n USING (message_id) JOIN notice_visit v ON v.notice_id = n.id \
                WHERE v.visit_id = a.visit_id AND n.kind IN ('announcement', 'moved')";
    // Moved while its announcement was being handed over by a replica that died: the merchant may have it, so that
    // what is said next is the move, once it has settled.
    let to_be_told = format!(
        "SELECT 1 FROM notice n JOIN notice_visit v ON v.notice_id = n.id JOIN visit s ON s.id = v.visit_id \
                WHERE s.id = a.visit_id AND v.revision = s.sequence AND n.kind IN ('announcement', 'moved') AND n.state = 'queued' \
                AND n.next_attempt_at > {now} AND n.next_attempt_at <= a.starts_at - a.notice_lead_minutes * 60000000::bigint"
    );
    vec![
        ("copies differ", "SELECT message_id AS line FROM taken GROUP BY 1 \
            HAVING count(DISTINCT digest) > 1 OR count(DISTINCT recipient) > 1".into()),
        ("of unknown origin", "SELECT t.message_id AS line FROM taken t LEFT JOIN notice n USING (message_id) \
            WHERE n.id IS NULL OR n.recipient <> t.recipient".into()),
        ("taken after its expiry", format!("SELECT concat_ws(' ', n.id, n.kind, t.at - n.expires_at) AS line \
            FROM taken t JOIN notice n USING (message_id) WHERE t.at > n.expires_at + {ON_THE_WAY}")),
        ("said to be accepted, and not taken", "SELECT n.id::text AS line FROM notice n \
            LEFT JOIN taken t USING (message_id) WHERE n.state = 'accepted' AND t.at IS NULL".into()),
        ("accepted before it was taken", "SELECT n.id::text AS line FROM notice n JOIN \
            (SELECT message_id, min(at) AS at FROM taken GROUP BY 1) t USING (message_id) WHERE n.accepted_at < t.at".into()),
        ("not sent", format!("SELECT concat_ws(' ', id, kind, state, last_error) AS line FROM notice \
            WHERE state = 'failed' OR state = 'sending' \
            OR state IN ('queued', 'deferred') AND next_attempt_at < {now} - 5000000 \
            OR state = 'expired' AND expires_at - greatest(send_after, created_at) > {LONG_ENOUGH}")),
        ("planned and not announced", format!("SELECT concat_ws(' ', a.id, a.state, (SELECT \
            string_agg(concat_ws(' ', n.id, n.kind, n.state, v.revision, (n.next_attempt_at - {now}) / 1000000, n.last_error), \
            ', ') FROM notice n JOIN notice_visit v ON v.notice_id = n.id WHERE v.visit_id = a.visit_id)) AS line \
            FROM appointment a WHERE (state = 'planned' AND starts_at > {now} OR state = 'announced') AND NOT EXISTS ({told}) \
            AND NOT (state = 'planned' AND EXISTS ({to_be_told}))")),
        ("published and not once", "SELECT concat_ws(' ', p.id, i.ordinal) AS line FROM plan p \
            JOIN plan_item i ON i.plan_id = p.id WHERE p.state = 'published' AND i.starts_at IS NOT NULL \
            AND i.appointment_id IS NULL AND 1 <> (SELECT count(*) FROM appointment a \
            WHERE a.plan_id = p.id AND a.terminal_id = i.terminal_id)".into()),
        ("not of a published plan", "SELECT a.id::text AS line FROM appointment a JOIN plan p ON p.id = a.plan_id \
            WHERE p.state <> 'published' OR NOT EXISTS (SELECT FROM plan_item i WHERE i.plan_id = p.id \
            AND i.terminal_id = a.terminal_id AND i.starts_at IS NOT NULL)".into()),
        ("publications on the trail", "SELECT p.id::text AS line FROM plan p WHERE (p.state = 'published')::int <> \
            (SELECT count(*) FROM audit WHERE action = 'plan.publish' AND subject = 'plan ' || p.id)".into()),
        ("arranged and not once", "SELECT a.id::text AS line FROM appointment a WHERE plan_id IS NULL AND 1 <> \
            (SELECT count(*) FROM audit WHERE action LIKE 'maintenance.%' AND subject = 'appointment ' || a.id) \
            UNION ALL SELECT subject FROM audit WHERE action LIKE 'maintenance.%' AND NOT EXISTS \
            (SELECT FROM appointment a WHERE subject = 'appointment ' || a.id)".into()),
        ("at the same time", format!("SELECT concat_ws(' ', a.id, b.id) AS line FROM appointment a \
            JOIN appointment b ON a.terminal_id = b.terminal_id AND a.id < b.id AND a.starts_at < b.ends_at \
            AND b.starts_at < a.ends_at WHERE a.state IN {standing} AND b.state IN {standing}")),
        ("opened without being announced in time", format!("SELECT concat_ws(' ', a.id, a.starts_at) AS line \
            FROM audit o JOIN appointment a ON o.subject = 'appointment ' || a.id \
            WHERE o.action = 'appointment.state' AND o.after = '\"open\"' AND NOT a.emergency AND NOT EXISTS ({told} \
            AND t.at <= a.starts_at - a.notice_lead_minutes * 60000000::bigint \
            AND t.at >= greatest(a.created_at, (SELECT max(m.at) FROM audit m WHERE m.action = 'appointment.move' \
            AND m.subject = o.subject)) - {ON_THE_WAY})")),
        ("opened twice", "SELECT subject AS line FROM audit WHERE action = 'appointment.state' AND after = '\"open\"' \
            GROUP BY 1 HAVING count(*) > 1".into()),
        ("over and not closed", format!("SELECT concat_ws(' ', id, state) AS line FROM appointment \
            WHERE state IN {standing} AND ends_at < {now} - 45000000")),
        ("a fenced-off leader wrote", "SELECT concat_ws(' ', id, actor, fence, before) AS line FROM (SELECT id, actor, \
            fence, max(fence) OVER (PARTITION BY actor ORDER BY id) AS before FROM audit \
            WHERE actor IN ('worker:raise', 'worker:watch')) f WHERE fence IS NULL OR fence < before".into()),
        ("a token that was never given", "SELECT concat_ws(' ', a.id, a.actor, a.fence) AS line FROM audit a \
            LEFT JOIN lease l ON a.actor = 'worker:' || l.name \
            WHERE a.fence IS NOT NULL AND (l.token IS NULL OR a.fence > l.token)".into()),
        ("searches left over", "SELECT concat_ws(' ', p.id, p.state) AS line FROM plan p WHERE p.state = 'solving' \
            OR p.state = 'failed' AND (p.report IS NOT NULL OR EXISTS (SELECT FROM plan_item WHERE plan_id = p.id))".into()),
    ]
}

/// Looks at everything.
pub fn check(database: &str, taken: &[Taken]) -> Report {
    let mut connection = PgConnection::establish(database).expect("the database");
    connection
        .batch_execute("CREATE TEMP TABLE taken (message_id text, recipient text, digest text, at bigint)")
        .expect("a table");
    for mail in taken {
        sql_query("INSERT INTO taken VALUES ($1, $2, $3, $4)")
            .bind::<Text, _>(&mail.message_id)
            .bind::<Text, _>(&mail.recipient)
            .bind::<Text, _>(&mail.digest)
            .bind::<BigInt, _>(mail.at_micros)
            .execute(&mut connection)
            .expect("a row");
    }
    let mut report = Report::default();
    for (name, question) in questions() {
        let lines: Vec<Line> =
            sql_query(question).load(&mut connection).unwrap_or_else(|error| panic!("{name}: {error}"));
        report.wrong.extend(lines.into_iter().map(|line| format!("{name}: {}", line.line)));
    }
    let mut count = |query: &str| {
        sql_query(format!("SELECT {query} AS number"))
            .get_result::<Number>(&mut connection)
            .unwrap_or_else(|error| panic!("{query}: {error}"))
            .number
    };
    report.taken = count("(SELECT count(*) FROM taken)");
    report.accepted = count("(SELECT count(DISTINCT message_id) FROM taken)");
    report.published = count("(SELECT count(*) FROM plan WHERE state = 'published')");
    report.appointments = count("(SELECT count(*) FROM appointment)");
    report.opened =
        count("(SELECT count(*) FROM audit WHERE action = 'appointment.state' AND after = '\"open\"')");
    report.closed_by_the_leader = count("(SELECT count(*) FROM audit WHERE fence IS NOT NULL)");
    report.fences = count("(SELECT count(DISTINCT (actor, fence)) FROM audit WHERE fence IS NOT NULL)");
    report.tokens = count("(SELECT coalesce(sum(token), 0)::bigint FROM lease)");
    let states = "SELECT concat_ws(' ', count(*), kind, state) AS line FROM notice GROUP BY kind, state ORDER BY kind, state";
    let states: Vec<Line> = sql_query(states).load(&mut connection).expect("states");
    report.notices = states.into_iter().map(|line| line.line).collect();
    report
}
