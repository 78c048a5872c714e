//! The pages of the fleet, of the merchants who are not told, and of the rules, as they are served, on both databases.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::support::{TestApp, on_each_database};

async fn page(app: &TestApp, path: &str) -> String {
    let (status, page) = app.send(Method::GET, path, None).await;
    let text = page.as_str().unwrap_or_default().to_owned();
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    text
}

#[test]
fn the_fleet_is_searched_and_read() {
    on_each_database(|app| async move {
        let empty = page(&app, "/fleet").await;
        assert!(empty.contains("offpeak fleet import"), "an empty fleet says what to do");
        app.import_small_fleet().await;
        app.arrange(&["T1", "T2"], "2026-12-07 02:00").await;
        app.work("notify").await;

        let merchants = page(&app, "/fleet").await;
        assert!(merchants.contains("/merchants/M1") && merchants.contains("/merchants/M2"));
        assert!(page(&app, "/fleet?kind=sites").await.contains("/sites/S3"));
        assert!(page(&app, "/fleet?kind=terminals").await.contains("/terminals/T6"));
        let found = page(&app, "/fleet?q=harb").await;
        assert!(found.contains("/merchants/M2") && !found.contains("/merchants/M1"), "{found}");
        let nothing = page(&app, "/fleet?q=%3Cscript%3E").await;
        assert!(nothing.contains("&lt;script&gt;") && !nothing.contains("<script>"), "{nothing}");
        let anywhere = page(&app, "/fleet?kind=merchants&anywhere=1&q=bakery").await;
        assert!(anywhere.contains("/merchants/M2") && !anywhere.contains("/merchants/M1\""));

        let merchant = page(&app, "/merchants/M1").await;
        for words in ["王记面馆", "/sites/S1", "/sites/S2", "wang@noodles.example", "data-if-match"] {
            assert!(merchant.contains(words), "{words}: {merchant}");
        }
        assert!(merchant.contains("/notices/"), "the mail that went out is listed");
        let site = page(&app, "/sites/S1").await;
        for words in ["/terminals/T3", "0 1 * * *", "Mon-Sun 10:00-22:00", "2026-12-07 ", "fleet</span>"] {
            assert!(site.contains(words), "{words}: {site}");
        }
        let terminal = page(&app, "/terminals/T1").await;
        assert!(terminal.contains("/sites/S1") && terminal.contains("/notices/"), "{terminal}");
        for path in ["/merchants/M9", "/sites/S9", "/terminals/T9"] {
            assert_eq!(app.send(Method::GET, path, None).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    });
}

#[test]
fn a_sites_own_window_takes_the_place_of_the_fleets_and_is_changed_where_it_stands() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let window = json!({"scope": "site:S1", "cron": "0 3 * * *", "duration_minutes": 60});
        let id = app.post("/windows", window).await["id"].clone();
        let site = page(&app, "/sites/S1").await;
        assert!(site.contains("a narrower one holds") && site.contains("0 3 * * *"), "{site}");
        assert!(site.contains(&format!("/sites/S1?window={id}#window-form")));
        let editing = page(&app, &format!("/sites/S1?window={id}")).await;
        assert!(editing.contains(&format!("data-api-path=\"/windows/{id}\"")), "{editing}");
        let other = page(&app, "/sites/S2").await;
        assert!(!other.contains("0 3 * * *"));
    });
}

