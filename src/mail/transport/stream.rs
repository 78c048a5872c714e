//! The stream under an SMTP connection: TCP with Nagle's algorithm off, under TLS or bare.
//!
//! The mail library opens sockets with Nagle's algorithm on, which with delayed acknowledgements costs 40 ms
//! a message, and speaks SMTP over a stream of its caller's only if that is a socket of its own kind. Hence
//! the socket is opened here, and where TLS comes first, what the library made of it is wrapped.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead as _, AsyncWrite as _};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::{AsyncTokioStream, TlsParameters};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

// Deprecated as "not meant to be public", yet the only way to TLS over a socket of one's own.
#[allow(deprecated)]
use lettre::transport::smtp::client::AsyncNetworkStream;

/// A socket to `host`, without delay.
pub(super) async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let socket = TcpStream::connect((host, port)).await?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// TLS over `socket`, the server's certificate verified.
#[allow(deprecated)]
pub(super) async fn secure(
    socket: TcpStream,
    tls: TlsParameters,
) -> Result<Box<dyn AsyncTokioStream>, Error> {
    let peer = socket.peer_addr().map_err(|error| error.to_string());
    let mut inner = AsyncNetworkStream::use_existing_tokio1(Box::new(socket));
    inner.upgrade_tls(tls).await?;
    Ok(Box::new(SecureStream { inner, peer }))
}

/// A TLS stream in the clothes of a socket.
#[derive(Debug)]
#[allow(deprecated)]
struct SecureStream {
    inner: AsyncNetworkStream,
    peer: Result<SocketAddr, String>,
}

impl AsyncTokioStream for SecureStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.peer.clone().map_err(io::Error::other)
    }
}

impl AsyncRead for SecureStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.inner).poll_read(context, buffer.initialize_unfilled()))?;
        buffer.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SecureStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(context)
    }
}
