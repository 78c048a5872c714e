//! A folder of an operator's templates: read, and begun with the built-in ones.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{MailTemplates, TemplateError, built_in_source};

/// Longest template, in bytes.
const BYTES_MAX: u64 = 256 * 1024;

/// The templates in `folder`, by their names; every file that is none is a fault. Files that begin with a dot, or end in
/// `~`, are an editor's.
pub(super) fn read(folder: &Path) -> Result<BTreeMap<String, String>, Vec<TemplateError>> {
    let mut files = Vec::new();
    let mut faults = Vec::new();
    collect(folder, Path::new(""), &mut files, &mut faults);
    let mut templates = BTreeMap::new();
    for name in files {
        let path = folder.join(&name);
        if MailTemplates::get(&name).is_none() {
            faults.push(fault(&name, format!("no notice has a template of this name{}", near(&name))));
            continue;
        }
        match fs::metadata(&path).and_then(|found| Ok((found.len(), fs::read(&path)?))) {
            Ok((length, _)) if length > BYTES_MAX => {
                faults.push(fault(&name, format!("it has {length} bytes; at most {BYTES_MAX} are read")));
            }
            Ok((_, bytes)) => match String::from_utf8(bytes) {
                Ok(source) => drop(templates.insert(name, source)),
                Err(error) => {
                    let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
                    faults.push(TemplateError {
                        line,
                        ..fault(&name, "not UTF-8: save it as UTF-8".to_owned())
                    });
                }
            },
            Err(error) => faults.push(fault(&name, error.to_string())),
        }
    }
    if faults.is_empty() { Ok(templates) } else { Err(faults) }
}

fn collect(root: &Path, under: &Path, files: &mut Vec<String>, faults: &mut Vec<TemplateError>) {
    let entries = match fs::read_dir(root.join(under)) {
        Ok(entries) => entries,
        Err(error) => {
            let shown = if under.as_os_str().is_empty() { root } else { under };
            let remedy = "make it, as by `offpeak template export`, or leave templates_dir out";
            faults.push(fault(&shown.display().to_string(), format!("{error}; {remedy}")));
            return;
        }
    };
    let mut names: Vec<PathBuf> =
        entries.filter_map(|entry| entry.ok().map(|entry| under.join(entry.file_name()))).collect();
    names.sort();
    for name in names {
        let shown = name.to_string_lossy().into_owned();
        let own = name.file_name().unwrap_or_default().to_string_lossy();
        if own.starts_with('.') || own.ends_with('~') {
            continue;
        }
        if root.join(&name).is_dir() {
            collect(root, &name, files, faults);
        } else {
            files.push(shown);
        }
    }
}

fn fault(file: &str, what: String) -> TemplateError {
    TemplateError { file: file.to_owned(), line: 0, what }
}

/// What was probably meant.
fn near(name: &str) -> String {
    let best = MailTemplates::iter()
        .map(|known| (strsim::damerau_levenshtein(name, &known), known))
        .min()
        .filter(|(distance, _)| *distance <= 4);
    match best {
        Some((_, known)) => format!("; did you mean {known}?"),
        None => "; `offpeak template export` writes all that there are".to_owned(),
    }
}

/// Writes the built-in templates whose names begin with `under` into `folder`; gives the files that were written. None that
/// is there is touched, unless `overwrite` says so.
///
/// # Errors
/// An I/O error, or `AlreadyExists` with the first file that is there; then nothing was written.
pub fn export(folder: &Path, under: &str, overwrite: bool) -> io::Result<Vec<String>> {
    let mut names: Vec<String> =
        MailTemplates::iter().map(|name| name.into_owned()).filter(|name| name.starts_with(under)).collect();
    names.sort();
    if let Some(there) = names.iter().map(|name| folder.join(name)).find(|path| !overwrite && path.exists()) {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, there.display().to_string()));
    }
    for name in &names {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, built_in_source(name).map_err(io::Error::other)?)?;
    }
    Ok(names)
}
