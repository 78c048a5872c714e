//! The words of every notice: templates carried in the binary, one folder a language and notice, and those that an
//! operator puts in their place.
//!
//! `templates/mail/<locale>/<notice>/{subject.txt,body.txt,body.html}` say what is special to a notice; the
//! layouts and `templates/mail/<locale>/phrases.txt` say what all of them share. An undefined name is an error.

mod check;
mod folder;
mod unbroken;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, context};
use rust_embed::RustEmbed;

use crate::mail::hygiene::{clean_lines, clean_subject};
use crate::mail::view::{LetterView, VisitView};

pub use folder::export;

#[derive(RustEmbed)]
#[folder = "templates/mail/"]
struct MailTemplates;

/// A letter in words.
pub(super) struct Rendered {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// What is wrong with a template: its file, its line, and what.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mail template {file}{}: {what}", match .line { 0 => String::new(), line => format!(", line {line}") })]
pub struct TemplateError {
    /// Its file, from the folder of templates on.
    pub file: String,
    /// Its line, from 1; 0 where it is about the whole file.
    pub line: usize,
    /// What is wrong, and what to do.
    pub what: String,
}

/// Everything that is wrong with a folder of templates.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "the templates in {folder} cannot be used:{}; `offpeak template check` shows this again",
    .faults.iter().map(|fault| format!("\n  {fault}")).collect::<String>()
)]
pub struct TemplateFaults {
    /// The folder.
    pub folder: String,
    /// Each of them.
    pub faults: Vec<TemplateError>,
}

/// The templates that mails are put into words with.
#[derive(Clone, Debug)]
pub struct Templates {
    environment: Arc<Environment<'static>>,
    overridden: Arc<BTreeSet<String>>,
}

static BUILT_IN: LazyLock<Result<Templates, TemplateError>> = LazyLock::new(|| {
    let mut environment = empty();
    for name in MailTemplates::iter() {
        add(&mut environment, &name, built_in_source(&name)?)?;
    }
    Ok(Templates { environment: Arc::new(environment), overridden: Arc::default() })
});

impl Templates {
    /// The built-in ones.
    ///
    /// # Errors
    /// [`TemplateError`] if one of them is wrong, which no release is.
    pub fn built_in() -> Result<Templates, TemplateError> {
        BUILT_IN.clone()
    }

    /// The built-in ones with those of `folder` in their place: checked, every notice put into words in every language.
    ///
    /// # Errors
    /// [`TemplateFaults`] if one of them could not be used.
    pub fn with_folder(folder: &Path) -> Result<Templates, TemplateFaults> {
        let faults = |faults| TemplateFaults { folder: folder.display().to_string(), faults };
        let files = folder::read(folder).map_err(faults)?;
        let mut environment = empty();
        // For the place of an error within its line.
        environment.set_debug(true);
        let mut wrong = Vec::new();
        for name in MailTemplates::iter() {
            let source = match files.get(name.as_ref()) {
                Some(source) => Ok(source.clone()),
                None => built_in_source(&name),
            };
            if let Err(fault) = source.and_then(|source| add(&mut environment, &name, source)) {
                wrong.push(fault);
            }
        }
        if !wrong.is_empty() {
            return Err(faults(wrong));
        }
        let overridden = Arc::new(files.into_keys().collect());
        let templates = Templates { environment: Arc::new(environment), overridden };
        let wrong = check::faults(&templates);
        if wrong.is_empty() { Ok(templates) } else { Err(faults(wrong)) }
    }

    /// The files that are not the built-in ones.
    pub fn overridden(&self) -> &BTreeSet<String> {
        &self.overridden
    }

    /// Fills the three templates of the notice that `letter` is about.
    pub(super) fn render(&self, letter: &LetterView) -> Result<Rendered, TemplateError> {
        let fill = |file: &str, more: Value| {
            self.fill(&format!("{}/{}/{file}", letter.locale, letter.kind), letter, more)
        };
        let subject = clean_subject(&fill("subject.txt", context! {})?);
        let text = tidy_text(&clean_lines(&fill("body.txt", context! {})?));
        let html = tidy_text(&clean_lines(&fill("body.html", context! { subject => &subject })?));
        Ok(Rendered { subject, text, html })
    }

    /// What a calendar shows of one visit: its title and its description.
    pub(super) fn render_invite(
        &self,
        letter: &LetterView,
        visit: &VisitView,
    ) -> Result<(String, String), TemplateError> {
        let visit = Value::from(Serde(visit));
        let filled = self.fill(&format!("{}/invite.txt", letter.locale), letter, context! { visit })?;
        let filled = tidy_text(&clean_lines(&filled));
        let (title, description) = filled.split_once('\n').unwrap_or((&filled, ""));
        Ok((title.to_owned(), description.trim().to_owned()))
    }

    fn fill(&self, name: &str, letter: &LetterView, more: Value) -> Result<String, TemplateError> {
        let facts = context! { ..more, ..Value::from(Serde(letter)) };
        self.environment
            .get_template(name)
            .and_then(|template| template.render(facts))
            .map_err(|error| located(name, &error))
    }
}

fn empty() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the markers are the usual ones"));
    environment.add_filter("unbroken", unbroken::unbroken);
    environment
}

fn add(environment: &mut Environment<'static>, name: &str, source: String) -> Result<(), TemplateError> {
    environment.add_template_owned(name.to_owned(), source).map_err(|error| located(name, &error))
}

fn built_in_source(name: &str) -> Result<String, TemplateError> {
    let source = MailTemplates::get(name).expect("the name came from the same embedded folder");
    String::from_utf8(source.data.into_owned()).map_err(|_| TemplateError {
        file: name.to_owned(),
        line: 1,
        what: "not UTF-8".to_owned(),
    })
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
    let mut what = innermost.detail().map_or_else(|| innermost.kind().to_string(), str::to_owned);
    // With debug information: what stands there.
    let place = innermost.range().zip(innermost.template_source());
    if let Some(named) = place.and_then(|(range, source)| source.get(range)) {
        let named = named.split_whitespace().collect::<Vec<_>>().join(" ");
        if !what.contains(&named) {
            what = format!("{what}: `{named}`");
        }
    }
    TemplateError {
        file: innermost.name().unwrap_or(name).to_owned(),
        line: innermost.line().unwrap_or(0),
        what,
    }
}
