//! Who may come in: the command line in this process, a browser that has signed in, a program that shows a token.
//! Pages on other sites cannot make a browser act here. What each may do is beside each route: [`super::routes`].

mod cookie;
mod origin;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;

use crate::service::secret::{derived, same};
use crate::service::session::{self, Shown};
use crate::service::{Actor, account};
use crate::web::error::plain_problem;
use crate::web::extract::check_uri;
use crate::web::pages::context::{PageContext, Reader};
use crate::web::pages::nav::way_in;
use crate::web::pages::refusal as problem_page;
use crate::web::routes::Refused;
use crate::web::{ApiError, AppState};

pub(super) use cookie::{FORM_COOKIE, SESSION_COOKIE, cookie, forgotten_cookie, kept_cookie};
pub(super) use origin::origin_of;

/// The header in which a page's script shows that it is ours.
pub(super) const CSRF_HEADER: &str = "x-csrf-token";

/// A browser that has signed in.
#[derive(Clone)]
pub(super) struct Session {
    /// The word of its cookie.
    pub(super) word: String,
    /// What its pages' forms and scripts show.
    pub(super) csrf: String,
}

impl Session {
    fn of(word: &str) -> Self {
        Session { word: word.to_owned(), csrf: derived("csrf", word) }
    }

    /// Whether a form or a script has shown what our pages know and others do not.
    pub(super) fn shown_by(&self, csrf: &str) -> bool {
        same(csrf, &self.csrf)
    }
}

/// Lets a request pass with its [`Actor`], or answers it.
pub(super) async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if let Err(refusal) = check_uri(request.uri()) {
        return refusal.into_response();
    }
    let (mut parts, body) = request.into_parts();
    if parts.extensions.get::<Actor>().is_none() {
        match admit(&state, &parts).await {
            Ok(Admitted { actor, session, shown }) => {
                parts.extensions.insert(Admission(shown));
                if let Some(session) = session {
                    let reader = Reader {
                        name: actor.as_str().to_owned(),
                        csrf: session.csrf.clone(),
                        role: actor.role(),
                        is_confined: actor.part().is_some(),
                    };
                    parts.extensions.insert(reader);
                    parts.extensions.insert(session);
                }
                parts.extensions.insert(actor);
            }
            Err(refusal) if refusal.problem().code == "unauthorized" && is_page(&parts) => {
                return to_sign_in(&state, &parts).await;
            }
            Err(refusal) => return refusal.into_response(),
        }
    }
    if !is_page(&parts) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let Ok(page_context) = PageContext::from_request_parts(&mut parts, &state).await;
    let answer = next.run(Request::from_parts(parts, body)).await;
    match answer.extensions().get::<Refused>() {
        Some(Refused(problem)) => match way_in(&page_context) {
            Some(path) => Redirect::to(path).into_response(),
            None => problem_page(&page_context, problem),
        },
        None => answer,
    }
}

struct Admitted {
    actor: Actor,
    session: Option<Session>,
    /// What has let him in and may end; nothing of the sort where the settings let him in.
    shown: Option<Shown>,
}

/// Why a request was let in: an answer that takes long asks now and then whether it still would be.
#[derive(Clone)]
pub(super) struct Admission(Option<Shown>);

impl Admission {
    /// Whether what has let `whom` in still would.
    pub(super) async fn holds(&self, state: &AppState, whom: &Actor) -> bool {
        let Some(shown) = self.0.clone() else { return true };
        let whom = whom.clone();
        state.run(move |app| session::still_admits(app, &shown, &whom)).await.unwrap_or(false)
    }
}

