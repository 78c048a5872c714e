//! Import through the API: all or nothing, every mistake named, nothing written twice, and export gives it back.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use offpeak::service::Actor;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{SMALL_FLEET, TestApp, generated, on_each_database, on_sqlite};

fn names(fleet: &[(&'static str, &'static str); 3]) -> [&'static str; 3] {
    fleet.map(|(_, content)| content)
}

async fn import_with(app: &TestApp, files: &[(&str, &str)], query: &str) -> (StatusCode, Value) {
    let body: String = files
        .iter()
        .map(|(name, content)| {
            format!("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{content}\r\n")
        })
        .collect();
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("/api/v1/fleet/import{query}"))
        .header("content-type", "multipart/form-data; boundary=x")
        .body(Body::from(format!("{body}--x--\r\n")))
        .unwrap();
    request.extensions_mut().insert(Actor::local());
    app.send_request(request).await
}

async fn export(app: &TestApp, table: &str, format: &str) -> String {
    let mut request =
        Request::get(format!("/api/v1/fleet/export/{table}?format={format}")).body(Body::empty()).unwrap();
    request.extensions_mut().insert(Actor::local());
    let response = offpeak::web::router(app.state.clone()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_second_import_changes_nothing_and_says_so() {
    on_each_database(|app| async move {
        app.import(&SMALL_FLEET).await;
        let before = app.dump();
        app.set_time("2026-12-02T00:00:00Z");
        let (status, report) = app.import(&SMALL_FLEET).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(report["unchanged"], true);
        assert_eq!(report["terminals"], json!({"created": 0, "updated": 0, "unchanged": 6}));
        assert_eq!(app.dump(), before);
    });
}

#[test]
fn every_bad_row_of_every_file_is_named_and_nothing_is_written() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let before = app.dump();
        let sites = "code,merchant_number,name,region,time_zone,opening_hours,traffic_profile\n\
                     S1,M1,Changed,east,Asia/Shanghai,Mon-Sun 10:00-22:00,restaurant\n\
                     S8,M1,New,east,Asia/Shangai,Mon-Sun 10:00-22:00,restaurant\n\
                     S9,M1,New,east,Asia/Shanghai,Mon-Sun 10:00-22:00,circus\n";
        let terminals = "serial,site_code,tid,mid,label,model,firmware,acquirer_host,volume\n\
                         T1,S1,1,2,Till,A920,3.1.0,host-a,zero\n\
                         T9,S1,1,2,Till,,3.1.0,host-a,5\n";
        let (status, problem) = app.import(&[("sites.csv", sites), ("terminals.csv", terminals)]).await;
        assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("bad_rows")));
        let rows = problem["rows"].as_array().unwrap();
        let place = |row: &Value| {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            (text("file"), row["line"].as_u64().unwrap(), text("column"), text("value"))
        };
        let places: Vec<_> = rows.iter().map(place).collect();
        let expected = [
            ("sites.csv", 3, "time_zone", "Asia/Shangai"),
            ("sites.csv", 4, "traffic_profile", "circus"),
            ("terminals.csv", 2, "volume", "zero"),
            ("terminals.csv", 3, "model", ""),
        ];
        let expected: Vec<_> = expected.map(|(f, l, c, v)| (f.into(), l, c.into(), v.into())).into();
        assert_eq!(places, expected);
        assert!(rows.iter().all(|row| !row["remedy"].as_str().unwrap().is_empty()), "{rows:?}");
        assert!(problem["detail"].as_str().unwrap().starts_with("4 bad values"), "{problem}");
        assert_eq!(app.dump(), before);
    });
}

#[test]
fn references_to_nowhere_are_named_and_nothing_is_written() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let before = app.dump();
        let merchants = "number,name\nM7,New firm\n";
        let sites = "code,merchant_number,name,region,time_zone,opening_hours,traffic_profile\n\
                     S7,M7,Fine,east,UTC,24/7,grocery\n\
                     S8,M8,Lost,east,UTC,24/7,grocery\n";
        let terminals = "serial,site_code,tid,mid,label,model,firmware,acquirer_host,volume\n\
                         T7,S7,1,2,Till,A920,3.1.0,host-a,5\n\
                         T8,S99,1,2,Till,A920,3.1.0,host-a,5\n";
        let files = [("merchants.csv", merchants), ("sites.csv", sites), ("terminals.csv", terminals)];
        let (status, problem) = app.import(&files).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        let named: Vec<(&str, u64, &str)> = problem["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                (row["file"].as_str().unwrap(), row["line"].as_u64().unwrap(), row["value"].as_str().unwrap())
            })
            .collect();
        assert_eq!(named, [("sites.csv", 3, "M8"), ("terminals.csv", 3, "S99")]);
        assert_eq!(app.dump(), before);
    });
}

