//! Every check of the installation, made to fail.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{TestApp, free_port, on_each_database, on_sqlite, postgres_url};

/// Settings with which all is well, over `url`, changed by `environment`; what the doctor says, and its code.
fn examined(url: &str, environment: &[(&str, &str)]) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_offpeak"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OFFPEAK_")) {
        command.env_remove(name);
    }
    let mail = format!("folder:{}", folder.path().join("mail").display());
    command.env("OFFPEAK_DATABASE_URL", url).env("OFFPEAK_MAIL_URL", mail);
    command.envs(environment.iter().copied()).args(["doctor", "-o", "json"]).current_dir(folder.path());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "it leaves nothing behind: {left:?}");
    (output.status.code().unwrap(), value)
}

/// One check: how it is and what was found.
fn check(diagnosis: &Value, name: &str) -> (String, String) {
    let checks = diagnosis["checks"].as_array().unwrap();
    let found: Vec<&Value> = checks.iter().filter(|check| check["name"] == name).collect();
    assert_eq!(found.len(), 1, "{name} in {diagnosis:#}");
    let health = found[0]["health"].as_str().unwrap().to_owned();
    assert_eq!(found[0]["remedy"].is_string(), health != "ok", "what is not well has a remedy");
    (health, found[0]["found"].as_str().unwrap().to_owned())
}

fn health(diagnosis: &Value, name: &str) -> String {
    check(diagnosis, name).0
}

#[test]
fn a_good_installation_is_well() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let (code, diagnosis) = examined(&app.database_url(), &[("OFFPEAK_SEARCHES_AT_ONCE", "1")]);
        let bad: Vec<&Value> =
            diagnosis["checks"].as_array().unwrap().iter().filter(|check| check["health"] != "ok").collect();
        // How old the time zone data is, and how full the disk, is this machine's affair; no server runs.
        assert!(
            bad.iter()
                .all(|check| ["time_zones", "disk", "leader"].contains(&check["name"].as_str().unwrap())),
            "{bad:?}"
        );
        assert_eq!(code, 0);
    });
}

#[test]
fn somebody_has_to_lead() {
    on_each_database(|app| async move {
        let (health_of_leader, found) = check(&examined(&app.database_url(), &[]).1, "leader");
        assert!(
            health_of_leader == "warning" && found.contains("raise") && found.contains("watch"),
            "{found}"
        );
        let hold = |name: &str, holder: &str, seconds: i64| {
            let until = (chrono::Utc::now() + chrono::TimeDelta::seconds(seconds)).timestamp_micros();
            app.sql(&format!(
                "DELETE FROM lease WHERE name = '{name}'; \
                 INSERT INTO lease (name, holder, token, since, until) VALUES ('{name}', '{holder}', 1, 0, {until})"
            ));
        };
        hold("raise", "one", 60);
        hold("watch", "two", -5);
        let (health_of_leader, found) = check(&examined(&app.database_url(), &[]).1, "leader");
        assert!(health_of_leader == "warning" && !found.contains("raise"), "{found}");
        hold("watch", "two", 60);
        let (health_of_leader, found) = check(&examined(&app.database_url(), &[]).1, "leader");
        assert!(health_of_leader == "ok" && found.contains("raise by one") && found.contains("watch by two"));
        hold("sweep", "of a release long ago", -8 * 24 * 3600);
        let (health_of_leader, found) = check(&examined(&app.database_url(), &[]).1, "leader");
        assert!(health_of_leader == "warning" && found.contains("sweep"), "{found}");
    });
}

#[test]
fn settings_are_looked_at() {
    on_sqlite(|app| async move {
        let url = app.database_url();
        let (code, diagnosis) = examined(&url, &[("OFFPEAK_SLOT_MINUTES", "7")]);
        assert_eq!(code, 1);
        assert!(check(&diagnosis, "configuration").1.contains("slot_minutes"));
        let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
        std::fs::write(file.path(), "mail_form = \"x@y.example\"\n").unwrap();
        let output = crate::support::offpeak(&["doctor", "--config", file.path().to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stdout).contains("mail_form"));

        let (code, diagnosis) = examined(&url, &[("OFFPEAK_DATABASE_ULR", "x")]);
        assert_eq!(code, 0, "a warning ends with 0");
        assert_eq!(health(&diagnosis, "configuration"), "warning");
        assert!(check(&diagnosis, "configuration").1.contains("OFFPEAK_DATABASE_ULR"));
        let (code, diagnosis) = examined(&url, &[("OFFPEAK_LISTEN", "0.0.0.0:8080")]);
        assert_eq!((code, health(&diagnosis, "access").as_str()), (1, "problem"));
        let (_, diagnosis) = examined(&url, &[("OFFPEAK_SEARCHES_AT_ONCE", "16")]);
        let cores = std::thread::available_parallelism().unwrap().get();
        assert_eq!(health(&diagnosis, "searches"), if cores < 16 { "warning" } else { "ok" });
    });
}