async fn admit(state: &AppState, request: &Parts) -> Result<Admitted, ApiError> {
    let headers = &request.headers;
    if !request.method.is_safe() && comes_from_elsewhere(headers) {
        return Err(cross_site());
    }
    let settings = &state.app().settings;
    let origin = origin_of(&request.extensions, headers, settings.trusted_proxies.as_deref());
    if let Some(word) = shown_token(headers) {
        if settings.api_token.as_deref().is_some_and(|token| same(&word, token)) {
            return Ok(Admitted { actor: Actor::token().from_address(origin), session: None, shown: None });
        }
        let shown = Shown::Token(word);
        let known = shown.clone();
        let actor = state.run(move |app| session::admit(app, &known, origin)).await?;
        let admitted = |actor| Admitted { actor, session: None, shown: Some(shown) };
        return actor.map(admitted).ok_or_else(unauthorized);
    }
    if let Some(known) = session_of(headers) {
        let from = origin.clone();
        let shown = Shown::Session(known.word.clone());
        let word = shown.clone();
        if let Some(actor) = state.run(move |app| session::admit(app, &word, from)).await? {
            // A page's own forms show it among their fields; their handlers look.
            if !request.method.is_safe() && !is_page(request) && !shows_csrf(headers, &known) {
                return Err(no_csrf());
            }
            return Ok(Admitted { actor, session: Some(known), shown: Some(shown) });
        }
    }
    if settings.sign_in_on_loopback || settings.api_token.is_some() {
        return Err(unauthorized());
    }
    // Only loopback is served then; a foreign host name there is a rebinding attack.
    if !names_this_machine(headers) {
        let detail = "without sign-in this server answers as localhost only; set sign_in_on_loopback = true to \
                      serve others";
        return Err(plain_problem(StatusCode::FORBIDDEN, "foreign_host", "Foreign host name", detail));
    }
    Ok(Admitted { actor: Actor::loopback().from_address(origin), session: None, shown: None })
}

fn unauthorized() -> ApiError {
    let detail =
        "sign in, or send an API token as `Authorization: Bearer …`; `offpeak token create` makes one";
    plain_problem(StatusCode::UNAUTHORIZED, "unauthorized", "Nobody has signed in", detail)
}

/// A page of another site.
pub(super) fn cross_site() -> ApiError {
    let detail = "a page of another site cannot make changes here";
    plain_problem(StatusCode::FORBIDDEN, "cross_site", "Cross-site request", detail)
}

/// A request that changes something and does not show what our pages know.
pub(super) fn no_csrf() -> ApiError {
    let detail = "a browser that has signed in shows the page's own token with what it changes; load the page \
                  again (scripts send it as X-CSRF-Token)";
    plain_problem(StatusCode::FORBIDDEN, "csrf", "Not from our page", detail)
}

/// The session whose cookie a browser shows, whether it still holds or not.
pub(super) fn session_of(headers: &HeaderMap) -> Option<Session> {
    cookie(headers, SESSION_COOKIE).map(Session::of)
}

fn shows_csrf(headers: &HeaderMap, session: &Session) -> bool {
    headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok()).is_some_and(|csrf| session.shown_by(csrf))
}

/// Everything but the API is for people.
fn is_page(request: &Parts) -> bool {
    let path = request.uri.path();
    path != "/api" && !path.starts_with("/api/")
}

/// Where somebody goes who has not signed in: to the sign-in page, and from there back.
async fn to_sign_in(state: &AppState, request: &Parts) -> Response {
    match state.run(account::any).await {
        Ok(true) => {}
        Ok(false) => return Redirect::to("/set-up").into_response(),
        Err(refusal) => return refusal.into_response(),
    }
    let back = request.uri.path_and_query().map_or("/", |address| address.as_str());
    if !request.method.is_safe() || back == "/" {
        return Redirect::to("/sign-in").into_response();
    }
    let back: String =
        percent_encoding::utf8_percent_encode(back, percent_encoding::NON_ALPHANUMERIC).collect();
    Redirect::to(&format!("/sign-in?back={back}")).into_response()
}

/// Whether a browser says that another site's page made it send this.
pub(super) fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
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

/// The token that the request shows, as a bearer or as the password of Basic; an empty one where there is a header
/// that holds none.
fn shown_token(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or_default();
    Some(match given.split_once(' ') {
        Some((scheme, value)) if scheme.eq_ignore_ascii_case("bearer") => value.trim().to_owned(),
        Some((scheme, value)) if scheme.eq_ignore_ascii_case("basic") => {
            let decoded = base64::engine::general_purpose::STANDARD.decode(value.trim()).unwrap_or_default();
            let text = String::from_utf8(decoded).unwrap_or_default();
            text.split_once(':').map(|(_, password)| password.to_owned()).unwrap_or_default()
        }
        _ => String::new(),
    })
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
        let shown = |value: &str| shown_token(&headers(&[("authorization", value)]));
        assert_eq!(shown("Bearer s3cret").as_deref(), Some("s3cret"));
        assert_eq!(shown("Basic bWU6czNjcmV0").as_deref(), Some("s3cret"));
        for wrong in ["Bearer", "s3cret", "Digest s3cret", "Basic !"] {
            assert_eq!(shown(wrong).as_deref(), Some(""), "{wrong}");
        }
        assert_eq!(shown_token(&HeaderMap::new()), None);
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