#[test]
fn bad_rows_and_references_to_nowhere_are_named_together() {
    on_sqlite(|app| async move {
        let [merchants, sites, terminals] = names(&SMALL_FLEET);
        let terminals = terminals.replacen("T1,S1,", "T1,S9,", 1).replacen("P400,3.1.0", "P400,", 1);
        let files = [("m.csv", merchants), ("s.csv", sites), ("t.csv", terminals.as_str())];
        let (status, problem) = import_with(&app, &files, "").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        let said: Vec<String> = problem["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| format!("{}:{} {}", row["file"].as_str().unwrap(), row["line"], row["column"]))
            .collect();
        assert_eq!(said, ["t.csv:2 \"site_code\"", "t.csv:7 \"firmware\""], "{problem}");
        // A site that is bad itself is not reported as missing by its terminals.
        let sites = sites.replacen("Asia/Shanghai", "Asia/Shangai", 1);
        let files = [("m.csv", merchants), ("s.csv", sites.as_str()), ("t.csv", names(&SMALL_FLEET)[2])];
        let (_, problem) = import_with(&app, &files, "").await;
        assert_eq!(problem["rows"].as_array().unwrap().len(), 1, "{problem}");
    });
}

#[test]
fn one_value_and_one_file_are_enough() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let files = names(&SMALL_FLEET);
        let changed = files[2]
            .replace("T6,S3,10000006,900002,Back,P400,3.1.0", "T6,S3,10000006,900002,Back,P400,3.1.1");
        let (status, dry) = import_with(&app, &[("terminals.csv", &changed)], "?dry_run=true").await;
        assert_eq!((status, &dry["dry_run"]), (StatusCode::OK, &json!(true)));
        assert_eq!(dry["terminals"], json!({"created": 0, "updated": 1, "unchanged": 5}));
        assert_eq!(
            app.get("/terminals/T6").await["terminal"]["firmware"],
            "3.1.0",
            "a dry run writes nothing"
        );
        let (_, report) = app.import(&[("terminals.csv", &changed)]).await;
        assert_eq!(report["terminals"], dry["terminals"]);
        assert_eq!(report["sites"], json!({"created": 0, "updated": 0, "unchanged": 0}));
        assert_eq!(app.get("/terminals/T6").await["terminal"]["firmware"], "3.1.1");

        let retired = changed.replace("host-b,,,,5,false", "host-b,,,,5,true");
        app.import(&[("terminals.csv", &retired)]).await;
        let fleet = app.get("/fleet").await;
        assert_eq!((&fleet["terminals"], &fleet["retired"]), (&json!(5), &json!(1)));
        let request =
            json!({"serials": ["T6"], "at": "2026-12-10 02:00", "duration_minutes": 30, "reason": "x"});
        let (status, answer) = app.try_post("/maintenance", request).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
    });
}

#[test]
fn export_gives_back_what_import_reads() {
    on_each_database(|app| async move {
        app.import_generated(300, 11).await;
        for format in ["csv", "jsonl"] {
            let mut files = Vec::new();
            for table in ["merchants", "sites", "terminals"] {
                files.push((format!("{table}.{format}"), export(&app, table, format).await));
            }
            let parts: Vec<(&str, &str)> =
                files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            let (_, report) = app.import(&parts).await;
            assert_eq!(report["unchanged"], true, "{format}: {report}");
            let other = TestApp::new(None, |_| {});
            let (status, report) = other.import(&parts).await;
            assert_eq!(status, StatusCode::OK, "{report}");
            for (table, (_, text)) in ["merchants", "sites", "terminals"].iter().zip(&files) {
                assert!(export(&other, table, format).await == *text, "{table}.{format} differs");
            }
        }
    });
}

#[test]
fn a_bad_row_leaves_the_file_byte_for_byte() {
    on_sqlite(|app| async move {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("fleet.db").display());
        let [merchants, sites, terminals] = generated(200, 3);
        let files = [("merchants.csv", &*merchants), ("sites.csv", &sites), ("terminals.csv", &terminals)];
        let bytes = || std::fs::read(folder.path().join("fleet.db")).unwrap();
        {
            let first = TestApp::new(Some(url.clone()), |_| {});
            first.import(&files).await;
        }
        let before = bytes();
        assert!(before.len() > 100_000, "everything is in the main file once it is closed");
        {
            let second = TestApp::new(Some(url.clone()), |_| {});
            let last = format!("{terminals}X1,nowhere,1,2,Till,A920,3.1.0,host-a,,,,5,false,\n");
            let renamed = merchants.replacen("number,", "NUMBER,", 1).replace(",en,", ",zh-CN,");
            let bad = [("merchants.csv", &*renamed), ("sites.csv", &sites), ("terminals.csv", &last)];
            let (status, problem) = second.import(&bad).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
            let (status, _) = import_with(&second, &[("merchants.csv", &renamed)], "?dry_run=true").await;
            assert_eq!(status, StatusCode::OK);
        }
        assert!(bytes() == before, "the file has changed");
        drop(app);
    });
}

#[test]
fn many_rows_are_overwritten_at_once() {
    on_each_database(|app| async move {
        app.import_generated(300, 5).await;
        let fleet = |app: &TestApp| -> Vec<String> {
            let kinds = ["merchant: ", "site: ", "terminal: "];
            app.dump().into_iter().filter(|row| kinds.iter().any(|kind| row.starts_with(kind))).collect()
        };
        let before = fleet(&app);
        app.sql(
            "UPDATE merchant SET name = 'x', email = NULL; UPDATE site SET region = 'y', address = 'z'; \
             UPDATE terminal SET firmware = '0', carrier = NULL, volume = 1, retired = true, tags = '{\"a\":\"b\"}' \
             WHERE serial <> (SELECT min(serial) FROM terminal)",
        );
        let [merchants, sites, devices] = generated(300, 5);
        let files = [("merchants.csv", &*merchants), ("sites.csv", &*sites), ("terminals.csv", &*devices)];
        let (status, report) = app.import(&files).await;
        assert_eq!(status, StatusCode::OK, "{report}");
        assert_eq!(report["terminals"], json!({"created": 0, "updated": 299, "unchanged": 1}));
        assert!(report["sites"]["updated"].as_u64().unwrap() > 50, "{report}");
        assert_eq!(fleet(&app), before);
        // And once more, in the same session.
        app.sql("UPDATE terminal SET label = 'x'");
        let (_, report) = app.import(&files).await;
        assert_eq!(report["terminals"]["updated"], 300);
        assert_eq!(fleet(&app), before);
    });
}
