//! Where words go: results to standard output, as text or as the API's JSON; progress, hints and errors to
//! standard error.

mod bars;
mod screen;

use std::cell::RefCell;
use std::io::{ErrorKind as IoErrorKind, IsTerminal, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::error::{CliError, ErrorKind};

pub use bars::{Bar, bar};
pub use screen::{Screen, Table, count, plural};

/// What `-o` says. Commands that write one file of their own take its name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputTarget {
    /// For people.
    Text,
    /// Exactly the API's shape.
    Json,
    /// Into this file.
    File(PathBuf),
}

impl OutputTarget {
    /// The value of `-o` where a file may be named: `text`, `json`, `-` (JSON on standard output) or a path.
    pub fn of_file_command(text: &str) -> Result<Self, std::convert::Infallible> {
        Ok(match text {
            "text" => OutputTarget::Text,
            "json" | "-" => OutputTarget::Json,
            path => OutputTarget::File(PathBuf::from(path)),
        })
    }
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The two streams of a command, and how to write to them.
pub struct Output {
    target: OutputTarget,
    quiet: bool,
    width: Option<usize>,
    stdout: RefCell<Box<dyn Write>>,
    stderr: RefCell<Box<dyn Write>>,
}

impl Output {
    /// The process's own streams.
    pub fn of_process(target: OutputTarget, quiet: bool, color: Color) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let wanted = |is_terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !no_color,
        };
        console::set_colors_enabled(wanted(std::io::stdout().is_terminal()));
        console::set_colors_enabled_stderr(wanted(std::io::stderr().is_terminal()));
        Output {
            target,
            quiet,
            width: terminal_width(),
            stdout: RefCell::new(Box::new(std::io::stdout())),
            stderr: RefCell::new(Box::new(std::io::stderr())),
        }
    }

    /// Streams of somebody else's, `width` columns wide.
    pub fn to(
        target: OutputTarget,
        width: Option<usize>,
        stdout: impl Write + 'static,
        stderr: impl Write + 'static,
    ) -> Self {
        Output {
            target,
            quiet: false,
            width,
            stdout: RefCell::new(Box::new(stdout)),
            stderr: RefCell::new(Box::new(stderr)),
        }
    }

    /// Whether standard output carries JSON.
    pub fn is_json(&self) -> bool {
        self.target == OutputTarget::Json
    }

    /// Whether hints and progress are wanted.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// The result of a command: `value` itself as JSON, or what `draw` makes of it for people.
    pub fn show<T: Serialize + ?Sized>(
        &self,
        value: &T,
        draw: impl FnOnce(&mut Screen),
    ) -> Result<(), CliError> {
        if self.is_json() {
            let mut text = serde_json::to_string_pretty(value)
                .map_err(|error| CliError::internal(format!("the result cannot be written: {error}")))?;
            text.push('\n');
            self.bytes(text.as_bytes())
        } else {
            self.draw(draw)
        }
    }

    /// Text for people on standard output.
    pub fn draw(&self, draw: impl FnOnce(&mut Screen)) -> Result<(), CliError> {
        let mut screen = Screen::new(self.width);
        draw(&mut screen);
        self.bytes(screen.into_text().as_bytes())
    }

    /// Bytes as they are on standard output.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), CliError> {
        let mut stdout = self.stdout.borrow_mut();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
            IoErrorKind::BrokenPipe => CliError::new(ErrorKind::OutputClosed, ""),
            _ => CliError::new(ErrorKind::Unavailable, format!("standard output cannot be written: {error}")),
        })
    }

    /// A line about what to do next, on standard error; nothing when quiet or in JSON.
    pub fn hint(&self, text: &str) {
        if !self.quiet && !self.is_json() {
            self.whisper(&format!("{}\n", console::style(text).for_stderr().dim()));
        }
    }

    /// A line about what is going on, on standard error; nothing when quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.whisper(&format!("{text}\n"));
        }
    }

    /// A question on standard error, quiet or not: somebody is waited for.
    pub fn ask(&self, question: &str) {
        self.whisper(question);
    }

    /// Something without which nobody gets further, on standard error, quiet or not.
    pub fn urgent(&self, text: &str) {
        self.whisper(&format!("{text}\n"));
    }

    /// A failure: in words on standard error, and in JSON the API's own account of it on standard output.
    pub fn error(&self, error: &CliError) {
        if error.kind == ErrorKind::OutputClosed {
            return;
        }
        if let Some(problem) = error.problem.as_deref().filter(|_| self.is_json()) {
            // Best effort: the exit code says the same.
            let _ = self.show(problem, |_| {});
        }
        let mut screen = Screen::new(self.width);
        super::render::problem::error(&mut screen, error);
        self.whisper(&screen.into_text());
    }

    // Standard error is where failures are told; if it fails itself there is nowhere left to say so.
    fn whisper(&self, text: &str) {
        let mut stderr = self.stderr.borrow_mut();
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}

/// Columns of the terminal on standard output; `None` if it is a file or a pipe, which is never cut.
fn terminal_width() -> Option<usize> {
    let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<usize>().ok());
    let found = || console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    if std::io::stdout().is_terminal() { set.or_else(found).map(|width| width.max(40)) } else { None }
}
