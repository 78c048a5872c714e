//! Every question that a page or a list of the API puts to the database is a run of an index, on both databases: the
//! questions are heard on the connection while each address is asked for, and explained.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use diesel::RunQueryDsl;
use diesel::connection::{
    Instrumentation, InstrumentationEvent, SimpleConnection, set_default_instrumentation,
};
use offpeak::db::Connection;
use serde_json::{Value, json};

use crate::support::{TestApp, postgres_url, run};

/// Tables that grow with the fleet or with time.
const LARGE: [&str; 15] = [
    "appointment",
    "appointment_work",
    "audit",
    "inbound_mail",
    "merchant",
    "notice",
    "notice_visit",
    "plan_item",
    "site",
    "terminal",
    "terminal_lock",
    "visit",
    "visit_answer",
    "wave_member",
    "webhook_delivery",
];

/// What is read from one end to the other all the same: what stands in the question, and why that is right.
const WALKS: [(&str, &str); 12] = [
    ("SELECT COUNT(*) FROM merchant", "a figure of the whole: kept, and counted anew beside whoever looks"),
    ("SELECT COUNT(*) FROM site", "a figure of the whole"),
    ("SELECT COUNT(*) FROM terminal", "a figure of the whole, and the size of the fleet's own budget"),
    ("GROUP BY site.region", "a figure of the whole"),
    ("GROUP BY terminal.model, terminal.firmware", "a figure of the whole"),
    ("GROUP BY notice.state", "a figure of the whole"),
    ("GROUP BY notice.kind, notice.state", "a figure of the whole"),
    ("GROUP BY notice.domain, notice.state", "a figure of the whole"),
    ("WHERE (1=0)", "no keys were asked for: nothing is read"),
    (
        "LIKE ",
        "a text within words: a page looks through a bounded part, and its next one goes on from there",
    ),
    ("audit.subject = ANY(", "PostgreSQL chooses by its statistics, which an empty trail has not"),
    ("terminal_lock.state = ANY(", "the same, of the locks that are open"),
];

/// Indexes of few rows, whatever the table holds.
const PARTIAL: [&str; 3] = ["merchant_without_address", "plan_item_moving", "plan_item_unplaced"];

/// Addresses that are for the whole by their nature, or never end.
const WHOLE: [&str; 5] = [
    "/api/v1/audit/export",
    "/api/v1/audit/verify",
    "/api/v1/doctor",
    "/api/v1/events",
    "/api/v1/fleet/export/{table}",
];

/// What else is asked of the addresses that take it.
const ASKED: &str = "
    /?night=2026-12-10
    /appointments?night=2026-12-10
    /appointments?state=planned&campaign=look
    /appointments?serial={serial}
    /appointments?site={code}
    /appointments?group=region:{region}
    /audit?actor=somebody
    /audit?action=campaign
    /audit?subject=plan+1
    /audit?q=plan
    /audit?from=2026-11-01&to=2026-12-31
    /audit?after=5
    /fleet?q=a
    /load?by=fleet
    /load?by=region&nights=7
    /load?by=host
    /load?by=carrier
    /load?by=cell
    /load?by=model
    /merchants/{number}?after=a
    /notices?state=accepted
    /notices?kind=announcement
    /notices?merchant={number}
    /notices?state=queued&kind=moved&merchant={number}&after=9
    /plans?after=9
    /plans/1?after=1
    /schedule?night=2026-12-10&nights=7
    /schedule?night=2026-12-10&region={region}
    /schedule?night=2026-12-10&state=planned
    /schedule?night=2026-12-10&campaign=look
    /schedule?q={serial}
    /schedule?every_site=yes
    /schedule?night=2026-11-20
    /sites/{code}?after=a
    /unreached
    /api/v1/appointments?state=planned,announced&from=2026-12-01T00:00:00Z&to=2026-12-20T00:00:00Z
    /api/v1/appointments?from=2026-12-01T00:00:00Z
    /api/v1/appointments?campaign=look&after=1_1
    /api/v1/appointments?group=cell:x
    /api/v1/appointments?group=host:x
    /api/v1/appointments?group=site:{code}
    /api/v1/audit?limit=5&after=4
    /api/v1/inbound-mail?outcome=bounced
    /api/v1/locks?q=all
    /api/v1/merchants?q=a
    /api/v1/merchants?after=a
    /api/v1/sites?q=a
    /api/v1/terminals?q=a
    /api/v1/terminals?after=a
    /api/v1/plans/1/items?unplaced=true&after=1
    /api/v1/suppressions?after=a
    /api/v1/webhooks/1/deliveries?state=dead
