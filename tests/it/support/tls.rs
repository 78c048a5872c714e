//! A PostgreSQL that wants TLS, with a certificate authority of its own.

use std::path::PathBuf;

use super::{free_port, postgres::Cluster};

/// An authority that signs, one that does not, a certificate for `localhost`, and one that has expired.
const CERTIFICATES: &str = r#"
cd "$1"
for name in root other; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$name" \
        -addext "basicConstraints=critical,CA:TRUE" -keyout $name.key -out $name.pem
done
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=localhost" -keyout server.key -out server.csr
printf 'subjectAltName=DNS:localhost\n' > names
openssl x509 -req -in server.csr -CA root.pem -CAkey root.key -CAcreateserial -days 2 -extfile names -out server.pem
printf '[ca]\ndefault_ca = all\n[all]\nnew_certs_dir = .\ndatabase = index\nserial = serial\ndefault_md = sha256\n' > ca
printf 'policy = any\n[any]\ncommonName = supplied\n' >> ca
: > index
echo 01 > serial
openssl ca -batch -config ca -cert root.pem -keyfile root.key -in server.csr -extfile names -out expired.pem -notext \
    -startdate 20200101000000Z -enddate 20200201000000Z
chmod 600 server.key
printf 'local all all trust\nhostssl all all 127.0.0.0/8 trust\nhostssl all all ::1/128 trust\n' > hba
"#;

/// A server that lets nobody in over the network without TLS.
pub struct TlsServer {
    cluster: Cluster,
    port: u16,
    /// Who signed its certificate.
    pub authority: PathBuf,
    /// Somebody else.
    pub other_authority: PathBuf,
}

impl TlsServer {
    /// Makes the certificates and starts the server.
    pub fn start() -> TlsServer {
        let cluster = Cluster::make();
        let folder = cluster.folder.join("tls");
        let text = folder.display().to_string();
        cluster.run(&["mkdir", &text]);
        cluster.run(&["sh", "-ec", CERTIFICATES, "sh", &text]);
        let port = free_port();
        let settings = [
            "listen_addresses=localhost".to_owned(),
            format!("port={port}"),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={text}/server.pem"),
            format!("ssl_key_file={text}/server.key"),
            format!("hba_file={text}/hba"),
        ];
        cluster.up(&settings.each_ref().map(String::as_str));
        let (authority, other_authority) = (folder.join("root.pem"), folder.join("other.pem"));
        TlsServer { cluster, port, authority, other_authority }
    }

    /// The URL of a database over the network.
    pub fn url(&self, host: &str, more: &str) -> String {
        format!("postgres://{}@{host}:{}/postgres?{more}", self.cluster.user, self.port)
    }

    /// From now on it shows a certificate that was good once.
    pub fn use_expired_certificate(&self) {
        let folder = &self.cluster.folder;
        let file = |name: &str| folder.join("tls").join(name).display().to_string();
        self.cluster.run(&["cp", &file("expired.pem"), &file("server.pem")]);
        self.cluster.control(&["-w", "-l", &folder.join("log").display().to_string(), "restart"]);
    }
}
