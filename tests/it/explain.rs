//! No page and no edit walks through a large table: every statement that they send is noted and explained by both
//! databases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use axum::body::Body;
use axum::http::{Method, Request};
use diesel::connection::{Instrumentation, InstrumentationEvent};
use diesel::{QueryableByName, RunQueryDsl};
use offpeak::db::Connection;
use offpeak::service::Actor;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{TestApp, on_each_database};

/// Tables that grow with the fleet or with time.
const LARGE: [&str; 10] = [
    "merchant",
    "site",
    "terminal",
    "visit",
    "appointment",
    "appointment_work",
    "notice",
    "notice_visit",
    "plan_item",
    "audit",
];

/// Statements that do walk through a table: how they begin, and why they may.
const MAY_WALK: [(&str, &str); 9] = [
    ("SELECT COUNT(*) FROM merchant", "the fleet in numbers: a large one is counted beside whoever looks"),
    ("SELECT COUNT(*) FROM site", "the same"),
    ("SELECT COUNT(*) FROM terminal WHERE (terminal.retired", "the same"),
    ("SELECT site.region, COUNT(*) FROM (terminal", "the same"),
    ("SELECT terminal.model, terminal.firmware, COUNT(*) FROM terminal WHERE (terminal.retired", "the same"),
    ("SELECT notice.state, COUNT(*) FROM notice GROUP BY", "the same of notices"),
    (
        "SELECT merchant.id, merchant.number",
        "whole, in the order of the key: an export, or the world that plans are made in",
    ),
    ("SELECT site.id, site.code", "the same"),
    ("SELECT terminal.id, terminal.serial", "the same"),
];

/// Statements by database.
type Log = Mutex<BTreeMap<String, BTreeSet<String>>>;

fn log() -> &'static Arc<Log> {
    static LOG: OnceLock<Arc<Log>> = OnceLock::new();
    LOG.get_or_init(|| {
        diesel::connection::set_default_instrumentation(|| Some(Box::new(Noter { url: String::new() })))
            .expect("nobody else has set one");
        Arc::default()
    })
}

/// Notes what goes through one connection.
struct Noter {
    url: String,
}

impl Instrumentation for Noter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => self.url = url.to_owned(),
            InstrumentationEvent::StartQuery { query, .. } => {
                let text = query.to_string();
                let text = text.split(" -- binds:").next().unwrap_or_default().trim().to_owned();
                let mut log = log().lock().expect("nobody panics with it");
                // Only where somebody has asked for it: other tests run beside.
                if let Some(known) = log.iter_mut().find(|(url, _)| self.url.contains(url.as_str())) {
                    known.1.insert(text);
                }
            }
            _ => {}
        }
    }
}

/// How the database would go about a statement.
fn explained(connection: &mut Connection, statement: &str) -> Vec<String> {
    if connection.kind() == "sqlite" {
        #[derive(QueryableByName)]
        struct Step {
            #[diesel(sql_type = diesel::sql_types::Text)]
            detail: String,
        }
        let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}"))
            .load(connection)
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
        return steps.into_iter().map(|step| step.detail).collect();
    }
    use diesel::connection::SimpleConnection;
    let parameters = (1..100).take_while(|number| statement.contains(&format!("${number}"))).count();
    let values = vec!["NULL"; parameters].join(", ");
    let execute = if values.is_empty() { "asked".to_owned() } else { format!("asked({values})") };
    // Only where there is no other way does a plan walk through a table then, however small it is here.
    connection
        .batch_execute(&format!(
            "SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan; PREPARE asked AS {statement}"
        ))
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
    let steps: Vec<Plan> = diesel::sql_query(format!("EXPLAIN (COSTS OFF) EXECUTE {execute}"))
        .load(connection)
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
    connection.batch_execute("DEALLOCATE asked").expect("it is there");
    steps.into_iter().map(|step| step.line).collect()
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    line: String,
}

/// The large table that a step walks through from end to end, if it does.
fn walks_through(step: &str, statement: &str) -> Option<&'static str> {
    let step = step.trim_start_matches([' ', '-', '>']).trim();
    let walked = step
        .strip_prefix("Seq Scan on ")
        .or_else(|| step.strip_prefix("Parallel Seq Scan on "))
        .or_else(|| step.strip_prefix("SCAN "))?;
    let table = walked.split_whitespace().next()?;
    let table = LARGE.iter().find(|large| **large == table)?;
    // A page of a list, in the order of its key: it ends after so many rows.
    let is_page = statement.contains("LIMIT") && !statement.contains(" LIKE ");
    (!is_page).then_some(*table)
}

async fn text_of(app: &TestApp, path: &str) -> (u16, String) {
    let mut request =
        Request::builder().method(Method::GET).uri(path).body(Body::empty()).expect("a request");
    request.extensions_mut().insert(Actor::local());
    let response = offpeak::web::router(app.state.clone()).oneshot(request).await.expect("an answer");
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a whole answer");
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

/// Every page that can be reached from the first one, each kind of address once; and what became of it.
async fn walk_pages(app: &TestApp) -> Vec<String> {
    let (mut known, mut walked) = (BTreeSet::new(), Vec::new());
    let mut waiting = vec!["/".to_owned()];
    while let Some(path) = waiting.pop() {
        let kind: String = path
            .split(['?', '#'])
            .next()
            .unwrap_or_default()
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        let names: Vec<String> = path.split_once('?').map_or_else(Vec::new, |(_, query)| {
            query.split('&').map(|pair| pair.split('=').next().unwrap_or_default().to_owned()).collect()
        });
        if !known.insert((kind, names)) || known.len() > 200 {
            continue;
        }
        let (status, html) = text_of(app, &path).await;
        assert!(status < 500, "{path}: {status} {html}");
        for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let link = link.replace("&amp;", "&").replace("&#x2f;", "/").replace("&#x2F;", "/");
            let ours =
                link.starts_with('/') && !["/api", "/assets", "/m/"].iter().any(|not| link.starts_with(not));
            if ours {
                waiting.push(link);
            }
        }
        walked.push(path);
    }
    walked
}