";

/// What is asked by somebody who is confined to a region, and by somebody who is confined to a merchant.
const ASKED_WITHIN: &str = "
    /locks
    /locks?all=1&after=9
    /notices
    /notices?state=accepted
    /notices?kind=announcement&after=9
    /notices/1
    /terminals/{serial}
    /schedule?night=2026-12-10
    /schedule?night=2026-12-10&nights=7&state=planned
    /schedule?every_site=yes
    /schedule?q={serial}
    /appointments?night=2026-12-10
    /fleet?kind=sites
    /fleet?kind=terminals
    /sites/{code}
    /api/v1/appointments/1
    /api/v1/locks
    /api/v1/notices?merchant={number}
";

/// Questions that were put while somebody listened, to one database.
static HEARD: Mutex<Option<(String, BTreeSet<String>)>> = Mutex::new(None);

/// Sits on every connection that this process opens, and knows to which database.
#[derive(Default)]
struct Ear {
    url: String,
}

impl Instrumentation for Ear {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => url.clone_into(&mut self.url),
            InstrumentationEvent::StartQuery { query, .. } => {
                let mut heard = HEARD.lock().unwrap();
                if let Some((_, questions)) =
                    heard.as_mut().filter(|(url, _)| self.url.split('?').next() == Some(url))
                {
                    let text = query.to_string();
                    questions.insert(text.split(" -- binds:").next().unwrap_or_default().trim().to_owned());
                }
            }
            _ => {}
        }
    }
}

/// What was asked of the database while something was done, and what came of that.
async fn questions_while<T>(app: &TestApp, done: impl Future<Output = T>) -> (BTreeSet<String>, T) {
    let url = app.database_url();
    *HEARD.lock().unwrap() = Some((url.strip_prefix("sqlite:").unwrap_or(&url).to_owned(), BTreeSet::new()));
    let result = done.await;
    let heard = HEARD.lock().unwrap().take().map(|(_, questions)| questions).unwrap_or_default();
    let is_question =
        |sql: &String| ["SELECT", "WITH", "UPDATE", "DELETE"].iter().any(|verb| sql.starts_with(verb));
    (heard.into_iter().filter(is_question).collect(), result)
}

/// What was asked of the database while `path` was.
async fn questions_of(app: &TestApp, asked: &(String, Option<String>)) -> BTreeSet<String> {
    let (path, _) = asked;
    let (questions, (status, answer)) = questions_while(app, answer_to(app, asked)).await;
    // What is not there was looked for all the same; what has to be told more is asked with it below.
    let fine = status.is_success()
        || status == StatusCode::SEE_OTHER
        || (asked.1.is_some() && status == StatusCode::FORBIDDEN)
        || [StatusCode::CONFLICT, StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY].contains(&status);
    assert!(fine, "{path}: {status} {answer}");
    questions
}

async fn answer_to(app: &TestApp, (path, token): &(String, Option<String>)) -> (StatusCode, Value) {
    match token {
        None => app.send(Method::GET, path, None).await,
        Some(token) => {
            let request = Request::get(path).header("authorization", token).body(Body::empty());
            app.send_request(request.expect("a request")).await
        }
    }
}

