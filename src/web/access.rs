//! Who may ask: the command line in this process, whoever shows the token, or, where none is set, anybody on
//! this machine. Pages on other sites cannot make a browser act here.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use sha2::{Digest, Sha256};

use crate::service::Actor;
use crate::web::error::plain_problem;
use crate::web::extract::check_uri;
use crate::web::{ApiError, AppState};

/// Lets a request pass with its [`Actor`], or answers it.
pub(super) async fn guard(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    if let Err(refusal) = check_uri(request.uri()) {
        return refusal.into_response();
    }
    if request.extensions().get::<Actor>().is_none() {
        match admit(&state, request.method(), request.headers()) {
            Ok(actor) => {
                request.extensions_mut().insert(actor);
            }
            Err(refusal) => return refusal.into_response(),
        }
    }
    next.run(request).await
}

fn admit(state: &AppState, method: &Method, headers: &HeaderMap) -> Result<Actor, ApiError> {
    if !method.is_safe() && comes_from_elsewhere(headers) {
        let detail = "a page of another site cannot make changes here";
        return Err(plain_problem(StatusCode::FORBIDDEN, "cross_site", "Cross-site request", detail));
    }
    match &state.app().settings.api_token {
        Some(token) if token_matches(headers, token) => Ok(Actor::token()),
        Some(_) => {
            let detail = "send the API token as `Authorization: Bearer …`; in a browser, any user name with the \
                          token as password";
            Err(plain_problem(StatusCode::UNAUTHORIZED, "unauthorized", "No valid token", detail))
        }
        // Without a token only loopback is served; a foreign host name there is a rebinding attack.
        None if names_this_machine(headers) => Ok(Actor::loopback()),
        None => {
            let detail =
                "without an API token this server answers as localhost only; set api_token to serve others";
            Err(plain_problem(StatusCode::FORBIDDEN, "foreign_host", "Foreign host name", detail))
        }
    }
}

fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin"), text("host")) {
        (Some(site), _, _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, from)| from != host),
        (None, Some(_), None) => true,
        (None, None, _) => false,
    }
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|value| value.to_str().ok()) else { return true };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether the request shows `token`, as a bearer or as the password of Basic; compared by digest, so that the
/// time it takes tells nothing.
fn token_matches(headers: &HeaderMap, token: &str) -> bool {
    let Some(given) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let shown = match given.split_once(' ') {
        Some((scheme, value)) if scheme.eq_ignore_ascii_case("bearer") => value.trim().to_owned(),
        Some((scheme, value)) if scheme.eq_ignore_ascii_case("basic") => {
            let decoded = base64::engine::general_purpose::STANDARD.decode(value.trim()).unwrap_or_default();
            let text = String::from_utf8(decoded).unwrap_or_default();
            text.split_once(':').map(|(_, password)| password.to_owned()).unwrap_or_default()
        }
        _ => return false,
    };
    let (shown, expected) = (Sha256::digest(shown.as_bytes()), Sha256::digest(token.as_bytes()));
    shown.iter().zip(expected.iter()).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value")))
            .collect()
    }

    #[test]
    fn a_token_is_taken_in_two_forms_and_nothing_else() {
        assert!(token_matches(&headers(&[("authorization", "Bearer s3cret")]), "s3cret"));
        assert!(token_matches(&headers(&[("authorization", "Basic bWU6czNjcmV0")]), "s3cret"));
        for wrong in ["Bearer s3cre", "Bearer", "s3cret", "Digest s3cret", "Basic bWU6eA=="] {
            assert!(!token_matches(&headers(&[("authorization", wrong)]), "s3cret"), "{wrong}");
        }
        assert!(!token_matches(&HeaderMap::new(), "s3cret"));
    }

    #[test]
    fn other_sites_and_other_names_are_noticed() {
        assert!(comes_from_elsewhere(&headers(&[("sec-fetch-site", "cross-site")])));
        assert!(comes_from_elsewhere(&headers(&[
            ("origin", "https://evil.example"),
            ("host", "localhost:8080")
        ])));
        assert!(!comes_from_elsewhere(&headers(&[
            ("origin", "http://localhost:8080"),
            ("host", "localhost:8080")
        ])));
        assert!(!comes_from_elsewhere(&HeaderMap::new()));
        assert!(names_this_machine(&headers(&[("host", "127.0.0.1:8080")])));
        assert!(names_this_machine(&headers(&[("host", "[::1]:8080")])));
        assert!(!names_this_machine(&headers(&[("host", "evil.example")])));
    }
}
