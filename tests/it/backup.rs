//! Backups: whole while others write, verified, put back, and refused when they are of no use.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use offpeak::db::next_ids;
use offpeak::service::backup;
use serde_json::Value;

use crate::database_copy::fill;
use crate::support::{TestApp, offpeak, on_sqlite, postgres_url};

fn file_of(app: &TestApp) -> PathBuf {
    PathBuf::from(app.database_url().strip_prefix("sqlite:").unwrap())
}

fn on(url: &str, arguments: &[&str]) -> Output {
    let mut whole = arguments.to_vec();
    whole.extend(["--database", url, "-o", "json"]);
    offpeak(&whole)
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_backup_is_of_one_moment_whoever_writes() {
    on_sqlite(|app| async move {
        app.import_generated(2000, 5).await;
        let folder = tempfile::tempdir().unwrap();
        let (stop, number) = (AtomicBool::new(false), AtomicU64::new(0));
        let mut seen = BTreeSet::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let next = number.fetch_add(1, Ordering::SeqCst) + 1;
                    app.sql(&format!(
                        "UPDATE merchant SET updated_at = {next}; UPDATE terminal SET updated_at = {next}; \
                         UPDATE site SET updated_at = {next}"
                    ));
                }
            });
            for round in 0..5 {
                let before = number.load(Ordering::SeqCst);
                while number.load(Ordering::SeqCst) < before + 2 {
                    std::thread::yield_now();
                }
                let file = folder.path().join(format!("{round}.db"));
                backup::create(&file_of(&app), &file, false).unwrap();
                let copy = TestApp::new(Some(format!("sqlite:{}", file.display())), |_| {});
                let moments: BTreeSet<String> = copy
                    .dump()
                    .iter()
                    .filter(|row| {
                        ["merchant:", "site:", "terminal:"].iter().any(|table| row.starts_with(table))
                    })
                    .map(|row| row.rsplit('|').next().unwrap().to_owned())
                    .collect();
                assert_eq!(moments.len(), 1, "half of a transaction: {moments:?}");
                seen.extend(moments);
            }
            stop.store(true, Ordering::SeqCst);
        });
        assert_eq!(seen.len(), 5, "the writer went on between the backups");
        let left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.path()).collect();
        let strays = left.iter().filter(|path| path.file_name().unwrap().to_string_lossy().starts_with('.'));
        assert_eq!(strays.count(), 0, "{left:?}");
    });
}

#[test]
fn a_backup_is_put_back_and_what_was_there_is_kept() {
    on_sqlite(|app| async move {
        fill(&app).await;
        let (before, url) = (app.dump(), app.database_url());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("b.db").display().to_string();
        let written = on(&url, &["backup", &file]);
        assert!(written.status.success(), "{}", told(&written));
        let report: Value = serde_json::from_slice(&written.stdout).unwrap();
        assert_eq!(report["rows"]["terminal"], 6);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                std::fs::metadata(&file).unwrap().permissions().mode() & 0o077,
                0,
                "nobody else reads it"
            );
        }
        let again = on(&url, &["backup", &file]);
        assert_eq!(again.status.code(), Some(4));
        assert!(on(&url, &["backup", &file, "--replace"]).status.success());

        app.sql("UPDATE merchant SET name = 'later'");
        let later = app.dump();
        let open = on(&url, &["restore", &file, "--yes"]);
        assert_eq!(open.status.code(), Some(4), "the application has it open");
        assert!(told(&open).contains("offpeak serve"), "{}", told(&open));

        // A database elsewhere that nobody has open.
        let place = folder.path().join("place.db");
        backup::create(&file_of(&app), &place, false).unwrap();
        let url = format!("sqlite:{}", place.display());
        let asked = on(&url, &["restore", &file]);
        assert_eq!(asked.status.code(), Some(1), "it wants to be told");
        let restored = on(&url, &["restore", &file, "--yes"]);
        assert!(restored.status.success(), "{}", told(&restored));
        let report: Value = serde_json::from_slice(&restored.stdout).unwrap();
        assert_eq!(TestApp::new(Some(url), |_| {}).dump(), before);
        let kept = format!("sqlite:{}", report["kept"].as_str().unwrap());
        assert_eq!(TestApp::new(Some(kept), |_| {}).dump(), later);
        // And where there was none.
        let new = format!("sqlite:{}", folder.path().join("new.db").display());
        assert!(on(&new, &["restore", &file]).status.success());
        assert_eq!(TestApp::new(Some(new), |_| {}).dump(), before);
    });
}

#[test]
fn nothing_is_put_back_under_a_running_server() {
    on_sqlite(|app| async move {
        app.import_small_fleet().await;
        let folder = tempfile::tempdir().unwrap();
        let (place, file) = (folder.path().join("place.db"), folder.path().join("b.db"));
        backup::create(&file_of(&app), &file, false).unwrap();
        std::fs::copy(&file, &place).unwrap();
        let url = format!("sqlite:{}", place.display());
        let mail = format!("folder:{}", folder.path().join("mail").display());
        let mut server = Command::new(env!("CARGO_BIN_EXE_offpeak"))
            .args(["serve", "--listen", "127.0.0.1:0", "--database", &url])
            .env("OFFPEAK_MAIL_URL", mail)
            .env("OFFPEAK_SIGN_IN_ON_LOOPBACK", "false")
            .env_remove("OFFPEAK_SERVER")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        lines.find(|line| line.as_ref().unwrap().contains("http://")).unwrap().unwrap();
        let refused = on(&url, &["restore", file.to_str().unwrap(), "--yes"]);
        assert_eq!(refused.status.code(), Some(4), "{}", told(&refused));
        assert!(told(&refused).contains("Stop `offpeak serve` first"));
        // A backup needs nobody to stop.
        assert!(on(&url, &["backup", folder.path().join("c.db").to_str().unwrap()]).status.success());
        server.kill().unwrap();
        server.wait().unwrap();
        let restored = on(&url, &["restore", file.to_str().unwrap(), "--yes"]);
        assert!(restored.status.success(), "{}", told(&restored));
    });
}