/// What was asked of the database while appointments were edited, mails sent and windows opened.
async fn questions_of_acts(app: &TestApp) -> BTreeSet<String> {
    let list = app.get("/appointments?state=planned,announced&limit=10").await;
    let ids: Vec<i64> =
        list["items"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    let starts = app
        .get(&format!("/appointments/{}/starts?from=2026-12-05T00:00:00Z&to=2026-12-30T00:00:00Z", ids[0]))
        .await;
    let legal =
        starts["runs"].as_array().unwrap().iter().rfind(|run| run["legal"] == true).expect("a legal start");
    let items: Vec<Value> = ids[1..5].iter().map(|id| json!({"id": id})).collect();
    let acts = async {
        app.post(&format!("/appointments/{}/move", ids[0]), json!({"at": legal["from"], "reason": "asked"}))
            .await;
        app.post("/appointments/batch", json!({"action": "pin", "items": items})).await;
        app.post("/appointments/batch", json!({"action": "cancel", "items": items, "reason": "closed"}))
            .await;
        app.post("/locks", json!({"serial": list["items"][7]["serial"], "cause": "dark"})).await;
        for work in ["notify", "dispatch"] {
            app.work(work).await;
        }
    };
    questions_while(app, acts).await.0
}

/// Large tables that a question reads from one end to the other, each with the step that does.
fn walks(connection: &mut Connection, sql: &str) -> Result<Vec<(String, String)>, diesel::result::Error> {
    let steps = match connection.kind() {
        "sqlite" => steps_of_sqlite(connection, sql)?,
        _ => steps_of_postgres(connection, sql)?,
    };
    let plain = sql.replace(['`', '"'], "");
    let is_large = |name: &str| {
        LARGE.into_iter().find(|table| name == *table || plain.contains(&format!("{table} {name} ")))
    };
    let walks = steps
        .into_iter()
        .filter(|(_, step)| !PARTIAL.iter().any(|index| step.contains(index)))
        .filter_map(|(name, step)| Some((is_large(&name)?.to_owned(), step)));
    Ok(walks.collect())
}

/// The first rows in the order of an index, whatever they are: that ends soon.
fn ends_soon(sql: &str) -> bool {
    sql.contains("LIMIT") && !sql.contains("WHERE")
}

fn steps_of_sqlite(connection: &mut Connection, sql: &str) -> diesel::QueryResult<Vec<(String, String)>> {
    #[derive(diesel::QueryableByName)]
    struct Step {
        #[diesel(sql_type = diesel::sql_types::Text)]
        detail: String,
    }
    let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(connection)?;
    // What is asked of rows that are named one by one is not sought among all of a state or a region.
    let is_named = sql.contains("json_each(");
    let is_wide =
        |step: &str| ["(state=?", "(region=?", "(campaign_id=?)"].iter().any(|by| step.contains(by));
    let scanned = |step: &Step| {
        let wide = step.detail.strip_prefix("SEARCH ").filter(|step| is_named && is_wide(step));
        let table = step.detail.strip_prefix("SCAN ").or(wide)?.split(' ').next()?;
        (table != "json_each").then(|| table.to_owned())
    };
    let walked = steps.iter().filter_map(|step| Some((scanned(step)?, step.detail.clone())));
    Ok(walked.filter(|_| !ends_soon(sql)).collect())
}

fn steps_of_postgres(connection: &mut Connection, sql: &str) -> diesel::QueryResult<Vec<(String, String)>> {
    #[derive(diesel::QueryableByName)]
    struct Plan {
        #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
        plan: String,
    }
    // Tables are empty here, and would be read whole: whether an index could serve is the question.
    connection.batch_execute(
        "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
         SET LOCAL plan_cache_mode = force_generic_plan",
    )?;
    let last = (1..200).take_while(|number| sql.contains(&format!("${number}"))).count();
    connection.batch_execute(&format!("PREPARE question AS {sql}"))?;
    let values = if last == 0 { String::new() } else { format!("({})", vec!["NULL"; last].join(", ")) };
    let plan: Plan = diesel::sql_query(format!("EXPLAIN (FORMAT JSON) EXECUTE question{values}"))
        .get_result(connection)?;
    connection.batch_execute("DEALLOCATE question")?;
    let plan: Value = serde_json::from_str(&plan.plan).expect("JSON");
    let mut steps = Vec::new();
    let mut nodes = vec![plan[0]["Plan"].clone()];
    while let Some(node) = nodes.pop() {
        nodes.extend(node["Plans"].as_array().cloned().unwrap_or_default());
        let kind = node["Node Type"].as_str().unwrap_or_default();
        let by_index = kind.contains("Index") && !node["Index Cond"].is_null();
        let bitmap = kind == "Bitmap Heap Scan";
        let whole = kind.contains("Scan") && !by_index && !bitmap;
        if whole && !(ends_soon(sql) && node["Filter"].is_null()) {
            let name = node["Relation Name"].as_str().unwrap_or_default().to_owned();
            let index = node["Index Name"].as_str().unwrap_or_default();
            steps.push((name, format!("{kind} {index} {}", node["Filter"])));
        }
    }
    Ok(steps)
}

/// A fleet with a bit of everything.
async fn fill(app: &TestApp) {
    if !app.database_url().starts_with("sqlite:") {
        // Figures that come in the middle change what is chosen: each question is explained as of tables nobody has looked at.
        for table in LARGE {
            app.sql(&format!("ALTER TABLE {table} SET (autovacuum_enabled = off)"));
        }
    }
    app.import_generated(60, 7).await;
    app.sql("UPDATE merchant SET email = 'owner@shop.example' WHERE id > 1");
    let window = json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240});
    app.post("/windows", window).await;
    app.post("/budgets", json!({"grouping": "fleet", "limit": {"percent": 20}})).await;
    app.post("/budgets", json!({"grouping": "cell", "limit": {"count": 5}})).await;
    let campaign = |name: &str, waves: Value| {
        json!({"name": name, "work": {"kind": "inspection"}, "selector": "all", "duration_minutes": 30,
            "deadline_at": "2027-03-01T00:00:00Z", "waves": waves})
    };
    app.post("/campaigns", campaign("look", json!([]))).await;
    app.post("/campaigns", campaign("fw", json!([{"share": "10%"}, {"share": "rest"}]))).await;
    let plan = app.plan(json!({"effort": "fast", "horizon_days": 40})).await;
    assert_eq!(plan["state"], "verified", "{plan}");
    app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
    app.work("notify").await;
    let serial = app.get("/terminals?limit=1").await["items"][0]["serial"].clone();
    app.post("/locks", json!({"serial": serial, "cause": "dead"})).await;
    app.post("/suppressions", json!({"address": "nobody@shop.example", "reason": "gone"})).await;
    app.post(
        "/programmes",
        json!({"name": "yearly", "on_site": false, "selector": "all",
        "recurrence": {"rule": "every_days", "days": 365}, "term_days": 30, "duration_minutes": 30}),
    )
    .await;
    app.post("/webhooks", json!({"url": "https://127.0.0.1/hook"})).await;
    app.post("/accounts", json!({"name": "somebody", "role": "admin", "password": "a quiet night"})).await;
    app.token("viewer", None).await;
}

