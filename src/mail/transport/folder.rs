//! Mail as files: what the embedded default does, so that a first run needs no mail server.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::mail::transport::{Delivery, OutgoingMail};

/// Longest file name that is written out in full, in bytes; most file systems end at 255.
const NAME_BYTES_MAX: usize = 200;

/// Writes `mail` to `folder` under its Message-ID. The file appears whole or not at all, and is on the disk
/// when this returns; delivering a mail again replaces it by itself.
pub(super) async fn deliver(folder: &Path, mail: &OutgoingMail) -> Delivery {
    let folder = folder.to_owned();
    let mail = mail.clone();
    let name = file_name(&mail.message_id);
    let shown = folder.join(&name).display().to_string();
    let written = tokio::task::spawn_blocking(move || write(&folder, &name, &mail.bytes)).await;
    match written {
        Ok(Ok(())) => Delivery::Accepted { response: format!("written to {shown}") },
        Ok(Err(error)) => Delivery::Deferred { code: None, text: format!("cannot write {shown}: {error}") },
        Err(_) => Delivery::Unknown { text: format!("writing {shown} was interrupted") },
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let temporary = temporary_file(folder, name, bytes)?;
    let renamed = fs::rename(&temporary, folder.join(name)).and_then(|()| File::open(folder)?.sync_all());
    if renamed.is_err() {
        // The error that matters is the one above.
        let _ = fs::remove_file(&temporary);
    }
    renamed
}

fn temporary_file(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<std::path::PathBuf> {
    // Two workers that deliver one mail at once must not write into one file.
    let path = folder.join(format!(".{name}.{:016x}", rand::random::<u64>()));
    let mut file = File::create_new(&path)?;
    match file.write_all(bytes).and_then(|()| file.sync_all()) {
        Ok(()) => Ok(path),
        Err(error) => {
            let _ = fs::remove_file(&path);
            Err(error)
        }
    }
}

/// A file name for a Message-ID: no two ids share one, and none leaves the folder or hides in it.
fn file_name(message_id: &str) -> String {
    let mut name = String::new();
    for byte in message_id.bytes() {
        if byte.is_ascii_alphanumeric() || b"@-_+=".contains(&byte) || (byte == b'.' && !name.is_empty()) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    if name.len() > NAME_BYTES_MAX {
        // A name that was cut cannot be told from another; its digest can.
        let digest = hex::encode(Sha256::digest(message_id.as_bytes()));
        name = format!("{}%{digest}", &name[..NAME_BYTES_MAX - digest.len()]);
    }
    name + ".eml"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_a_file_name() {
        assert_eq!(file_name("notice-7.0@mail.example"), "notice-7.0@mail.example.eml");
        assert_eq!(file_name("../../etc/passwd"), "%2e.%2f..%2fetc%2fpasswd.eml");
        let (one, other) = (file_name(&format!("{}1", "é".repeat(300))), file_name(&"é".repeat(300)));
        assert!(one.len() <= 255 && one != other);
    }
}
