//! The words of every notice: templates carried in the binary, one folder a language and notice.
//!
//! `templates/mail/<locale>/<notice>/{subject.txt,body.txt,body.html}` say what is special to a notice; the
//! layouts and `templates/mail/<locale>/phrases.txt` say what all of them share. An undefined name is an error.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, context};
use rust_embed::RustEmbed;

use crate::mail::view::{LetterView, VisitView};

#[derive(RustEmbed)]
#[folder = "templates/mail/"]
struct MailTemplates;

/// A letter in words.
pub(super) struct Rendered {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// Why a template could not be filled: its name, line, and what was wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mail template {name}, line {line}: {what}")]
pub struct TemplateError {
    name: String,
    line: usize,
    what: String,
}

static ENVIRONMENT: LazyLock<Result<Environment<'static>, TemplateError>> = LazyLock::new(load);

fn load() -> Result<Environment<'static>, TemplateError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the markers are the usual ones"));
    for name in MailTemplates::iter() {
        let source = MailTemplates::get(&name).expect("the name came from the same embedded folder");
        let source = String::from_utf8(source.data.into_owned()).map_err(|_| TemplateError {
            name: name.to_string(),
            line: 1,
            what: "not UTF-8".to_owned(),
        })?;
        let owned_name = name.to_string();
        environment
            .add_template_owned(name.into_owned(), source)
            .map_err(|error| located(&owned_name, &error))?;
    }
    Ok(environment)
}

/// Fills the three templates of the notice that `letter` is about.
pub(super) fn render(letter: &LetterView) -> Result<Rendered, TemplateError> {
    let fill =
        |file: &str, more: Value| fill(&format!("{}/{}/{file}", letter.locale, letter.kind), letter, more);
    let subject = fill("subject.txt", context! {})?.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = tidy_text(&fill("body.txt", context! {})?);
    let html = tidy_text(&fill("body.html", context! { subject => &subject })?);
    Ok(Rendered { subject, text, html })
}

/// What a calendar shows of one visit: its title and its description.
pub(super) fn render_invite(
    letter: &LetterView,
    visit: &VisitView,
) -> Result<(String, String), TemplateError> {
    let visit = Value::from(Serde(visit));
    let filled = tidy_text(&fill(&format!("{}/invite.txt", letter.locale), letter, context! { visit })?);
    let (title, description) = filled.split_once('\n').unwrap_or((&filled, ""));
    Ok((title.to_owned(), description.trim().to_owned()))
}

fn fill(name: &str, letter: &LetterView, more: Value) -> Result<String, TemplateError> {
    let environment = ENVIRONMENT.as_ref().map_err(Clone::clone)?;
    let facts = context! { ..more, ..Value::from(Serde(letter)) };
    environment
        .get_template(name)
        .and_then(|template| template.render(facts))
        .map_err(|error| located(name, &error))
}

/// Blank lines come one at a time, and none has trailing blanks: conditions in a template leave both behind.
fn tidy_text(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut blank_before = true;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() && blank_before {
            continue;
        }
        blank_before = line.is_empty();
        tidy.push_str(line);
        tidy.push('\n');
    }
    tidy.truncate(tidy.trim_end().len());
    tidy.push('\n');
    tidy
}

fn located(name: &str, error: &minijinja::Error) -> TemplateError {
    // The innermost cause names the sentence; what is around it only says who included whom.
    let mut innermost = error;
    while let Some(inner) =
        std::error::Error::source(innermost).and_then(|source| source.downcast_ref::<minijinja::Error>())
    {
        innermost = inner;
    }
    TemplateError {
        name: innermost.name().unwrap_or(name).to_owned(),
        line: innermost.line().unwrap_or(0),
        what: innermost.detail().map_or_else(|| innermost.kind().to_string(), str::to_owned),
    }
}
