//! `/preferences`: the language and the colours of whoever reads, kept in the browser and nowhere else. A link sets
//! them, so that it works without a script.

use axum::Router;
use axum::extract::Query;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

use super::context::{LANGUAGE_COOKIE, THEME_COOKIE, Theme};
use crate::domain::fleet::Locale;
use crate::web::AppState;

/// The address, open to everybody: the sign-in page has its switches too.
pub fn router() -> Router<AppState> {
    Router::new().route("/preferences", get(set))
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    lang: Option<String>,
    theme: Option<String>,
    back: Option<String>,
}

async fn set(Query(wanted): Query<Wanted>) -> Response {
    let back = wanted.back.as_deref().filter(|path| is_ours(path)).unwrap_or("/");
    let mut headers = HeaderMap::new();
    let mut keep = |name: &str, value: &str| {
        let cookie = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    };
    if let Some(locale) = wanted.lang.as_deref().and_then(|text| text.parse::<Locale>().ok()) {
        keep(LANGUAGE_COOKIE, locale.as_str());
    }
    if let Some(theme) = wanted.theme.as_deref().and_then(|text| text.parse::<Theme>().ok()) {
        keep(THEME_COOKIE, theme.as_str());
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (headers, Redirect::to(back)).into_response()
}

/// A page of this server, and no way to send a browser elsewhere.
pub(in crate::web) fn is_ours(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_gone_back_to() {
        assert!(is_ours("/schedule?night=2026-11-24"));
        for elsewhere in ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\nb", "/ä"] {
            assert!(!is_ours(elsewhere), "{elsewhere}");
        }
    }
}
