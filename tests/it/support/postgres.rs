//! Throw-away PostgreSQL clusters: each reached over a socket in a temporary folder, gone with the process, however
//! that ends. One is shared by the whole test process; tests that harm a server start their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A running server of its own.
pub struct Cluster {
    /// Its data are in `data` below, its sockets beside them.
    pub(super) folder: PathBuf,
    bin: PathBuf,
    pub(super) user: String,
}

/// The URL of an empty database of its own in the shared cluster.
pub fn fresh_database() -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(&["max_connections=200"])).fresh_database()
}

impl Cluster {
    /// Makes a cluster and starts its server with these settings besides.
    pub fn start(settings: &[&str]) -> Cluster {
        let cluster = Cluster::make();
        cluster.up(settings);
        cluster
    }

    /// Makes a cluster, for somebody else to start.
    pub(super) fn make() -> Cluster {
        let cluster = Cluster::in_a_new_folder();
        let data = cluster.data();
        cluster.run(&[&cluster.tool("initdb"), "-N", "-A", "trust", "-E", "UTF8", "--locale=C", "-D", &data]);
        cluster
    }

    /// A standby that follows this server.
    pub fn standby(&self) -> Cluster {
        let standby = Cluster::in_a_new_folder();
        let socket = self.folder.display().to_string();
        standby.run(&[
            &standby.tool("pg_basebackup"),
            "-h",
            &socket,
            "-D",
            &standby.data(),
            "-R",
            "--checkpoint=fast",
        ]);
        standby.up(&[]);
        standby
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{}@{}/{database}", self.user, self.socket())
    }

    /// The folder of the sockets, as it stands in a URL.
    pub fn socket(&self) -> String {
        self.folder.display().to_string().replace('/', "%2F")
    }

    /// The URL of an empty database of its own.
    pub fn fresh_database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let socket = self.folder.display().to_string();
        self.run(&[&self.tool("createdb"), "-h", &socket, "-T", "template0", &name]);
        self.url(&name)
    }

    /// PgBouncer before this server, lending `connections` of its connections a database for a transaction each; the
    /// folder of its socket (port 6432), as it stands in a URL.
    pub fn pooled(&self, connections: u32) -> String {
        let folder = self.folder.join("bouncer");
        self.run(&["mkdir", &folder.display().to_string()]);
        let (data, pooler) = (self.folder.display(), folder.display());
        let (settings, log) = (folder.join("settings.ini"), folder.join("log"));
        let lines = format!(
            "[databases]\n* = host={data} user={}\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\n\
             unix_socket_dir = {pooler}\nauth_type = any\npool_mode = transaction\n\
             default_pool_size = {connections}\nmax_client_conn = 200\nlogfile = {}\n",
            self.user,
            log.display(),
        );
        std::fs::write(&settings, lines).expect("its folder");
        let bouncer = format!("{}pgbouncer -q {}", self.as_user(), settings.display());
        keep_until_this_process_ends(&format!("{bouncer} & read -r _; kill $!"));
        let socket = folder.join(".s.PGSQL.6432");
        for _ in 0..100 {
            if socket.exists() {
                return folder.display().to_string().replace('/', "%2F");
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("PgBouncer does not start: {}", std::fs::read_to_string(&log).unwrap_or_default());
    }

    /// `pg_ctl` with these arguments.
    pub fn control(&self, arguments: &[&str]) {
        let (tool, data) = (self.tool("pg_ctl"), self.data());
        let mut command = vec![tool.as_str(), "-D", &data];
        command.extend(arguments);
        self.run(&command);
    }

    fn in_a_new_folder() -> Cluster {
        let bin = bin_folder();
        let root = run_text("id", &["-u"]) == "0";
        // initdb refuses root; the package brings a user for it.
        let user = if root { "postgres".to_owned() } else { run_text("id", &["-un"]) };
        let folder = tempfile::Builder::new().prefix("offpeak-pg-").tempdir().expect("a folder").keep();
        if root {
            run_text("chown", &[&user, &folder.display().to_string()]);
        }
        Cluster { folder, bin, user }
    }

    pub(super) fn up(&self, settings: &[&str]) {
        let mut options =
            format!("-c listen_addresses= -c unix_socket_directories={} -c fsync=off", self.folder.display());
        for setting in settings {
            options.push_str(&format!(" -c {setting}"));
        }
        let log = self.folder.join("log").display().to_string();
        self.control(&["-l", &log, "-w", "-o", &options, "start"]);
        self.stop_when_this_process_ends(&self.data());
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    fn tool(&self, name: &str) -> String {
        self.bin.join(name).display().to_string()
    }

    /// Runs a command as the server's user.
    pub fn run(&self, command: &[&str]) {
        let mut whole: Vec<&str> = Vec::new();
        if self.user == "postgres" && run_text("id", &["-u"]) == "0" {
            whole.extend(["runuser", "-u", "postgres", "--"]);
        }
        whole.extend(command);
        run_text(whole[0], &whole[1..]);
    }

    /// A shell reads from a pipe that only this process holds: at its end, of whatever kind, the read ends.
    fn stop_when_this_process_ends(&self, data: &str) {
        keep_until_this_process_ends(&format!(
            "read -r _; {}{} -D {data} -m immediate stop; rm -rf {}",
            self.as_user(),
            self.bin.join("pg_ctl").display(),
            self.folder.display()
        ));
    }

    fn as_user(&self) -> &'static str {
        if self.user == "postgres" { "runuser -u postgres -- " } else { "" }
    }
}

/// Runs a script whose `read` ends with this process.
fn keep_until_this_process_ends(script: &str) {
    let keeper = Command::new("setsid")
        .args(["sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    // Never closed on purpose: the system closes it with the process.
    std::mem::forget(keeper);
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
