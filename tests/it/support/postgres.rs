//! A throw-away PostgreSQL cluster: made once a test process, reached over a socket in a temporary folder, gone
//! with the process, however that ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

struct Cluster {
    socket_folder: PathBuf,
    bin: PathBuf,
    user: String,
}

/// The URL of an empty database of its own.
pub fn fresh_database() -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let cluster = CLUSTER.get_or_init(Cluster::start);
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let socket = cluster.socket_folder.display().to_string();
    cluster.run(&[
        &cluster.bin.join("createdb").display().to_string(),
        "-h",
        &socket,
        "-T",
        "template0",
        &name,
    ]);
    format!("postgres://{}@{}/{name}", cluster.user, socket.replace('/', "%2F"))
}

impl Cluster {
    fn start() -> Cluster {
        let bin = bin_folder();
        let root = run_text("id", &["-u"]) == "0";
        // initdb refuses root; the package brings a user for it.
        let user = if root { "postgres".to_owned() } else { run_text("id", &["-un"]) };
        let folder = tempfile::Builder::new().prefix("offpeak-pg-").tempdir().expect("a folder").keep();
        if root {
            run_text("chown", &[&user, &folder.display().to_string()]);
        }
        let cluster = Cluster { socket_folder: folder.clone(), bin, user };
        let data = folder.join("data").display().to_string();
        let tool = |name: &str| cluster.bin.join(name).display().to_string();
        cluster.run(&[&tool("initdb"), "-N", "-A", "trust", "-E", "UTF8", "--locale=C", "-D", &data]);
        let options = format!(
            "-c listen_addresses= -c unix_socket_directories={} -c fsync=off -c max_connections=200",
            folder.display()
        );
        let log = folder.join("log").display().to_string();
        cluster.run(&[&tool("pg_ctl"), "-D", &data, "-l", &log, "-w", "-o", &options, "start"]);
        cluster.stop_when_this_process_ends(&data);
        cluster
    }

    fn run(&self, command: &[&str]) {
        let mut whole: Vec<&str> = Vec::new();
        if self.user == "postgres" && run_text("id", &["-u"]) == "0" {
            whole.extend(["runuser", "-u", "postgres", "--"]);
        }
        whole.extend(command);
        run_text(whole[0], &whole[1..]);
    }

    /// A shell reads from a pipe that only this process holds: at its end, of whatever kind, the read ends.
    fn stop_when_this_process_ends(&self, data: &str) {
        let as_user = if self.user == "postgres" { "runuser -u postgres -- " } else { "" };
        let script = format!(
            "read -r _; {as_user}{} -D {data} -m immediate stop; rm -rf {}",
            self.bin.join("pg_ctl").display(),
            self.socket_folder.display()
        );
        let keeper = Command::new("setsid")
            .args(["sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        // Never closed on purpose: the system closes it with the process.
        std::mem::forget(keeper);
    }
}

fn bin_folder() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| panic!("PostgreSQL's server is not installed; `tests/run` installs it"))
}

fn run_text(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(Path::new("/"))
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; `tests/run` installs what is missing"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
