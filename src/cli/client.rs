//! The command line's only way to the use cases: the HTTP API, typed with the shapes of [`crate::api`]. The same
//! requests go to a router in this process or to a server over the network; no caller can tell which.

mod in_process;
mod multipart;
mod remote;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Method, Request, Response, header};

use crate::api::Page;
use crate::api::problem::Problem;
use crate::cli::error::{CliError, ErrorKind};

pub use in_process::InProcess;
pub use multipart::UploadFile;
pub use remote::Remote;

const API_ROOT: &str = "/api/v1";

/// What carries a request to the API and its answer back. Any HTTP status is an answer, not an error.
pub trait Transport {
    /// Sends one request; its URI is an absolute path with a query.
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, CliError>;
}

/// A client of the API.
pub struct Client {
    transport: Box<dyn Transport>,
}

impl Client {
    /// A client over this transport.
    pub fn new(transport: impl Transport + 'static) -> Self {
        Client { transport: Box::new(transport) }
    }

    /// Reads `path` (as `/plans/3`, already made of [`path_segment`]s).
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CliError> {
        self.get_with(path, &())
    }

    /// Reads `path` with a query; what is `None` in it is left out.
    pub fn get_with<T: DeserializeOwned>(&self, path: &str, query: &impl Serialize) -> Result<T, CliError> {
        let answer = self.call(Method::GET, path, query, None)?;
        read_json(&answer)
    }

    /// Reads up to `limit` rows of a list, following its pages; every row if `limit` is `None`. `query` must not
    /// say `limit` or `after` itself.
    pub fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &impl Serialize,
        after: Option<&str>,
        limit: Option<u64>,
    ) -> Result<Page<T>, CliError> {
        const ROWS_PER_REQUEST: u64 = 1000;
        let mut whole = Page { items: Vec::new(), next: after.map(str::to_owned) };
        loop {
            let missing = limit.map_or(u64::MAX, |limit| limit.saturating_sub(whole.items.len() as u64));
            let page: Page<T> = self.get_with(
                path,
                &(PageOf { query, limit: missing.clamp(1, ROWS_PER_REQUEST), after: whole.next.as_deref() }),
            )?;
            whole.items.extend(page.items);
            whole.next = page.next;
            if whole.next.is_none() || limit.is_some_and(|limit| whole.items.len() as u64 >= limit) {
                return Ok(whole);
            }
        }
    }

    /// Sends `body` to `path`.
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, CliError> {
        let bytes = serde_json::to_vec(body)
            .map_err(|error| CliError::internal(format!("a request cannot be written: {error}")))?;
        let answer = self.call(Method::POST, path, &(), Some(("application/json", bytes)))?;
        read_json(&answer)
    }

    /// Changes what is at `path`, if its version still is `etag`.
    pub fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &impl Serialize,
        etag: &str,
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        self.change(Method::PATCH, path, query, etag, body)
    }

    /// Puts `body` in the place of what is at `path`, if its version still is `etag`.
    pub fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        etag: &str,
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        self.change(Method::PUT, path, &(), etag, body)
    }

    fn change<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &impl Serialize,
        etag: &str,
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        let bytes = serde_json::to_vec(body)
            .map_err(|error| CliError::internal(format!("a request cannot be written: {error}")))?;
        let body = Some(("application/json", bytes));
        let answer = self.call_with(method, path, query, body, &[(header::IF_MATCH, etag)])?;
        read_json(&answer)
    }

    /// Sends bytes of this type to `path`.
    pub fn post_bytes<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &impl Serialize,
        content_type: &str,
        bytes: Vec<u8>,
    ) -> Result<T, CliError> {
        let answer = self.call(Method::POST, path, query, Some((content_type, bytes)))?;
        read_json(&answer)
    }

    /// Removes what is at `path`.
    pub fn delete(&self, path: &str) -> Result<(), CliError> {
        self.call(Method::DELETE, path, &(), None).map(drop)
    }

    /// Sends files as a multipart form, one part named `file` a file.
    pub fn upload<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &impl Serialize,
        files: Vec<UploadFile>,
    ) -> Result<T, CliError> {
        let (content_type, bytes) = multipart::encode(files);
        let answer = self.call(Method::POST, path, query, Some((&content_type, bytes)))?;
        read_json(&answer)
    }

    /// Reads `path` as it is, without understanding it.
    pub fn download(&self, path: &str, query: &impl Serialize) -> Result<Vec<u8>, CliError> {
        self.call(Method::GET, path, query, None).map(Response::into_body)
    }

    /// Sends `body` and takes the answer as it is.
    pub fn post_for_bytes(&self, path: &str, body: &impl Serialize) -> Result<Vec<u8>, CliError> {
        let bytes = serde_json::to_vec(body)
            .map_err(|error| CliError::internal(format!("a request cannot be written: {error}")))?;
        self.call(Method::POST, path, &(), Some(("application/json", bytes))).map(Response::into_body)
    }

    fn call(
        &self,
        method: Method,
        path: &str,
        query: &impl Serialize,
        body: Option<(&str, Vec<u8>)>,
    ) -> Result<Response<Vec<u8>>, CliError> {
        self.call_with(method, path, query, body, &[])
    }

    fn call_with(
        &self,
        method: Method,
        path: &str,
        query: &impl Serialize,
        body: Option<(&str, Vec<u8>)>,
        headers: &[(header::HeaderName, &str)],
    ) -> Result<Response<Vec<u8>>, CliError> {
        let malformed =
            |error: String| CliError::internal(format!("the request to {path} cannot be made: {error}"));
        let query = serde_urlencoded::to_string(query).map_err(|error| malformed(error.to_string()))?;
        let separator = if query.is_empty() { "" } else { "?" };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{API_ROOT}{path}{separator}{query}"))
            .header(header::ACCEPT, "application/json, application/problem+json, */*;q=0.5");
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let bytes = match body {
            Some((content_type, bytes)) => {
                request = request.header(header::CONTENT_TYPE, content_type);
                bytes
            }
            None => Vec::new(),
        };
        let request = request.body(bytes).map_err(|error| malformed(error.to_string()))?;
        let answer = self.transport.send(request)?;
        let waits = answer.status().as_u16() == 202
            && serde_json::from_slice::<Problem>(answer.body()).is_ok_and(|told| told.approval.is_some());
        if answer.status().is_success() && !waits { Ok(answer) } else { Err(error_of(path, &answer)) }
    }
}

