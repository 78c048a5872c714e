//! What a connection to PostgreSQL is made with where its URL does not say otherwise: a server that has gone is
//! noticed within seconds, and a standby is not mistaken for the primary.

/// In libpq's own words; times in seconds, but `tcp_user_timeout` in milliseconds.
const DEFAULTS: [(&str, &str); 7] = [
    ("application_name", "offpeak"),
    ("connect_timeout", "5"),
    ("keepalives_idle", "15"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "30000"),
    ("target_session_attrs", "read-write"),
];

/// What `url` says of TLS that cannot be had without it: `sslmode=verify-full`, …
pub(super) fn asks_for_tls(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    let asks = ["sslmode=require", "sslmode=verify-ca", "sslmode=verify-full", "sslrootcert=system"];
    query.split('&').find(|pair| asks.contains(pair))
}

/// `url` with every default that it does not set itself.
pub(super) fn complete(url: &str) -> String {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let is_set = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let mut complete = url.to_owned();
    let mut separator = match url.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    for (name, value) in DEFAULTS.iter().filter(|(name, _)| !is_set(name)) {
        complete.push_str(&format!("{separator}{name}={value}"));
        separator = "&";
    }
    complete
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_tls_is_heard() {
        assert_eq!(asks_for_tls("postgres://h/db?a=b&sslmode=verify-full&c=d"), Some("sslmode=verify-full"));
        assert_eq!(asks_for_tls("postgres://h/db?sslmode=prefer"), None);
    }

    #[test]
    fn what_the_url_says_itself_stays() {
        let plain = complete("postgres://me@host/db");
        assert!(
            plain.starts_with("postgres://me@host/db?application_name=offpeak&connect_timeout=5&"),
            "{plain}"
        );
        assert!(plain.ends_with("&target_session_attrs=read-write"), "{plain}");
        let told = complete("postgres://a,b/db?target_session_attrs=any&connect_timeout=60");
        assert!(
            told.starts_with("postgres://a,b/db?target_session_attrs=any&connect_timeout=60&app"),
            "{told}"
        );
        assert_eq!(
            (told.matches("target_session_attrs").count(), told.matches("connect_timeout").count()),
            (1, 1)
        );
        assert!(complete("postgres://h/db?").starts_with("postgres://h/db?application_name"));
    }
}