#[test]
fn a_database_that_is_not_there_is_a_problem_and_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    let (code, diagnosis) = examined(&format!("sqlite:{}", file.display()), &[]);
    assert_eq!((code, health(&diagnosis, "database").as_str()), (1, "problem"));
    assert!(!file.exists());
    let (code, diagnosis) = examined("postgres://nobody@127.0.0.1:1/x", &[]);
    assert_eq!((code, health(&diagnosis, "database").as_str()), (1, "problem"));
    assert_eq!(health(&diagnosis, "mail"), "ok", "one check does not keep another from being made");
}

#[test]
fn a_schema_that_does_not_fit_is_told_and_not_touched() {
    let url = postgres_url();
    for _ in 0..2 {
        let (code, diagnosis) = examined(&url, &[]);
        assert_eq!((code, health(&diagnosis, "schema").as_str()), (0, "warning"));
        let (code, diagnosis) = examined(&url, &[("OFFPEAK_MIGRATE_AT_START", "false")]);
        assert_eq!((code, health(&diagnosis, "schema").as_str()), (1, "problem"));
    }
    on_each_database(|app| async move {
        app.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')");
        assert_eq!(health(&examined(&app.database_url(), &[]).1, "schema"), "warning");
        app.sql(
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990301000000needs20990201000000')",
        );
        assert_eq!(health(&examined(&app.database_url(), &[]).1, "schema"), "problem");
    });
}

