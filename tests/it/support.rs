//! What the tests share: the whole application over an isolated database of either kind, with a clock that
//! stands still and mail that is kept in memory.

pub mod browser;
pub mod outbox;
mod ports;
mod postgres;
#[cfg(feature = "postgres-tls")]
mod tls;

pub use ports::free_port;
pub use postgres::Cluster;
#[cfg(feature = "postgres-tls")]
pub use tls::TlsServer;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use chrono::{DateTime, Utc};
use offpeak::clock::Clock;
use offpeak::config::Settings;
use offpeak::db::Connection;
use offpeak::domain::notice::QuietHours;
use offpeak::mail::transport::{MemoryTransport, Transport};
use offpeak::service::{Actor, Error};
use offpeak::web::{AppState, router};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// A Tuesday.
pub const NOW: &str = "2026-12-01T09:00:00Z";

/// The whole application, with everything around it under the test's control.
pub struct TestApp {
    pub state: AppState,
    pub clock: Clock,
    pub mail: MemoryTransport,
    _folder: TempDir,
}

/// Runs `test` once on SQLite and once on PostgreSQL, each with an empty database of its own.
pub fn on_each_database<F: Future<Output = ()>>(test: impl Fn(TestApp) -> F) {
    for url in [None, Some(postgres::fresh_database())] {
        let kind = if url.is_some() { "PostgreSQL" } else { "SQLite" };
        println!("on {kind}");
        run(test(TestApp::new(url, |_| {})));
    }
}

/// Runs `test` on SQLite alone, for what does not touch the database's own ways.
pub fn on_sqlite<F: Future<Output = ()>>(test: impl Fn(TestApp) -> F) {
    run(test(TestApp::new(None, |_| {})));
}

/// The same with other settings.
pub fn on_sqlite_with<F: Future<Output = ()>>(adjust: impl Fn(&mut Settings), test: impl Fn(TestApp) -> F) {
    run(test(TestApp::new(None, adjust)));
}

pub fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test);
}

/// The URL of an empty PostgreSQL database in the throw-away cluster.
pub fn postgres_url() -> String {
    postgres::fresh_database()
}

impl TestApp {
    /// An application over `database_url`, or over a SQLite file in its own folder.
    pub fn new(database_url: Option<String>, adjust: impl Fn(&mut Settings)) -> TestApp {
        TestApp::mailing(database_url, adjust, None)
    }

    /// The same with another way for its mail; `mail` stays empty.
    pub fn over(
        database_url: Option<String>,
        transport: Transport,
        adjust: impl Fn(&mut Settings),
    ) -> TestApp {
        TestApp::mailing(database_url, adjust, Some(transport))
    }

    /// The same, and its mail goes somewhere.
    pub fn mailing(
        database_url: Option<String>,
        adjust: impl Fn(&mut Settings),
        transport: Option<Transport>,
    ) -> TestApp {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut settings = Settings::embedded(folder.path());
        // Everything is sent as soon as it can be; tests of timing say otherwise.
        settings.announce_ahead_minutes = 60 * 24 * 60;
        settings.quiet_hours = QuietHours::NONE;
        settings.change_settle_minutes = 0;
        // Most tests are about something else than who asks.
        settings.sign_in_on_loopback = false;
        if let Some(url) = database_url {
            settings.database_url = url;
        }
        adjust(&mut settings);
        let clock = Clock::standing_at(instant(NOW));
        let mail = MemoryTransport::default();
        let transport = transport.unwrap_or_else(|| Transport::Memory(mail.clone()));
        let state = offpeak::boot::start_with(settings, clock.clone(), transport).expect("it starts");
        TestApp { state, clock, mail, _folder: folder }
    }

