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
    let address = listen
        .to_socket_addrs()
        .ok()
        .and_then(|mut addresses| addresses.next())
        .ok_or_else(|| ServeError::Address(listen.to_owned()))?;
    let settings = &state.app().settings;
    if !address.ip().is_loopback() && !settings.sign_in_on_loopback && settings.api_token.is_none() {
        return Err(ServeError::Open(address));
    }
    let listener =
        TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })?;
    listening(listener.local_addr().unwrap_or(address));
    let (stopping, stopped) = watch::channel(false);
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
    served.map_err(ServeError::Broken)
}