#[test]
fn a_file_of_no_use_is_refused_and_nothing_is_touched() {
    on_sqlite(|app| async move {
        app.import_generated(300, 5).await;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        backup::create(&file_of(&app), &path("good.db"), false).unwrap();
        let good = std::fs::read(path("good.db")).unwrap();
        let url = format!("sqlite:{}", path("place.db").display());
        std::fs::write(path("place.db"), &good).unwrap();

        let write = |name: &str, bytes: &[u8]| std::fs::write(path(name), bytes).unwrap();
        write("empty.db", b"");
        write("text.db", b"terminal,site\n1,2\n".repeat(500).as_slice());
        write("truncated.db", &good[..good.len() / 2]);
        write("a_page_short.db", &good[..good.len() - 4096]);
        let mut damaged = good.clone();
        let middle = good.len() / 2 / 4096 * 4096;
        damaged[middle..middle + 2048].fill(0xa5);
        write("damaged.db", &damaged);
        let sql = |name: &str, statements: &str| {
            use diesel::Connection;
            use diesel::connection::SimpleConnection;
            let file = path(name).display().to_string();
            diesel::SqliteConnection::establish(&file).unwrap().batch_execute(statements).unwrap();
        };
        sql("foreign.db", "CREATE TABLE merchant (id INTEGER); INSERT INTO merchant VALUES (1)");
        write("newer.db", &good);
        let newer = "20990301000000needs20990201000000";
        sql("newer.db", &format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{newer}')"));
        write("orphans.db", &good);
        sql(
            "orphans.db",
            "PRAGMA foreign_keys = OFF; DELETE FROM site WHERE id = (SELECT min(id) FROM site)",
        );

        for (name, code, words) in [
            ("missing.db", 3, "missing.db"),
            ("empty.db", 4, "not one of Offpeak's"),
            ("text.db", 4, "cannot be read as a SQLite database"),
            ("truncated.db", 4, "cannot be restored"),
            ("a_page_short.db", 4, "cannot be restored"),
            ("damaged.db", 4, "cannot be restored"),
            ("foreign.db", 4, "not one of Offpeak's"),
            ("newer.db", 4, newer),
            ("orphans.db", 4, "refer to rows that are not there"),
        ] {
            let refused = on(&url, &["restore", path(name).to_str().unwrap(), "--yes"]);
            assert_eq!(refused.status.code(), Some(code), "{name}: {}", told(&refused));
            assert!(told(&refused).contains(words), "{name}: {}", told(&refused));
            assert_eq!(std::fs::read(path("place.db")).unwrap(), good, "{name}");
        }
        // A backup of a damaged database is none, and leaves no file.
        let damaged = format!("sqlite:{}", path("damaged.db").display());
        assert!(!on(&damaged, &["backup", path("of_damaged.db").to_str().unwrap()]).status.success());
        assert!(!path("of_damaged.db").exists());
        let names = std::fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name());
        assert!(names.into_iter().all(|name| !name.to_string_lossy().starts_with('.')));
        // A damaged database itself can be replaced.
        let restored = on(&damaged, &["restore", path("good.db").to_str().unwrap(), "--yes"]);
        assert!(restored.status.success(), "{}", told(&restored));
    });
}

/// The lines of a block of the manual, as ```` ```sh name ````.
fn documented(name: &str) -> String {
    let manual = include_str!("../../docs/backup.md");
    let (_, rest) = manual.split_once(&format!("```sh {name}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn postgres_own_tools_do_what_the_manual_says() {
    let refused = on(&postgres_url(), &["backup", "x.db"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(told(&refused).contains("pg_dump"), "{}", told(&refused));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let app = TestApp::new(Some(postgres_url()), |_| {});
        fill(&app).await;
        let folder = tempfile::tempdir().unwrap();
        let binaries = Path::new(env!("CARGO_BIN_EXE_offpeak")).parent().unwrap().display().to_string();
        let run = |name: &str, url: &str| {
            let path = format!("{binaries}:{}", std::env::var("PATH").unwrap());
            let output = Command::new("sh")
                .args(["-e", "-c", &documented(name)])
                .current_dir(folder.path())
                .env("PATH", path)
                .env("OFFPEAK_DATABASE_URL", url)
                .output()
                .unwrap();
            assert!(output.status.success(), "{name}: {}", told(&output));
            String::from_utf8(output.stdout).unwrap()
        };
        let restored = postgres_url();
        run("dump", &app.database_url());
        let status = run("restore", &restored);
        assert!(status.contains("applied") && !status.contains("pending"), "{status}");
        let copy = TestApp::new(Some(restored), |_| {});
        assert_eq!(copy.dump(), app.dump());
        let numbers = |app: &TestApp| app.read(|connection| Ok(next_ids(connection)?));
        assert_eq!(numbers(&copy), numbers(&app));
    });
}
