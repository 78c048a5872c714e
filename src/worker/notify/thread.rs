//! The thread on which the conversations with mail servers take turns: a mail is a dozen short waits, and to wake
//! another thread after each costs more than the work between them. Connections that are kept open live here too.

use std::sync::{Arc, OnceLock};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::service::Error;

/// Started by the first pass, and gone with the last of its owners.
#[derive(Clone, Debug, Default)]
pub(in crate::worker) struct MailThread {
    running: Arc<OnceLock<Running>>,
}

#[derive(Debug)]
struct Running {
    handle: Handle,
    /// Once it is dropped the thread ends.
    _ends: oneshot::Sender<()>,
}

impl MailThread {
    /// Runs `work` there.
    pub(in crate::worker) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let handle = match self.running.get() {
            Some(running) => running.handle.clone(),
            None => {
                let started =
                    start().map_err(|error| Error::Corrupt(format!("no thread for mail: {error}")))?;
                // Whoever comes second ends its own.
                self.running.get_or_init(|| started).handle.clone()
            }
        };
        handle
            .spawn(work)
            .await
            .map_err(|error| Error::Corrupt(format!("sending mail ended badly: {error}")))?
    }
}

fn start() -> std::io::Result<Running> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (ends, ended) = oneshot::channel::<()>();
    std::thread::Builder::new().name("mail".to_owned()).spawn(move || {
        let _ = runtime.block_on(ended);
        // Whoever still writes down what became of a mail is not waited for.
        runtime.shutdown_background();
    })?;
    Ok(Running { handle, _ends: ends })
}