/// Every address that may be asked for, with things that there are.
async fn addresses(app: &TestApp) -> Vec<(String, Option<String>)> {
    let terminal = &app.get("/terminals?limit=1").await["items"][0];
    let site = &app.get("/sites?limit=1").await["items"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fill = |path: &str| {
        let name = if path.contains("campaigns") { "fw" } else { "yearly" };
        path.replace("{id}", "1")
            .replace("{serial}", &text(&terminal["serial"]))
            .replace("{code}", &text(&site["code"]))
            .replace("{region}", &text(&site["region"]))
            .replace("{number}", &text(&site["merchant_number"]))
            .replace("{kind}", "announcement")
            .replace("{name}", name)
    };
    let document = app.get("/openapi.json").await;
    let lists =
        document["paths"].as_object().expect("paths").iter().filter(|(_, item)| item.get("get").is_some());
    let pages = offpeak::web::page_table().into_iter().map(|(path, _)| path.to_owned());
    let plain =
        lists.map(|(path, _)| path.clone()).chain(pages).filter(|path| !WHOLE.contains(&path.as_str()));
    let asked = ASKED.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned);
    let mut all: Vec<_> = plain.chain(asked).map(|path| (fill(&path), None)).collect();
    for part in
        [format!("region:{}", text(&site["region"])), format!("merchant:{}", text(&site["merchant_number"]))]
    {
        let token = format!("Bearer {}", app.token("viewer", Some(&part)).await);
        let within = ASKED_WITHIN.lines().map(str::trim).filter(|line| !line.is_empty());
        all.extend(within.map(|path| (fill(path), Some(token.clone()))));
    }
    all
}

#[test]
fn every_question_is_a_run_of_an_index() {
    set_default_instrumentation(|| Some(Box::<Ear>::default())).unwrap();
    let mut used = BTreeSet::new();
    let mut walked: BTreeMap<String, String> = BTreeMap::new();
    run(async {
        for url in [None, Some(postgres_url())] {
            let app = TestApp::new(url, |settings| settings.webhook_private_targets = true);
            fill(&app).await;
            let mut explained = BTreeSet::new();
            let mut all = vec![("acts".to_owned(), questions_of_acts(&app).await)];
            for asked in addresses(&app).await {
                all.push((asked.0.clone(), questions_of(&app, &asked).await));
            }
            for (path, questions) in all {
                for sql in questions.difference(&explained.clone()) {
                    explained.insert(sql.clone());
                    let plain = sql.replace(['`', '"'], "");
                    for (table, step) in app.read(|connection| Ok(walks(connection, sql)?)) {
                        match WALKS.iter().find(|(part, _)| plain.contains(part)) {
                            Some((part, _)) => drop(used.insert(*part)),
                            None => drop(walked.insert(sql.clone(), format!("{path}: {table}: {step}"))),
                        }
                    }
                }
            }
            assert!(explained.len() > 100, "{} questions were heard", explained.len());
        }
    });
    assert!(walked.is_empty(), "{walked:#?}");
    let unused: Vec<_> = WALKS.iter().filter(|(part, _)| !used.contains(part)).collect();
    assert!(unused.is_empty(), "these are answered by an index, or not asked: {unused:?}");
}