#[test]
fn who_is_not_told_is_shown_with_the_ways_out() {
    on_each_database(|app| async move {
        assert!(page(&app, "/unreached").await.contains("told in time"));
        let quiet = [
            (
                "merchants.csv",
                "number,name,locale,email,phone,tags\nM3,Mute Ltd,en,gone@mute.example,+44 1,\n",
            ),
            (
                "sites.csv",
                "code,merchant_number,name,region,address,time_zone,opening_hours,traffic_profile,tags\nS9,M3,Hush Lane,west,,Europe/London,24/7,grocery,\n",
            ),
            (
                "terminals.csv",
                "serial,site_code,tid,mid,label,model,firmware,acquirer_host,carrier,cell,servicer,volume,retired,tags\nT9,S9,1,1,Till,A920,1,h,,,,1,false,\nT8,S9,2,1,Till,A920,1,h,,,,1,false,\n",
            ),
        ];
        let (status, report) = app.import(&quiet).await;
        assert_eq!(status, StatusCode::OK, "{report}");
        app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240})).await;
        app.arrange(&["T9"], "2026-12-07 02:00").await;
        app.set_time("2026-12-03T12:00:00Z");
        let waiting = page(&app, "/unreached").await;
        for words in ["Mute Ltd", "/sites/S9", "dialog-call", "dialog-address", "dialog-override"] {
            assert!(waiting.contains(words), "{words}: {waiting}");
        }
        assert!(page(&app, "/merchants/M3").await.contains("data-fill-visit"));
        assert!(page(&app, "/notices").await.contains("href=\"/unreached\""));
        let visit = app.get("/unreached").await[0]["visit"].clone();
        let path = format!("/visits/{visit}/told");
        for (at, words) in [("2026-12-04T00:00:00Z", "future"), ("2026-11-30T00:00:00Z", "call again")] {
            let (status, problem) = app.try_post(&path, json!({"who": "Ms Still", "at": at})).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
            assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
        }
        app.post(&path, json!({"who": "Ms Still", "at": "2026-12-03T08:00:00Z"})).await;
        let told = &app.get("/appointments?serial=T9").await["items"][0];
        assert_eq!(
            (&told["state"], &told["announced_at"]),
            (&json!("announced"), &json!("2026-12-03T08:00:00Z"))
        );
        assert!(page(&app, "/unreached").await.contains("told in time"));
    });
}

#[test]
fn rules_are_listed_with_the_form_that_changes_them() {
    on_each_database(|app| async move {
        for path in ["/budgets", "/windows", "/blackouts", "/programmes"] {
            assert!(page(&app, path).await.contains("class=\"empty\""), "{path}");
        }
        app.import_small_fleet().await;
        let budget = app.post("/budgets", json!({"grouping": "region", "limit": {"percent": 5}})).await;
        let listed = page(&app, &format!("/budgets?edit={}", budget["id"])).await;
        assert!(listed.contains("each region") && listed.contains("data-api-method=\"PUT\""), "{listed}");
        assert!(listed.contains("name=\"limit.percent\" value=\"5\""), "{listed}");
        assert!(page(&app, "/windows").await.contains("0 1 * * *"));
        let name = "<b>sale</b>";
        app.post(
            "/blackouts",
            json!({"name": name, "scope": "fleet", "from": "2026-12-24", "to": "2026-12-26"}),
        )
        .await;
        let blackouts = page(&app, "/blackouts").await;
        assert!(blackouts.contains("&lt;b&gt;sale") && !blackouts.contains(name), "{blackouts}");
        let programme = json!({"name": "half-yearly", "selector": "all", "duration_minutes": 20,
            "recurrence": {"rule": "every_days", "days": 180}});
        app.post("/programmes", programme).await;
        let programmes = page(&app, "/programmes?edit=half-yearly").await;
        assert!(
            programmes.contains("every 180 days") && programmes.contains("value=\"180\""),
            "{programmes}"
        );
    });
}

#[test]
fn every_kind_of_mail_is_shown_with_made_up_facts() {
    on_each_database(|app| async move {
        for kind in ["announcement", "reminder", "moved", "cancelled", "completed", "locked", "unlocked"] {
            for locale in ["en", "zh-CN"] {
                let shown = page(&app, &format!("/notices/preview?kind={kind}&locale={locale}")).await;
                assert!(shown.contains("<iframe"), "{kind} {locale}: {shown}");
            }
        }
        let (status, _) = app.send(Method::GET, "/notices/preview?kind=fax", None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    });
}