/// A query with the page added to it.
#[derive(Serialize)]
struct PageOf<'a, Q: Serialize> {
    #[serde(flatten)]
    query: &'a Q,
    limit: u64,
    after: Option<&'a str>,
}

/// One segment of a path: everything that is not a letter or a digit is escaped.
pub fn path_segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn read_json<T: DeserializeOwned>(answer: &Response<Vec<u8>>) -> Result<T, CliError> {
    // Some answers say nothing (204): they are read as JSON's `null`, which is what `()` is.
    let body: &[u8] = if answer.body().is_empty() { b"null" } else { answer.body() };
    let mut reader = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        CliError::internal(format!("the server's answer is not understood at `{}`: {error}", error.path()))
            .hint("Is the server of another version? Compare `offpeak --version` on both sides.")
    })
}

fn error_of(path: &str, answer: &Response<Vec<u8>>) -> CliError {
    if let Ok(problem) = serde_json::from_slice::<Problem>(answer.body()) {
        return CliError::from_problem(problem);
    }
    // Not our server's words: a proxy in between, or no Offpeak at all.
    let status = answer.status();
    let kind = CliError::from_problem(Problem { status: status.as_u16(), ..Problem::default() }).kind;
    CliError::new(kind, format!("{API_ROOT}{path} answered {status}, and not in Offpeak's words"))
        .hint("Is an Offpeak server at this address? `curl URL/health` should say so.")
}

/// The transport could not reach the other side.
pub(crate) fn unreachable(detail: impl Into<String>) -> CliError {
    CliError::new(ErrorKind::Unavailable, detail)
}
