//! Whether mail could go: as far as it is possible to know without sending any.

use std::fs::{self, File};
use std::path::Path;

use crate::mail::transport::Transport;

/// What was found at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// In words.
    pub found: String,
    /// Everybody on the way could read the mails.
    pub in_the_clear: bool,
    /// It leads to people's mailboxes, not to a folder.
    pub real: bool,
    /// Servers that do not answer, and why, where others do.
    pub missing: Vec<String>,
}

impl Transport {
    /// Speaks with the mail server up to the point where a mail would begin, credentials included, and hangs up; or
    /// writes an empty file into the folder and takes it away. An error says what is wrong.
    pub async fn probe(&self) -> Result<Reached, String> {
        match self {
            Transport::Smtp(smtp) => smtp.probe().await,
            Transport::Relays(relays) => relays.probe().await,
            Transport::Folder(folder) => {
                let looked = folder.clone();
                let writable = tokio::task::spawn_blocking(move || writable(&looked)).await;
                writable
                    .map_err(|error| error.to_string())?
                    .map_err(|error| format!("{}: {error}", folder.display()))?;
                let found = format!("mails are written into the folder {}", folder.display());
                Ok(Reached { found, in_the_clear: false, real: false, missing: Vec::new() })
            }
            Transport::Memory(_) => Ok(Reached {
                found: "mails are kept in memory".to_owned(),
                in_the_clear: false,
                real: false,
                missing: Vec::new(),
            }),
        }
    }
}

/// Whether files can be made in `folder`, or the folder itself where it is not there yet.
fn writable(folder: &Path) -> std::io::Result<()> {
    let there = folder.ancestors().find(|folder| folder.as_os_str().is_empty() || folder.exists());
    let there = there.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let path = there.join(format!(".offpeak-probe.{:016x}", rand::random::<u64>()));
    File::create_new(&path)?;
    fs::remove_file(&path)
}
