//! What a command is given: the options of every command, the streams, and a client that is made when it is
//! first asked for.

use std::cell::OnceCell;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cli::Globals;
use crate::cli::client::{Client, Remote};
use crate::cli::error::CliError;
use crate::cli::local::{self, Local};
use crate::cli::output::{Output, Screen};

/// What a command is given.
pub struct Context {
    /// Options of every command.
    pub globals: Globals,
    /// The streams.
    pub output: Rc<Output>,
    client: OnceCell<Client>,
}

/// Which part of a list to show.
#[derive(Clone, Debug, clap::Args)]
pub struct Paging {
    /// At most so many rows
    #[arg(long, value_name = "ROWS", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: u64,
    /// Every row, however many there are
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// Only rows after this key: what the list before ended with
    #[arg(long, value_name = "KEY")]
    pub after: Option<String>,
}

impl Context {
    /// A context whose client is made from `globals` when it is first needed.
    pub fn new(globals: Globals, output: Output) -> Self {
        Context { globals, output: Rc::new(output), client: OnceCell::new() }
    }

    /// A context that uses this client.
    pub fn with_client(globals: Globals, output: Output, client: Client) -> Self {
        Context { globals, output: Rc::new(output), client: OnceCell::from(client) }
    }

    /// The same options and streams with another client.
    pub(crate) fn on(&self, client: Client) -> Self {
        Context {
            globals: self.globals.clone(),
            output: Rc::clone(&self.output),
            client: OnceCell::from(client),
        }
    }

    /// The client of this run.
    pub fn client(&self) -> Result<&Client, CliError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = match &self.globals.server {
            Some(server) => Client::new(Remote::new(server, self.globals.token.as_deref())?),
            None => Local::open(local::settings(&self.globals)?)?.client(),
        };
        Ok(self.client.get_or_init(|| client))
    }

    /// Shows a list that is short enough to have no pages: the rows, or what to do when there are none.
    pub fn show_all<T: Serialize + DeserializeOwned>(
        &self,
        path: &str,
        when_empty: &str,
        draw: impl FnOnce(&mut Screen, &[T]),
    ) -> Result<(), CliError> {
        let rows: Vec<T> = self.client()?.get(path)?;
        self.output.show(
            &rows,
            |screen| {
                if rows.is_empty() { screen.line(when_empty) } else { draw(screen, &rows) }
            },
        )
    }

    /// Shows a list in pages: the rows, or what to do when there are none, and how to see the rest.
    pub fn show_list<T: Serialize + DeserializeOwned>(
        &self,
        path: &str,
        query: &impl Serialize,
        paging: &Paging,
        when_empty: &str,
        draw: impl FnOnce(&mut Screen, &[T]),
    ) -> Result<(), CliError> {
        let limit = (!paging.all).then_some(paging.limit);
        let page = self.client()?.list::<T>(path, query, paging.after.as_deref(), limit)?;
        self.output.show(&page, |screen| match (page.items.is_empty(), &page.next) {
            (true, Some(_)) => screen.line("Nothing was found so far."),
            (true, None) => screen.line(when_empty),
            (false, _) => draw(screen, &page.items),
        })?;
        if let Some(next) = &page.next {
            self.output.hint(&format!("There is more: add --after {} or --all.", shell_quoted(next)));
        }
        Ok(())
    }
}

/// A word as a shell takes it back.
pub(crate) fn shell_quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=,@+".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_shell() {
        assert_eq!(shell_quoted("2026-12-01T02:00:00Z"), "2026-12-01T02:00:00Z");
        assert_eq!(shell_quoted("tonight 02:00"), "'tonight 02:00'");
        assert_eq!(shell_quoted("it's"), r"'it'\''s'");
        assert_eq!(shell_quoted(""), "''");
    }
}