/// Every question of the API, with what is there in place of the parameters.
async fn walk_api(app: &TestApp) {
    let document = app.get("/openapi.json").await;
    let appointment = app.get("/appointments?limit=1").await["items"][0].clone();
    let named = app.get("/campaigns").await[0]["name"].clone();
    for (path, item) in document["paths"].as_object().expect("paths") {
        if item.get("get").is_none() || path.ends_with("/events") {
            continue;
        }
        let id = if path.contains("/appointments/") { appointment["id"].to_string() } else { "1".to_owned() };
        let path = path
            .replace("{id}", &id)
            .replace("{name}", named.as_str().unwrap_or("x"))
            .replace("{serial}", appointment["serial"].as_str().unwrap_or("x"))
            .replace("{code}", appointment["site_code"].as_str().unwrap_or("x"))
            .replace("{number}", appointment["merchant_number"].as_str().unwrap_or("x"))
            .replace("{table}", "sites");
        let (status, text) = text_of(app, &path).await;
        assert!(status < 500, "{path}: {status} {text}");
    }
}

/// Every edit of the schedule.
async fn edit(app: &TestApp) {
    let page = app.get("/appointments?state=planned,announced&from=2026-12-06T00:00:00Z&limit=5").await;
    let ids: Vec<&Value> = page["items"].as_array().expect("a page").iter().map(|row| &row["id"]).collect();
    assert!(ids.len() == 5, "{page}");
    for (path, body) in [
        (format!("/appointments/{}/move", ids[0]), json!({"at": page["items"][1]["starts_at"]})),
        (
            format!("/appointments/{}/move", ids[0]),
            json!({"at": page["items"][0]["starts_at"], "dry_run": true}),
        ),
        (format!("/appointments/{}/pin", ids[1]), json!({})),
        (format!("/appointments/{}/unpin", ids[1]), json!({})),
        (format!("/appointments/{}/cancel", ids[2]), json!({"reason": "x"})),
        (
            "/appointments/batch".to_owned(),
            json!({"action": "move", "items": [{"id": ids[3], "shift_minutes": 15}]}),
        ),
        ("/appointments/batch".to_owned(), json!({"action": "cancel", "items": [{"id": ids[4]}]})),
        (
            "/maintenance".to_owned(),
            json!({"serials": [page["items"][4]["serial"]], "at": "2026-12-15 03:00",
            "duration_minutes": 15, "reason": "x"}),
        ),
        ("/locks".to_owned(), json!({"serial": page["items"][4]["serial"], "cause": "dark"})),
    ] {
        let (status, answer) = app.try_post(&path, body).await;
        assert!(status.as_u16() < 500, "{path}: {answer}");
    }
}

#[test]
fn no_page_and_no_edit_walks_through_a_large_table() {
    let _ = log();
    on_each_database(|app| async move {
        app.import_generated(600, 9).await;
        app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 300})).await;
        for grouping in ["fleet", "region", "host", "carrier", "cell", "model"] {
            app.post("/budgets", json!({"grouping": grouping, "limit": {"percent": 60}})).await;
        }
        let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
            "duration_minutes": 15, "deadline_at": "2026-12-20T00:00:00Z"});
        app.post("/campaigns", campaign).await;
        let plan = app.plan(json!({"effort": "fast"})).await;
        app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
        app.work("notify").await;
        let url = app.database_url();
        // A file's whole path, or the database's name: nobody else's connection leads there.
        let name = url.strip_prefix("sqlite://").or(url.rsplit('/').next()).unwrap_or(&url).to_owned();
        // The connections from before know where they lead to.
        log().lock().unwrap().insert(name.clone(), BTreeSet::new());
        let pages = walk_pages(&app).await;
        walk_api(&app).await;
        edit(&app).await;
        let statements = log().lock().unwrap().remove(&name).unwrap_or_default();
        assert!(pages.len() >= 8, "{pages:?}");
        assert!(statements.len() > 60, "{}: {statements:?}", statements.len());
        println!("{} pages, {} statements", pages.len(), statements.len());
        let mut walks = Vec::new();
        for statement in &statements {
            let readable = ["SELECT", "UPDATE", "DELETE", "WITH"];
            if !readable.iter().any(|verb| statement.starts_with(verb)) {
                continue;
            }
            if !LARGE.iter().any(|table| statement.contains(*table)) {
                continue;
            }
            let plain = statement.replace(['`', '"'], "");
            let whole =
                plain.starts_with("SELECT COUNT") || plain.contains("GROUP BY") || !plain.contains(" WHERE ");
            let allowed = whole && MAY_WALK.iter().any(|(start, _)| plain.starts_with(start));
            let steps = app.read(|connection| Ok(explained(connection, statement)));
            let through: Vec<_> = steps.iter().filter_map(|step| walks_through(step, statement)).collect();
            if !through.is_empty() && !allowed {
                walks.push(format!("{through:?}: {statement}\n    {}", steps.join("\n    ")));
            }
        }
        assert!(walks.is_empty(), "{} statements walk:\n{}", walks.len(), walks.join("\n"));
    });
}
