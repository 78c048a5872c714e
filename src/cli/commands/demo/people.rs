//! Who signs in to a demo: two made-up people, since some things need a second one. Their passwords are made up
//! anew for each demo and stand in a file of its folder.

use std::io::Write;

use crate::api::access::{AccountView, Invitation, NewAccount};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::domain::access::Role;

use super::folder::Folder;

/// Name and role of each.
const PEOPLE: [(&str, Role); 2] = [("first", Role::Admin), ("second", Role::Approver)];

/// Makes them if nobody has an account yet; what to sign in with, a line each, if that is still known.
pub(super) fn ready(context: &Context, folder: &Folder) -> Result<String, CliError> {
    let client = context.client()?;
    let path = folder.people();
    if client.get::<Vec<AccountView>>("/accounts")?.is_empty() {
        let mut lines = String::new();
        for (name, role) in PEOPLE {
            let password = password();
            lines += &format!("{name:<8} {password}   ({role})\n");
            let new = NewAccount { name: name.to_owned(), role, scope: None, password: Some(password) };
            let _: Invitation = client.post("/accounts", &new)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&path).and_then(|mut file| file.write_all(lines.as_bytes()));
        written.map_err(|error| CliError::file("write", &path, &error))?;
    }
    Ok(std::fs::read_to_string(&path).unwrap_or_default())
}

/// Three groups of four letters and digits that are not mistaken for each other: 60 bits, and typed in a moment.
fn password() -> String {
    const SIGNS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let group =
        || -> String { (0..4).map(|_| char::from(SIGNS[rand::random_range(0..SIGNS.len())])).collect() };
    [group(), group(), group()].join("-")
}
