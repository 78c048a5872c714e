//! A browser without a window: it keeps cookies, follows nothing by itself, and shows what a page's forms carry.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use offpeak::web::router;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::TestApp;

/// A browser of a server.
pub struct Browser<'a> {
    app: &'a TestApp,
    pub cookies: BTreeMap<String, String>,
    /// Where it sits.
    pub address: &'static str,
    /// The token of the page that it saw last.
    pub csrf: Option<String>,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl<'a> Browser<'a> {
    pub fn of(app: &'a TestApp) -> Self {
        Browser { app, cookies: BTreeMap::new(), address: "192.0.2.7:4711", csrf: None }
    }

    /// A browser in which `name` has signed in.
    pub async fn signed_in(app: &'a TestApp, name: &str, password: &str) -> Self {
        let mut browser = Browser::of(app);
        let answer = browser.sign_in(name, password).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        assert_eq!(browser.get("/").await.status, StatusCode::OK);
        browser
    }

    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body)).expect("a request");
        let peer: SocketAddr = self.address.parse().expect("an address");
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = router(self.app.state.clone()).oneshot(request).await.expect("it answers");
        let (parts, body) = response.into_parts();
        for line in parts.headers.get_all(header::SET_COOKIE) {
            let pair = line.to_str().expect("ASCII").split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a whole answer");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let shown = between(&text, "<meta name=\"csrf-token\" content=\"", "\"");
        self.csrf = shown.map(str::to_owned).or(self.csrf.take());
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], String::new()).await
    }

    /// What a page's script sends.
    pub async fn api(&mut self, method: Method, path: &str, body: Value) -> Answer {
        let csrf = self.csrf.clone().unwrap_or_default();
        let headers = [("content-type", "application/json"), ("x-csrf-token", csrf.as_str())];
        self.send(method, &format!("/api/v1{path}"), &headers, body.to_string()).await
    }

    pub async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.api(Method::POST, path, body).await
    }

    /// Fills in the form of a page and sends it.
    pub async fn submit(&mut self, page: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.get(page).await;
        let csrf = between(&shown.text, "name=\"csrf\" value=\"", "\"").unwrap_or_default().to_owned();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(fields);
        self.form(page, &all).await
    }

    pub async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(fields).expect("a form");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, path, &headers, body).await
    }

    pub async fn sign_in(&mut self, name: &str, password: &str) -> Answer {
        self.submit("/sign-in", &[("name", name), ("password", password)]).await
    }
}

pub fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let from = text.find(start)? + start.len();
    let length = text[from..].find(end)?;
    Some(&text[from..from + length])
}

impl TestApp {
    /// An application where everybody has to sign in, on its own database.
    pub fn guarded(database_url: Option<String>) -> TestApp {
        TestApp::new(database_url, |settings| settings.sign_in_on_loopback = true)
    }

    /// An account with this password, made by the command line.
    pub async fn account(&self, name: &str, role: &str, password: &str) {
        self.post("/accounts", json!({"name": name, "role": role, "password": password})).await;
    }

    /// What a program shows that may do this.
    pub async fn token(&self, role: &str, scope: Option<&str>) -> String {
        let made =
            self.post("/tokens", json!({"name": format!("test {role}"), "role": role, "scope": scope})).await;
        made["secret"].as_str().expect("a secret").to_owned()
    }
}
