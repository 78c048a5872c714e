//! Files as `multipart/form-data` (RFC 7578).

use sha2::{Digest, Sha256};

/// A file to send.
#[derive(Clone, Debug)]
pub struct UploadFile {
    /// The name that reports call it by.
    pub name: String,
    /// Its content.
    pub content: Vec<u8>,
}

/// The content type, with the boundary, and the body. Each file is let go once it is in the body.
pub(super) fn encode(files: Vec<UploadFile>) -> (String, Vec<u8>) {
    let boundary = boundary_for(&files);
    let mut body = Vec::with_capacity(files.iter().map(|file| file.content.len() + 256).sum());
    for file in files {
        // The three characters that RFC 7578 (by way of the HTML standard) escapes in a file name.
        let name = file.name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
        body.extend_from_slice(
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(&file.content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// A boundary that no content can hold: it is the digest of all of them.
fn boundary_for(files: &[UploadFile]) -> String {
    let mut digest = Sha256::new();
    for file in files {
        digest.update(&file.content);
    }
    format!("offpeak-{}", &hex::encode(digest.finalize())[..40])
}
