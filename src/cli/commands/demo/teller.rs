//! Tells the demo's story: steps with a number, plain words, the command that does the same, what came out.

use console::style;

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::Screen;

/// Who tells it. In JSON nothing is told: only the summary at the end is printed.
pub(super) struct Teller<'a> {
    context: &'a Context,
    step: u32,
}

impl<'a> Teller<'a> {
    pub(super) fn new(context: &'a Context) -> Self {
        Teller { context, step: 0 }
    }

    /// Anything that can be drawn, under the step's title.
    pub(super) fn draw(&self, draw: impl FnOnce(&mut Screen)) -> Result<(), CliError> {
        self.draw_at_the_edge(|screen| {
            screen.indented("   ");
            draw(screen);
        })
    }

    fn draw_at_the_edge(&self, draw: impl FnOnce(&mut Screen)) -> Result<(), CliError> {
        if self.context.output.is_json() { Ok(()) } else { self.context.output.draw(draw) }
    }

    /// What the story is about.
    pub(super) fn title(&self, title: &str, text: &str) -> Result<(), CliError> {
        self.draw_at_the_edge(|screen| {
            screen.line(style(title).bold().to_string());
            screen.paragraph("", text);
        })
    }

    /// The next step: its number and its title.
    pub(super) fn step(&mut self, title: &str) -> Result<(), CliError> {
        self.step += 1;
        let number = self.step;
        self.draw_at_the_edge(|screen| {
            screen.line("");
            screen.line(style(format!("{number}  {title}")).cyan().bold().to_string());
        })
    }

    /// A paragraph in plain words.
    pub(super) fn say(&self, text: &str) -> Result<(), CliError> {
        self.draw(|screen| screen.paragraph("", text))
    }

    /// The commands that do the same by hand.
    pub(super) fn commands(&self, commands: &[&str]) -> Result<(), CliError> {
        self.draw(|screen| {
            for command in commands {
                screen.line(style(format!("$ {command}")).dim().to_string());
            }
        })
    }
}
