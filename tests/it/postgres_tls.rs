//! TLS to PostgreSQL: verified against a certificate authority, or refused. Without the feature, said so.

use offpeak::db::{Database, DatabaseError};

#[cfg(not(feature = "postgres-tls"))]
#[test]
fn a_program_without_tls_says_how_to_get_it() {
    let error = Database::open("postgres://me@db.example/x?sslmode=verify-full").unwrap_err();
    assert!(matches!(error, DatabaseError::NoTls(_)), "{error}");
    assert!(error.to_string().contains("--features postgres-tls"), "{error}");
}

#[cfg(feature = "postgres-tls")]
#[test]
fn a_server_is_believed_only_with_its_certificate() {
    use diesel::RunQueryDsl;
    use diesel::sql_types::Bool;
    use offpeak::db::Outage;

    use crate::support::TlsServer;

    #[derive(diesel::QueryableByName)]
    struct Answer {
        #[diesel(sql_type = Bool)]
        encrypted: bool,
    }

    let ask = |url: &str| {
        Database::open(url).unwrap().read(|connection| {
            let question = "SELECT ssl AS encrypted FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            Ok::<_, DatabaseError>(diesel::sql_query(question).get_result::<Answer>(connection)?.encrypted)
        })
    };
    let refused = |url: &str| match ask(url) {
        Err(DatabaseError::Unavailable { outage: Outage::Denied, detail }) => detail,
        other => panic!("{url}: {other:?}"),
    };

    let server = TlsServer::start();
    let whole = format!("sslmode=verify-full&sslrootcert={}", server.authority.display());
    assert!(ask(&server.url("localhost", &whole)).unwrap());
    // Another name for the same machine, which the certificate does not bear.
    let detail = refused(&server.url("127.0.0.1", &whole));
    assert!(detail.contains("does not match host name"), "{detail}");
    let wrong = format!("sslmode=verify-full&sslrootcert={}", server.other_authority.display());
    let detail = refused(&server.url("localhost", &wrong));
    assert!(detail.contains("certificate verify failed"), "{detail}");
    let nothing = "sslmode=verify-full&sslrootcert=/nowhere/root.pem";
    let detail = refused(&server.url("localhost", nothing));
    assert!(detail.contains("does not exist"), "{detail}");
    // Nobody may come without.
    let detail = refused(&server.url("localhost", "sslmode=disable"));
    assert!(detail.contains("no encryption"), "{detail}");
    server.use_expired_certificate();
    let detail = refused(&server.url("localhost", &whole));
    assert!(detail.contains("expired") || detail.contains("verify failed"), "{detail}");
}