    /// Sends a request as the command line in this process would.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or(Body::empty(), |body| Body::from(body.to_string())))
            .expect("a request");
        request.extensions_mut().insert(Actor::local());
        self.send_request(request).await
    }

    pub async fn send_request(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = router(self.state.clone()).oneshot(request).await.expect("it answers");
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a whole answer");
        let value = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        (status, value)
    }

    /// A page in a language.
    pub async fn page_in(&self, locale: &str, path: &str) -> String {
        let mut request = Request::get(path)
            .header(header::ACCEPT_LANGUAGE, locale)
            .body(Body::empty())
            .expect("a request");
        request.extensions_mut().insert(Actor::local());
        let (status, page) = self.send_request(request).await;
        assert!(status.is_success(), "GET {path}: {status} {page}");
        page.as_str().expect("a page").to_owned()
    }

    /// Reads; anything but a success fails the test.
    pub async fn get(&self, path: &str) -> Value {
        let (status, value) = self.send(Method::GET, &format!("/api/v1{path}"), None).await;
        assert!(status.is_success(), "GET {path}: {status} {value}");
        value
    }

    /// Writes; anything but a success fails the test.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, value) = self.try_post(path, body).await;
        assert!(status.is_success(), "POST {path}: {status} {value}");
        value
    }

    /// Writes, and gives the status with the answer.
    pub async fn try_post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::POST, &format!("/api/v1{path}"), Some(body)).await
    }

    /// Imports files.
    pub async fn import(&self, files: &[(&str, &str)]) -> (StatusCode, Value) {
        let boundary = "part-of-the-test";
        let mut body = String::new();
        for (name, content) in files {
            body += &format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{content}\r\n"
            );
        }
        body += &format!("--{boundary}--\r\n");
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/fleet/import")
            .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
            .body(Body::from(body))
            .expect("a request");
        request.extensions_mut().insert(Actor::local());
        self.send_request(request).await
    }

    /// A generated fleet, imported.
    pub async fn import_generated(&self, terminals: u32, seed: u64) {
        let [merchants, sites, devices] = generated(terminals, seed);
        let files = [
            ("merchants.csv", merchants.as_str()),
            ("sites.csv", sites.as_str()),
            ("terminals.csv", devices.as_str()),
        ];
        let (status, report) = self.import(&files).await;
        assert_eq!(status, StatusCode::OK, "{report}");
    }

    /// Creates a plan and waits for the end of its search.
    pub async fn plan(&self, request: Value) -> Value {
        let id = self.post("/plans", request).await["id"].as_i64().expect("a number");
        for _ in 0..1200 {
            let plan = self.get(&format!("/plans/{id}")).await;
            if plan["state"] != "solving" {
                return plan;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("plan {id} is still being solved");
    }

    /// One pass of a background loop.
    pub async fn work(&self, name: &str) -> Value {
        self.post(&format!("/workers/{name}"), json!({})).await["counts"].clone()
    }

    /// The small fleet, with a window from 01:00 to 05:00 every night at every site.
    pub async fn import_small_fleet(&self) {
        let (status, report) = self.import(&SMALL_FLEET).await;
        assert_eq!(status, StatusCode::OK, "{report}");
        let window = json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240});
        self.post("/windows", window).await;
    }

    /// Half an hour of ad-hoc maintenance that keeps every rule; the appointments' numbers.
    pub async fn arrange(&self, serials: &[&str], at: &str) -> Vec<i64> {
        let request = json!({"serials": serials, "at": at, "duration_minutes": 30, "reason": "new battery"});
        let result = self.post("/maintenance", request).await;
        result["appointments"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
    }

    /// One appointment.
    pub async fn appointment(&self, id: i64) -> Value {
        self.get(&format!("/appointments/{id}")).await
    }

    /// Notices in a state, the earliest first.
    pub async fn notices(&self, state: &str) -> Vec<Value> {
        let mut notices = self.get(&format!("/notices?state={state}&limit=1000")).await["items"].clone();
        let notices = notices.as_array_mut().unwrap();
        notices.reverse();
        notices.clone()
    }

    /// The URL of its database.
    pub fn database_url(&self) -> String {
        self.state.app().settings.database_url.clone()
    }

    /// What `/ready` answers.
    pub async fn ready(&self) -> StatusCode {
        self.send(Method::GET, "/ready", None).await.0
    }

    /// The rows of every table, in an order of their own: equal dumps mean equal databases, of the same kind
    /// or not.
    pub fn dump(&self) -> Vec<String> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            text: String,
        }
        use diesel::RunQueryDsl;
        self.read(|connection| {
            let hex = if connection.kind() == "sqlite" {
                "CASE WHEN # IS NULL THEN NULL ELSE lower(hex(#)) END"
            } else {
                "encode(#, 'hex')"
            };
            let mut dump = Vec::new();
            for (table, columns) in declared_schema() {
                let columns: Vec<String> = columns
                    .iter()
                    .map(|(column, kind)| {
                        let text = match kind.trim_start_matches("Nullable<").trim_end_matches('>') {
                            "Bool" => "CASE WHEN # THEN 'true' ELSE 'false' END",
                            "Binary" => hex,
                            _ => "CAST(# AS TEXT)",
                        };
                        format!("coalesce({}, 'NULL')", text.replace('#', &format!("{table}.{column}")))
                    })
                    .collect();
                let query = format!("SELECT {} AS text FROM {table} ORDER BY 1", columns.join(" || '|' || "));
                let rows: Vec<Row> = diesel::sql_query(query).load(connection)?;
                dump.extend(rows.into_iter().map(|row| format!("{table}: {}", row.text)));
            }
            Ok(dump)
        })
    }

    /// Asks the database itself.
    pub fn read<T>(&self, work: impl FnMut(&mut Connection) -> Result<T, Error>) -> T {
        self.state.app().database.read(work).expect("the database answers")
    }

    /// Changes the database behind the application's back.
    pub fn write<T>(&self, work: impl FnMut(&mut Connection) -> Result<T, Error>) -> T {
        self.state.app().database.write(work).expect("the database takes it")
    }

    /// Statements behind the application's back.
    pub fn sql(&self, statements: &str) {
        use diesel::connection::SimpleConnection;
        self.write(|connection| Ok(connection.batch_execute(statements)?));
    }

    pub fn set_time(&self, text: &str) {
        self.clock.set(instant(text));
    }
}

