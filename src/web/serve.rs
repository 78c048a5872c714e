//! Listening: the router on an address, the loops beside it, and a stop in which nothing under way is lost.

use std::net::{SocketAddr, ToSocketAddrs};

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::web::{AppState, router};

/// Why the server did not start or did not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be read.
    #[error("`{0}` is not an address to listen on; write it as 127.0.0.1:8080")]
    Address(String),
    /// Others could reach it, and nobody would have to sign in.
    #[error(
        "{0} can be reached from other machines, and with sign_in_on_loopback = false nobody would have to sign in; \
         leave that out, or listen on 127.0.0.1"
    )]
    Open(SocketAddr),
    /// The system refuses.
    #[error("cannot listen on {address}: {source}; is another server running there?")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Others could hand mail in, and nobody said that they may.
    #[error(
        "setting inbound_listen: {0} can be reached from other machines; set inbound_from_anywhere = true if a mail \
         server of yours is there, or listen on 127.0.0.1"
    )]
    MailFromAnywhere(SocketAddr),
    /// Broken off.
    #[error("the server broke off: {0}")]
    Broken(std::io::Error),
}

/// Serves until `stop` completes; then no request is taken any more, those under way and the loops' passes are
/// finished. `listening` is told the address, once it is bound.
pub async fn serve(
    state: AppState,
    listen: &str,
    stop: impl Future<Output = ()> + Send + 'static,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let address = address_of(listen)?;
    let settings = &state.app().settings;
    if !address.ip().is_loopback() && !settings.sign_in_on_loopback && settings.api_token.is_none() {
        return Err(ServeError::Open(address));
    }
    let listener = bind(address).await?;
    let mail_listener = match &settings.inbound_listen {
        Some(listen) => {
            let address = address_of(listen)?;
            if !address.ip().is_loopback() && !settings.inbound_from_anywhere {
                return Err(ServeError::MailFromAnywhere(address));
            }
            Some(bind(address).await?)
        }
        None => None,
    };
    listening(listener.local_addr().unwrap_or(address));
    // So that whoever comes first does not wait for it.
    crate::service::plan::draw_ahead(state.app());
    let (stopping, stopped) = watch::channel(false);
    let mail = mail_listener
        .map(|listener| tokio::spawn(state.workers().clone().take_mail_in(listener, stopped.clone())));
    let loops = tokio::spawn(state.workers().clone().run_until(stopped));
    let listeners = state.workers().clone();
    let served = axum::serve(listener, router(state).into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move {
            stop.await;
            // Whoever listens to events would listen for ever.
            listeners.close();
            tracing::info!("stopping: finishing what is under way");
        })
        .await;
    let _ = stopping.send(true);
    if let Err(error) = loops.await {
        tracing::error!(%error, "the background loops ended badly");
    }
    if let Some(mail) = mail
        && let Err(error) = mail.await
    {
        tracing::error!(%error, "the listener for mail ended badly");
    }
    served.map_err(ServeError::Broken)
}

fn address_of(listen: &str) -> Result<SocketAddr, ServeError> {
    let mut addresses = listen.to_socket_addrs().map_err(|_| ServeError::Address(listen.to_owned()))?;
    addresses.next().ok_or_else(|| ServeError::Address(listen.to_owned()))
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })
}
