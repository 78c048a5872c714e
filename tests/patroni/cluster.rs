//! etcd, two PostgreSQL servers under Patroni with synchronous replication, and HAProxy before them: processes on
//! 127.0.0.1, gone with the test.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything here may take to come up.
const PATIENCE: Duration = Duration::from_secs(120);

struct Node {
    patroni: Option<Child>,
    config: PathBuf,
    data: PathBuf,
    rest_port: u16,
}

pub struct Cluster {
    folder: PathBuf,
    nodes: Vec<Node>,
    others: Vec<Child>,
    port: u16,
    agent: ureq::Agent,
}

fn free_ports<const N: usize>() -> [u16; N] {
    let listeners: Vec<TcpListener> = (0..N).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    std::array::from_fn(|number| listeners[number].local_addr().unwrap().port())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// A process whose output goes to a file beside its configuration; as the user that PostgreSQL's package brings.
fn spawn(folder: &Path, name: &str, program: &str, arguments: &[&str]) -> Child {
    let log = fs::File::options().create(true).append(true).open(folder.join(format!("{name}.log"))).unwrap();
    // `setpriv` becomes the program: what is killed is the program itself.
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=KILL", program]);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"))
}

fn bin_folder() -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL")
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().expect("PostgreSQL's server")
}

impl Cluster {
    /// A primary and a synchronous standby, with an empty database.
    pub fn start() -> Cluster {
        let folder = tempfile::Builder::new().prefix("offpeak-patroni-").tempdir().unwrap().keep();
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(&folder).status().unwrap().success());
        }
        let [etcd, peer, one, other, rest_one, rest_other, port] = free_ports();
        let shown = folder.display();
        let (client, peers) = (format!("http://127.0.0.1:{etcd}"), format!("http://127.0.0.1:{peer}"));
        let initial = format!("default={peers}");
        let etcd_data = format!("{shown}/etcd");
        let arguments = [
            "--data-dir",
            &etcd_data,
            "--listen-client-urls",
            &client,
            "--advertise-client-urls",
            &client,
            "--listen-peer-urls",
            &peers,
            "--initial-advertise-peer-urls",
            &peers,
            "--initial-cluster",
            &initial,
        ];
        let mut others = vec![spawn(&folder, "etcd", "etcd", &arguments)];
        wait_for("etcd", || TcpStream::connect(("127.0.0.1", etcd)).is_ok());

        let mut nodes = Vec::new();
        for (number, (pg, rest)) in (1..).zip([(one, rest_one), (other, rest_other)]) {
            let config = folder.join(format!("pg{number}.yml"));
            let bin = bin_folder();
            let text = format!(
                "scope: offpeak\nname: pg{number}\nrestapi: {{listen: '127.0.0.1:{rest}', connect_address: '127.0.0.1:{rest}'}}\n\
                 etcd3: {{host: '127.0.0.1:{etcd}'}}\n\
                 bootstrap:\n  dcs:\n    ttl: 20\n    loop_wait: 2\n    retry_timeout: 3\n    synchronous_mode: true\n\
                 \x20   postgresql: {{use_pg_rewind: true, parameters: {{max_connections: 100}}}}\n\
                 \x20 initdb: [{{encoding: UTF8}}, {{locale: C}}, data-checksums]\n\
                 postgresql:\n  listen: '127.0.0.1:{pg}'\n  connect_address: '127.0.0.1:{pg}'\n\
                 \x20 data_dir: {shown}/pg{number}\n  bin_dir: {}\n  pgpass: {shown}/pgpass{number}\n\
                 \x20 pg_hba: ['local all all trust', 'host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust']\n\
                 \x20 authentication: {{superuser: {{username: postgres, password: local}}, replication: {{username: copy, password: local}}}}\n\
                 \x20 parameters: {{unix_socket_directories: '{shown}'}}\n",
                bin.display()
            );
            fs::write(&config, text).unwrap();
            let data = folder.join(format!("pg{number}"));
            nodes.push(Node { patroni: None, config, data, rest_port: rest });
        }
        let haproxy = folder.join("haproxy.cfg");
        let servers: String = [(one, rest_one), (other, rest_other)]
            .iter()
            .map(|(pg, rest)| format!("  server pg{pg} 127.0.0.1:{pg} check port {rest}\n"))
            .collect();
        fs::write(
            &haproxy,
            format!(
                "global\n  maxconn 500\ndefaults\n  mode tcp\n  timeout connect 4s\n  timeout client 30m\n  timeout server 30m\n\
                 \x20 timeout check 2s\nlisten primary\n  bind 127.0.0.1:{port}\n  option httpchk OPTIONS /primary\n\
                 \x20 http-check expect status 200\n  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions\n{servers}"
            ),
        )
        .unwrap();
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(3)))
            .http_status_as_error(false)
            .build()
            .into();
        let mut cluster = Cluster { folder: folder.clone(), nodes, others: Vec::new(), port, agent };
        cluster.up(0);
        wait_for("the first primary", || cluster.is(0, "primary"));
        cluster.up(1);
        wait_for("the standby", || cluster.is(1, "sync"));
        others.push(spawn(&folder, "haproxy", "/usr/sbin/haproxy", &["-f", &haproxy.display().to_string()]));
        cluster.others = others;
        // Before its first checks HAProxy takes the standby for a primary, too.
        std::thread::sleep(Duration::from_secs(4));
        wait_for("HAProxy", || {
            use diesel::{Connection, RunQueryDsl};
            let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
            let Ok(mut connection) = diesel::PgConnection::establish(&url) else { return false };
            diesel::sql_query("CREATE DATABASE offpeak").execute(&mut connection).is_ok()
        });
        cluster
    }

    /// The database, by way of HAProxy.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/offpeak?connect_timeout=5", self.port)
    }

    fn up(&mut self, which: usize) {
        let node = &mut self.nodes[which];
        let name = format!("patroni{}", which + 1);
        node.patroni = Some(spawn(&self.folder, &name, "patroni", &[&node.config.display().to_string()]));
    }

    /// Whether Patroni says this of a node: `primary`, `sync`.
    fn is(&self, which: usize, what: &str) -> bool {
        let url = format!("http://127.0.0.1:{}/{what}", self.nodes[which].rest_port);
        self.agent.get(url).call().is_ok_and(|response| response.status() == 200)
    }

    /// Kills the primary and the Patroni that looks after it, both at once; how long it took until the other one was
    /// promoted.
    pub fn kill_the_primary(&mut self) -> Duration {
        let which = (0..2).find(|which| self.is(*which, "primary")).expect("a primary");
        let killed = Instant::now();
        let node = &mut self.nodes[which];
        let postmaster = fs::read_to_string(node.data.join("postmaster.pid")).unwrap();
        let mut patroni = node.patroni.take().unwrap();
        patroni.kill().unwrap();
        let pid = postmaster.lines().next().unwrap();
        assert!(Command::new("kill").args(["-KILL", pid]).status().unwrap().success());
        patroni.wait().unwrap();
        wait_for("the promotion", || self.is(1 - which, "primary"));
        killed.elapsed()
    }

    /// Starts again what was killed, and waits until it is a synchronous standby.
    pub fn mend(&mut self) {
        let which = (0..2).find(|which| self.nodes[*which].patroni.is_none()).expect("one that was killed");
        self.up(which);
        wait_for("the old primary as a standby", || self.is(which, "sync"));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Some(mut patroni) = node.patroni.take() {
                let _ = patroni.kill();
                let _ = patroni.wait();
            }
            if let Ok(text) = fs::read_to_string(node.data.join("postmaster.pid")) {
                let _ =
                    Command::new("kill").args(["-QUIT", text.lines().next().unwrap_or_default()]).status();
            }
        }
        for other in &mut self.others {
            let _ = other.kill();
            let _ = other.wait();
        }
        if std::thread::panicking() {
            println!("what they logged: {}", self.folder.display());
        } else {
            std::thread::sleep(Duration::from_secs(1));
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_there() {
        assert!(Instant::now() < end, "{what} has not come within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
