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
