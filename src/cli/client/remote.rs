//! The API over the network.

use std::time::Duration;

use ureq::Agent;
use ureq::http::{HeaderValue, Request, Response, Uri, header};

use super::{Transport, unreachable};
use crate::cli::error::CliError;

/// A server and the token it knows us by.
pub struct Remote {
    agent: Agent,
    server: String,
    authorization: Option<HeaderValue>,
}

impl Remote {
    /// `server` as `https://offpeak.example:8080`, with or without a path before `/api/v1`.
    pub fn new(server: &str, token: Option<&str>) -> Result<Self, CliError> {
        let server = server.trim_end_matches('/');
        let address: Result<Uri, _> = server.parse();
        match address {
            Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() => {}
            _ => {
                return Err(CliError::usage(format!("`{server}` is not the address of a server"))
                    .hint("Write it with its scheme: --server http://127.0.0.1:8080"));
            }
        }
        let authorization = token
            .map(|token| {
                let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
                    CliError::usage("the token has characters that cannot travel in a header")
                })?;
                value.set_sensitive(true);
                Ok::<_, CliError>(value)
            })
            .transpose()?;
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            // A full import or a long search may take minutes; silence beyond this is a dead server.
            .timeout_recv_response(Some(Duration::from_secs(600)))
            .user_agent(concat!("offpeak/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Remote { agent, server: server.to_owned(), authorization })
    }
}

impl Transport for Remote {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, CliError> {
        let (mut parts, body) = request.into_parts();
        parts.uri = format!("{}{}", self.server, parts.uri)
            .parse()
            .map_err(|error| CliError::internal(format!("the request cannot be addressed: {error}")))?;
        if let Some(authorization) = &self.authorization {
            parts.headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        let answer = if body.is_empty() {
            self.agent.run(Request::from_parts(parts, ()))
        } else {
            self.agent.run(Request::from_parts(parts, body))
        };
        let gone = |error: ureq::Error| {
            unreachable(format!("the server at {} cannot be reached: {error}", self.server))
                .hint(format!("Is `offpeak serve` running there? Try: curl {}/health", self.server))
        };
        let (parts, mut body) = answer.map_err(gone)?.into_parts();
        let bytes = body.with_config().limit(u64::MAX).read_to_vec().map_err(gone)?;
        Ok(Response::from_parts(parts, bytes))
    }
}