#[test]
fn a_database_that_takes_no_writes_or_lives_at_another_time_is_noticed() {
    let app = TestApp::new(Some(postgres_url()), |_| {});
    let url = app.database_url();
    let offset = |seconds: i64| (chrono::Utc::now() + chrono::TimeDelta::seconds(seconds)).to_rfc3339();
    for (seconds, expected) in [(-9, "warning"), (20, "warning"), (-60, "problem"), (60, "problem")] {
        let (code, diagnosis) = examined(&url, &[("OFFPEAK_CLOCK", &offset(seconds))]);
        assert_eq!(health(&diagnosis, "clock_skew"), expected, "{seconds} s");
        assert_eq!((code, health(&diagnosis, "clock").as_str()), (1, "problem"), "a clock that stands");
    }
    let name = url.rsplit('/').next().unwrap();
    app.sql(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    let (code, diagnosis) = examined(&url, &[]);
    assert_eq!((code, health(&diagnosis, "writable").as_str()), (1, "problem"));
}

#[test]
fn a_damaged_file_and_a_log_that_grows_are_noticed() {
    on_sqlite(|app| async move {
        app.import_generated(300, 5).await;
        let path = app.database_url().strip_prefix("sqlite:").unwrap().to_owned();
        let log = std::fs::File::options().append(true).open(format!("{path}-wal")).unwrap();
        log.set_len(300 << 20).unwrap();
        let (_, diagnosis) = examined(&app.database_url(), &[]);
        assert_eq!(health(&diagnosis, "log"), "warning");
        assert_eq!(health(&diagnosis, "integrity"), "ok");

        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("x.db");
        offpeak::service::backup::create(path.as_ref(), &copy, false).unwrap();
        let mut bytes = std::fs::read(&copy).unwrap();
        let middle = bytes.len() / 2 / 4096 * 4096;
        bytes[middle..middle + 2048].fill(0xa5);
        std::fs::write(&copy, bytes).unwrap();
        let (code, diagnosis) = examined(&format!("sqlite:{}", copy.display()), &[]);
        assert_eq!((code, health(&diagnosis, "integrity").as_str()), (1, "problem"));
    });
}

/// A mail server that says `features` to EHLO and `login` to AUTH, and keeps what it was told.
fn mail_server(features: &'static str, login: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let _ = stream.write_all(b"220 sink\r\n");
            for line in lines.map_while(Result::ok) {
                let word = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
                record.lock().unwrap().push(word.clone());
                let answer = match word.as_str() {
                    "EHLO" => features,
                    "AUTH" => login,
                    "QUIT" => "221 bye\r\n",
                    _ => "250 ok\r\n",
                };
                if stream.write_all(answer.as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    (port, heard)
}

#[test]
fn mail_is_tried_up_to_the_point_where_one_would_begin() {
    on_sqlite(|app| async move {
        let url = app.database_url();
        let with = |mail: &str| examined(&url, &[("OFFPEAK_MAIL_URL", mail)]);
        let (port, heard) = mail_server("250-sink\r\n250 AUTH PLAIN LOGIN\r\n", "235 welcome\r\n");
        let (code, diagnosis) = with(&format!("smtp://me:secret@127.0.0.1:{port}"));
        let (health_of_mail, found) = check(&diagnosis, "mail");
        assert_eq!(health_of_mail, "ok", "{found}");
        assert!(found.contains("credentials accepted") && !found.contains("secret"), "{found}");
        assert_eq!(*heard.lock().unwrap(), ["EHLO", "AUTH", "QUIT"], "no mail was begun");
        assert_eq!(
            (code, health(&diagnosis, "mail_identity").as_str()),
            (1, "problem"),
            "real mail, made-up sender"
        );
        let mine = [
            ("OFFPEAK_MAIL_URL", format!("smtp://127.0.0.1:{port}")),
            ("OFFPEAK_MAIL_FROM", "care@acquirer.com".to_owned()),
            ("OFFPEAK_SUPPORT_EMAIL", "help@acquirer.com".to_owned()),
            ("OFFPEAK_SUPPORT_PHONE", "+44 20 7946 0001".to_owned()),
            ("OFFPEAK_MAIL_DOMAIN", "acquirer.com".to_owned()),
        ];
        let mine: Vec<(&str, &str)> = mine.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(health(&examined(&url, &mine).1, "mail_identity"), "ok");

        let (port, _) = mail_server("250-sink\r\n250 AUTH PLAIN LOGIN\r\n", "535 5.7.8 who are you\r\n");
        let (code, diagnosis) = with(&format!("smtp://me:secret@127.0.0.1:{port}"));
        assert_eq!((code, health(&diagnosis, "mail").as_str()), (1, "problem"));
        assert!(check(&diagnosis, "mail").1.contains("535"));
        let (code, diagnosis) = with(&format!("smtp+starttls://127.0.0.1:{port}"));
        assert_eq!((code, health(&diagnosis, "mail").as_str()), (1, "problem"), "no STARTTLS");
        let nobody = free_port();
        for mail in
            [format!("smtp://127.0.0.1:{nobody}"), "folder:/proc/nowhere".to_owned(), "smtp:".to_owned()]
        {
            let (code, diagnosis) = with(&mail);
            assert_eq!((code, health(&diagnosis, "mail").as_str()), (1, "problem"), "{mail}");
        }
    });
}

#[test]
fn work_that_lies_too_long_is_noticed_by_the_server_too() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.arrange(&["T1", "T2"], "2026-12-10T17:00:00Z").await;
        let waiting: Vec<Value> = app.notices("queued").await;
        assert!(!waiting.is_empty());
        let due = "2026-12-02T12:00:00Z";
        let micros = crate::support::instant(due).timestamp_micros();
        app.sql(&format!("UPDATE notice SET next_attempt_at = {micros}, expires_at = {micros} * 2"));
        app.set_time(due);
        assert_eq!(health(&app.get("/doctor").await, "outbox"), "ok");
        app.set_time("2026-12-02T12:06:00Z");
        assert_eq!(health(&app.get("/doctor").await, "outbox"), "warning");
        app.set_time("2026-12-02T13:01:00Z");
        let diagnosis = app.get("/doctor").await;
        assert_eq!(health(&diagnosis, "outbox"), "problem");
        assert_eq!(diagnosis["health"], "problem");
        app.sql(&format!("UPDATE notice SET state = 'sending', lease_until = {micros}"));
        let (health_of_outbox, found) = check(&app.get("/doctor").await, "outbox");
        assert!(health_of_outbox == "warning" && found.contains("not heard of"), "{found}");
        assert_eq!(health(&app.get("/doctor").await, "refused_mails"), "ok");
        app.sql("UPDATE notice SET state = 'failed', lease_until = NULL");
        assert_eq!(health(&app.get("/doctor").await, "refused_mails"), "warning");
        app.set_time("2026-12-20T13:01:00Z");
        assert_eq!(health(&app.get("/doctor").await, "refused_mails"), "ok", "that was long ago");

        assert_eq!(health(&app.get("/doctor").await, "dead_searches"), "ok");
        let plan = app.plan(json!({"horizon_days": 14})).await["id"].clone();
        app.sql(&format!("UPDATE plan SET state = 'solving', heartbeat_at = {micros} WHERE id = {plan}"));
        let (health_of_searches, found) = check(&app.get("/doctor").await, "dead_searches");
        assert!(health_of_searches == "warning" && found.contains(&plan.to_string()), "{found}");
    });
}
