//! Handing a message to another system over HTTP: no redirect is followed, no proxy asked, and unless the settings
//! allow it no address of this network is spoken to, whatever a name resolves to at that moment.

use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

use crate::service::App;
use crate::service::webhook::{Outcome, Parcel, check_url, is_public};

/// How long an endpoint may take, from the name to the last byte.
const TAKES_MAX: Duration = Duration::from_secs(15);

/// Bytes of an answer that are looked at.
const ANSWER_BYTES_MAX: u64 = 4096;

/// Hands messages over.
#[derive(Debug)]
pub(super) struct Post {
    agent: Agent,
    plain_http: bool,
    private_targets: bool,
}

impl Post {
    pub(super) fn new(app: &App) -> Self {
        let settings = &app.settings;
        let config = Agent::config_builder()
            .timeout_global(Some(TAKES_MAX))
            .timeout_connect(Some(Duration::from_secs(5)))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent(concat!("Offpeak/", env!("CARGO_PKG_VERSION")))
            .build();
        let resolver =
            Guarded { inner: DefaultResolver::default(), private_targets: settings.webhook_private_targets };
        Post {
            agent: Agent::with_parts(config, DefaultConnector::new(), resolver),
            plain_http: settings.webhook_plain_http,
            private_targets: settings.webhook_private_targets,
        }
    }

    pub(super) fn send(&self, parcel: &Parcel) -> Outcome {
        // The settings may have become stricter since it was added.
        if let Err(error) = check_url(&parcel.url, self.plain_http, self.private_targets) {
            return Outcome::Failed { status: None, error };
        }
        let answer = self
            .agent
            .post(&parcel.url)
            .header("content-type", "application/json")
            .header("webhook-id", &parcel.message_id)
            .header("webhook-timestamp", parcel.seconds.to_string())
            .header("webhook-signature", &parcel.signature)
            .send(parcel.body.as_bytes());
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Outcome::Failed { status: None, error: error.to_string() },
        };
        let status = answer.status();
        // A body that is left unread cannot be left on the connection.
        let words = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).lossy_utf8(true).read_to_string();
        if status.is_success() {
            return Outcome::Delivered(status.as_u16());
        }
        let words = words.unwrap_or_default();
        let words: String = words.chars().filter(|c| !c.is_control()).take(200).collect();
        let error = match status.is_redirection() {
            true => {
                format!("it answers {status}, and no redirect is followed: give the address that it leads to")
            }
            false => format!("it answers {status}: {words}"),
        };
        Outcome::Failed { status: Some(status.as_u16()), error }
    }
}

/// Leaves out the addresses that may not be spoken to; what is left is what is connected to.
#[derive(Debug)]
struct Guarded {
    inner: DefaultResolver,
    private_targets: bool,
}

impl Resolver for Guarded {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        if self.private_targets {
            return Ok(found);
        }
        let mut allowed = self.empty();
        for address in found.iter().filter(|address| is_public(address.ip())) {
            allowed.push(*address);
        }
        if allowed.is_empty() {
            let host = uri.host().unwrap_or_default();
            return Err(Error::Other(
                format!("{host} leads to no address of the public network; allow webhook_private_targets if you mean it").into(),
            ));
        }
        Ok(allowed)
    }
}
