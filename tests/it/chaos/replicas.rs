//! Replicas as processes of their own: killed, made to stand still, started again; and somebody who asks them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query, sql_types::BigInt};
use serde_json::Value;

/// Replicas on one database.
pub struct Replicas {
    database: String,
    mail_port: u16,
    folder: PathBuf,
    ports: Vec<u16>,
    processes: Vec<Mutex<Option<Child>>>,
    agent: ureq::Agent,
}

impl Drop for Replicas {
    fn drop(&mut self) {
        for which in 0..self.len() {
            self.kill(which);
        }
    }
}

impl Replicas {
    /// One on each of these ports.
    pub fn start(database: &str, mail_port: u16, folder: &Path, ports: Vec<u16>) -> Replicas {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(8)))
            .http_status_as_error(false)
            .build()
            .into();
        let replicas = Replicas {
            database: database.to_owned(),
            mail_port,
            folder: folder.to_owned(),
            processes: ports.iter().map(|_| Mutex::new(None)).collect(),
            ports,
            agent,
        };
        replicas.all_up();
        replicas
    }

    pub fn len(&self) -> usize {
        self.ports.len()
    }

    /// Starts a replica that does not run.
    pub fn up(&self, which: usize) {
        let mut process = self.processes[which].lock().expect("a process");
        if process.is_some() {
            return;
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join(format!("replica-{which}.log")))
            .expect("a log");
        let child = Command::new(env!("CARGO_BIN_EXE_offpeak"))
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.ports[which])])
            .current_dir(&self.folder)
            .envs([
                ("OFFPEAK_DATABASE_URL", self.database.as_str()),
                ("OFFPEAK_MAIL_URL", &format!("smtp://127.0.0.1:{}", self.mail_port)),
                ("OFFPEAK_LEASE_SECONDS", "3"),
                ("OFFPEAK_CLAIM_SECONDS", "5"),
                ("OFFPEAK_SEARCH_SILENCE_SECONDS", "6"),
                ("OFFPEAK_DATABASE_PATIENCE_SECONDS", "3"),
                ("OFFPEAK_NOTICE_LEAD_MINUTES", "0"),
                ("OFFPEAK_ANNOUNCE_ALLOWANCE_MINUTES", "0"),
                ("OFFPEAK_OUTCOME_GRACE_MINUTES", "0"),
                ("OFFPEAK_SLOT_MINUTES", "5"),
                ("OFFPEAK_SEARCHES_AT_ONCE", "4"),
                ("OFFPEAK_QUIET_HOURS", "none"),
                ("OFFPEAK_SIGN_IN_ON_LOOPBACK", "false"),
                ("OFFPEAK_LOG", "info"),
            ])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("it starts");
        *process = Some(child);
    }

    /// Every one runs and answers.
    pub fn all_up(&self) {
        for which in 0..self.len() {
            self.up(which);
            let patience = Instant::now() + Duration::from_secs(60);
            while self.ask(which, "GET", "/ready", None).is_none_or(|(status, _)| status != 200) {
                assert!(Instant::now() < patience, "replica {which} does not answer:\n{}", self.logs());
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }

    pub fn kill(&self, which: usize) {
        // Whoever panicked before, no process is left behind.
        let mut process = self.processes[which].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut child) = process.take() {
            // It may stand still: this ends it all the same.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Makes a replica stand still for so long, beside everything else.
    pub fn freeze(&self, which: usize, time: Duration) {
        let process = self.processes[which].lock().expect("a process");
        let Some(pid) = process.as_ref().map(|child| child.id().to_string()) else { return };
        let signal = |name: &str, pid: &str| {
            // It may have been killed meanwhile.
            let _ = Command::new("kill").args([name, pid]).stderr(Stdio::null()).status();
        };
        signal("-STOP", &pid);
        std::thread::spawn(move || {
            std::thread::sleep(time);
            signal("-CONT", &pid);
        });
    }

    /// Asks one of them; nothing if it does not answer.
    pub fn ask(&self, which: usize, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let url = format!("http://127.0.0.1:{}{path}", self.ports[which]);
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(url)
            .header("content-type", "application/json")
            .body(body.map(Value::to_string).unwrap_or_default())
            .expect("a request");
        let mut response = self.agent.run(request).ok()?;
        let text = response.body_mut().read_to_string().ok()?;
        Some((response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Imports a form of files.
    pub fn import(&self, kind: &str, form: String) {
        let url = format!("http://127.0.0.1:{}/api/v1/fleet/import", self.ports[0]);
        let mut response = self.agent.post(url).header("content-type", kind).send(form).expect("an answer");
        let text = response.body_mut().read_to_string().expect("an answer");
        assert_eq!(response.status().as_u16(), 200, "{text}");
    }

    /// Waits until nothing is left to do: whatever stood still goes on, mails that are due are sent, searches end, and at
    /// least so many appointments were closed by the leader.
    pub fn wait_until_quiet(&self, database: &str, closed: i64) {
        #[derive(QueryableByName)]
        struct Number {
            #[diesel(sql_type = BigInt)]
            number: i64,
        }
        std::thread::sleep(Duration::from_secs(10));
        let left = "SELECT (SELECT count(*) FROM notice WHERE state = 'sending' OR state IN ('queued', 'deferred') \
                    AND next_attempt_at <= extract(epoch FROM now()) * 1000000) \
                    + (SELECT count(*) FROM plan WHERE state = 'solving') \
                    + (SELECT count(*) FROM plan_item JOIN plan ON id = plan_id WHERE state = 'failed') \
                    + (SELECT (count(*) < $1)::int FROM audit WHERE actor = 'worker:watch') AS number";
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            let mut connection = PgConnection::establish(database).expect("the database");
            if sql_query(left)
                .bind::<BigInt, _>(closed)
                .get_result::<Number>(&mut connection)
                .expect("a number")
                .number
                == 0
            {
                break;
            }
            assert!(Instant::now() < patience, "it does not become quiet:\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(200));
        }
        // What opens by now opens, and what is over is closed.
        std::thread::sleep(Duration::from_secs(4));
    }

    /// Stops them as an operator would, and gives the end of what they logged.
    pub fn stop(&self) -> String {
        for process in &self.processes {
            if let Some(mut child) = process.lock().expect("a process").take() {
                let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
                let status = child.wait().expect("it ends");
                assert!(status.success(), "{status}: {}", self.logs());
            }
        }
        self.logs()
    }

    fn logs(&self) -> String {
        let mut text = String::new();
        for which in 0..self.len() {
            let log =
                std::fs::read_to_string(self.folder.join(format!("replica-{which}.log"))).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            text += &format!("-- replica {which}\n{}\n", lines[lines.len().saturating_sub(60)..].join("\n"));
        }
        text
    }
}
