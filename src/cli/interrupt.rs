//! Ctrl-C while something long goes on: the first is a wish, the second means it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Listens for Ctrl-C as long as it lives.
pub(crate) struct Interrupt {
    asked: Arc<AtomicBool>,
    _signals: tokio::runtime::Runtime,
}

impl Interrupt {
    /// Begins to listen.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        let signals = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let told = Arc::clone(&asked);
        signals.spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                told.store(true, Ordering::Relaxed);
            }
            // The second one means it.
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        });
        Ok(Interrupt { asked, _signals: signals })
    }

    /// Whether Ctrl-C was pressed.
    pub(crate) fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}
