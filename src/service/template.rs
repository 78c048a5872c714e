//! The templates of mails: checked, listed, and shown with made-up facts. Which ones hold is settled when the process
//! starts.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::api::notice::Message;
use crate::api::template::{TemplateFault, TemplateQuery, TemplateView};
use crate::config::Settings;
use crate::domain::fleet::Locale;
use crate::domain::notice::NoticeKind;
use crate::mail::{ComposedMail, Templates, export_templates};
use crate::service::notice::{Words, letter_of_sample, readable};
use crate::service::{App, Error};

/// Everything that is wrong with the templates in `folder`; nothing, if they can be used.
pub fn check(folder: &Path) -> Vec<TemplateFault> {
    let Err(faults) = Templates::with_folder(folder) else { return Vec::new() };
    faults
        .faults
        .into_iter()
        .map(|fault| TemplateFault {
            file: fault.file,
            line: (fault.line > 0).then_some(fault.line),
            what: fault.what,
        })
        .collect()
}

/// Writes the built-in templates whose names begin with `under` into `folder`; the files that were written.
pub fn export(folder: &Path, under: &str, overwrite: bool) -> std::io::Result<Vec<String>> {
    export_templates(folder, under, overwrite)
}

/// Every notice in every language, and which files of it an operator has put in the place of the built-in ones.
pub fn list(app: &App) -> Vec<TemplateView> {
    let overridden = app.templates.overridden();
    let shared: Vec<String> = overridden.iter().filter(|file| !file.contains('/')).cloned().collect();
    let mut list = Vec::new();
    for kind in NoticeKind::ALL {
        for locale in Locale::ALL {
            let own = format!("{locale}/{kind}/");
            let of_language = |file: &&String| {
                file.strip_prefix(&format!("{locale}/")).is_some_and(|rest| !rest.contains('/'))
            };
            let mut files: Vec<String> = overridden
                .iter()
                .filter(|file| file.starts_with(&own) || of_language(file))
                .cloned()
                .collect();
            files.extend(shared.iter().cloned());
            list.push(TemplateView { kind, locale: locale.to_string(), overridden: files });
        }
    }
    list
}

/// A notice of this kind with made-up facts, as a merchant would read it.
pub fn preview(app: &App, kind: NoticeKind, query: &TemplateQuery) -> Result<Message, Error> {
    readable(&preview_bytes(app, kind, query)?)
}

/// The same as it would go over the wire.
pub fn preview_bytes(app: &App, kind: NoticeKind, query: &TemplateQuery) -> Result<Vec<u8>, Error> {
    let locale = query.locale.as_deref().unwrap_or("en").parse();
    let locale = locale.map_err(|error: String| Error::invalid("locale", error))?;
    let words = Words::of(app);
    Ok(sample(&words, kind, locale)?.bytes)
}

/// A notice of this kind in the words of a folder that need not be the one that holds.
pub fn preview_folder(
    settings: &Settings,
    now: DateTime<Utc>,
    folder: &Path,
    kind: NoticeKind,
    locale: Locale,
) -> Result<(Message, Vec<u8>), Error> {
    let templates = Templates::with_folder(folder).map_err(|error| Error::Conflict(error.to_string()))?;
    let bytes = sample(&Words { settings, templates: &templates, dkim: None, now }, kind, locale)?.bytes;
    Ok((readable(&bytes)?, bytes))
}

fn sample(words: &Words<'_>, kind: NoticeKind, locale: Locale) -> Result<ComposedMail, Error> {
    let letter = letter_of_sample(words.settings, words.now, kind, locale);
    let domain = &words.settings.mail_domain;
    words.compose(&letter, &format!("preview@{domain}"), format!("bounce@{domain}"), None)
}
