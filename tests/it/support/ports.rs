//! Ports for servers that have to be told where to listen.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Linux takes the ports of outgoing connections, and of servers that do not care, from 32,768 up.
const FIRST: u16 = 15_000;
const END: u16 = 32_000;
/// No run needs more.
const RUN: u32 = 307;

static GIVEN: AtomicU16 = AtomicU16::new(0);

/// A port of this machine where nobody listens, that no other test is given and no connection
/// happens to use: what was found free by binding port 0 may be somebody's before it is used.
pub fn free_port() -> u16 {
    // Where several runs of the tests go side by side, each begins elsewhere.
    let begin = std::process::id().wrapping_mul(RUN) % u32::from(END - FIRST);
    for _ in FIRST..END {
        let next = u32::from(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + ((begin + next) % u32::from(END - FIRST)) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port from {FIRST} to {END} is free");
}