/// A Python that has what the tests import; `tests/run` makes it.
pub fn python() -> String {
    std::env::var("OFFPEAK_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Runs the real binary, with nothing of this process's environment that would lead it elsewhere.
pub fn offpeak(arguments: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_offpeak"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OFFPEAK_")) {
        command.env_remove(name);
    }
    command.env("OFFPEAK_SIGN_IN_ON_LOOPBACK", "false");
    command.args(arguments).output().expect("the binary was built by cargo")
}

/// The declared schema: tables, and for each column its name and type.
pub fn declared_schema() -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let mut tables: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for line in include_str!("../../src/db/schema.rs").lines().map(str::trim) {
        if let Some((column, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
            tables.last_mut().expect("columns stand in tables").1.push((column, kind));
        } else if let Some((table, _)) = line.split_once(" (").filter(|_| line.ends_with(") {")) {
            tables.push((table, Vec::new()));
        }
    }
    tables
}

pub fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The three files of a generated fleet.
pub fn generated(terminals: u32, seed: u64) -> [String; 3] {
    let (mut merchants, mut sites, mut devices) = (Vec::new(), Vec::new(), Vec::new());
    offpeak::sim::fleet::write_fleet(terminals, seed, &mut merchants, &mut sites, &mut devices)
        .expect("it is written");
    [merchants, sites, devices].map(|bytes| String::from_utf8(bytes).expect("UTF-8"))
}

/// A small fleet written out, so that tests can name what is in it: one firm in Shanghai with two sites (one
/// with three terminals, one with a single one), one in London with one site of two.
pub const SMALL_FLEET: [(&str, &str); 3] = [
    (
        "merchants.csv",
        "number,name,locale,email,phone,tags\n\
         M1,王记面馆,zh-CN,wang@noodles.example,+86 21 5555 0101,tier=gold\n\
         M2,Harbour Bakery Ltd,en,owner@harbour-bakery.example,+44 20 7946 0000,\n",
    ),
    (
        "sites.csv",
        "code,merchant_number,name,region,address,time_zone,opening_hours,traffic_profile,tags\n\
         S1,M1,王记面馆 南京路店,east,南京东路 1 号,Asia/Shanghai,Mon-Sun 10:00-22:00,restaurant,\n\
         S2,M1,王记面馆 淮海路店,east,淮海中路 2 号,Asia/Shanghai,Mon-Sun 10:00-22:00,restaurant,\n\
         S3,M2,Quay Street,west,12 Quay Street,Europe/London,Mon-Sat 06:00-16:00; Sun closed,grocery,\n",
    ),
    (
        "terminals.csv",
        "serial,site_code,tid,mid,label,model,firmware,acquirer_host,carrier,cell,servicer,volume,retired,tags\n\
         T1,S1,10000001,900001,Till 1,A920,3.1.0,host-a,CM,cell-1,ServeCo,20,false,\n\
         T2,S1,10000002,900001,Till 2,A920,3.1.0,host-a,CM,cell-1,ServeCo,10,false,\n\
         T3,S1,10000003,900001,Till 3,A920,3.2.0,host-a,CM,cell-1,ServeCo,10,false,\n\
         T4,S2,10000004,900001,Till 1,A920,3.1.0,host-a,CM,cell-2,ServeCo,10,false,\n\
         T5,S3,10000005,900002,Front,A920,3.1.0,host-b,,,,30,false,\n\
         T6,S3,10000006,900002,Back,P400,3.1.0,host-b,,,,5,false,\n",
    ),
];
