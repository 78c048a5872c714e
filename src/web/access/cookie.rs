//! The cookies of sign-in: out of reach of scripts, sent to no other site, over TLS alone where there is TLS.

use axum::http::{HeaderMap, HeaderValue, header};

/// The cookie of a browser that has signed in.
pub(in crate::web) const SESSION_COOKIE: &str = "offpeak_session";

/// The cookie of a browser that is about to: its form shows a word derived from it.
pub(in crate::web) const FORM_COOKIE: &str = "offpeak_form";

/// The prefix under which a browser takes a cookie over TLS only, and from no other host.
const HOST_PREFIX: &str = "__Host-";

/// The value of a cookie, whether it was set over TLS or not; that of TLS goes before.
pub(in crate::web) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value_of = |secure: bool| {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find_map(|(known, value)| {
            let bare = known.strip_prefix(HOST_PREFIX);
            (if secure { bare == Some(name) } else { known == name }).then_some(value)
        })
    };
    value_of(true).or_else(|| value_of(false))
}

/// Has the browser keep a cookie until it is closed; the server ends what it stands for earlier.
pub(in crate::web) fn kept_cookie(name: &str, value: &str, public_url: Option<&str>) -> HeaderValue {
    written(name, value, public_url, "")
}

/// Has the browser forget a cookie.
pub(in crate::web) fn forgotten_cookie(name: &str, public_url: Option<&str>) -> HeaderValue {
    written(name, "", public_url, "; Max-Age=0")
}

fn written(name: &str, value: &str, public_url: Option<&str>, more: &str) -> HeaderValue {
    let secure = public_url.is_some_and(|url| url.starts_with("https://"));
    let (prefix, mark) = if secure { (HOST_PREFIX, "; Secure") } else { ("", "") };
    let text = format!("{prefix}{name}={value}; Path=/; HttpOnly; SameSite=Lax{mark}{more}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_over_tls_goes_before_one_that_anybody_may_have_set() {
        let mut headers = HeaderMap::new();
        let line = "a=b; offpeak_session=fixed; __Host-offpeak_session=ours; offpeak_sessions=x";
        headers.insert(header::COOKIE, HeaderValue::from_static(line));
        assert_eq!(cookie(&headers, SESSION_COOKIE), Some("ours"));
        assert_eq!(cookie(&headers, FORM_COOKIE), None);
    }

    #[test]
    fn cookies_are_out_of_reach_of_scripts_and_of_other_sites() {
        let plain = kept_cookie(SESSION_COOKIE, "w", Some("http://offpeak.example"));
        assert_eq!(plain, "offpeak_session=w; Path=/; HttpOnly; SameSite=Lax");
        let secure = kept_cookie(SESSION_COOKIE, "w", Some("https://offpeak.example"));
        assert_eq!(secure, "__Host-offpeak_session=w; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(
            forgotten_cookie(FORM_COOKIE, None),
            "offpeak_form=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }
}
