//! The words of the pages: one file a room and language, `templates/web/<locale>/<room>.txt`, a line a message.
//!
//! `title = Tonight` in `home.txt` is `home.title`. `{name}` is filled in; where a number called `n` decides, the
//! forms stand side by side: `{n} night | {n} nights`. What begins with `js_`, and the words for codes, are handed to the scripts as
//! well.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::LazyLock;

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{ErrorKind, HtmlEscape, Value};

use super::format::count;
use super::render::Templates;
use crate::domain::fleet::Locale;

/// Where the words of a language are kept, below `templates/web`.
pub(super) fn is_words(path: &str) -> bool {
    Locale::ALL.iter().any(|locale| path.starts_with(&format!("{locale}/")))
}

static CATALOGUES: LazyLock<[BTreeMap<String, String>; 2]> = LazyLock::new(|| Locale::ALL.map(read));

fn read(locale: Locale) -> BTreeMap<String, String> {
    let mut messages = BTreeMap::new();
    for path in Templates::iter() {
        let Some(room) = path.strip_prefix(&format!("{locale}/")).and_then(|name| name.strip_suffix(".txt"))
        else {
            continue;
        };
        let file = Templates::get(&path).expect("the name comes from the same embedded folder");
        for line in String::from_utf8_lossy(&file.data).lines() {
            if let Some((key, text)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
                messages.insert(format!("{room}.{}", key.trim()), text.trim().to_owned());
            }
        }
    }
    messages
}

/// Every message of a language, by its key.
pub fn messages(locale: Locale) -> &'static BTreeMap<String, String> {
    &CATALOGUES[place_of(locale)]
}

fn place_of(locale: Locale) -> usize {
    Locale::ALL.iter().position(|known| *known == locale).unwrap_or_default()
}

/// A message as plain text; an unknown key is shown as it is.
pub fn say(locale: Locale, key: &str, values: &[(&str, &dyn Display)]) -> String {
    let text = messages(locale).get(key).map_or(key, String::as_str);
    let number = values.iter().find(|(name, _)| *name == "n").map(|(_, value)| value.to_string());
    fill(form(text, number.as_deref()), |name| {
        values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
    })
}

/// A number with its noun, `1 terminal`, as `count.<noun>` has it.
pub(super) fn counted(locale: Locale, number: i64, noun: &str) -> String {
    let key = format!("count.{noun}");
    let text = messages(locale).get(&key).map_or(key.as_str(), String::as_str);
    let one = (number == 1).then_some("1");
    fill(form(text, one.or(Some("2"))), |name| (name == "n").then(|| count(number)))
}

/// The form for a number: the first for one, the last for any other.
fn form<'a>(text: &'a str, number: Option<&str>) -> &'a str {
    match (text.split_once(" | "), number) {
        (Some((one, _)), Some("1")) => one,
        (Some((_, many)), _) => many,
        (None, _) => text,
    }
}

fn fill(text: &str, value_of: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        match value_of(name) {
            Some(value) => filled.push_str(&value),
            None => filled.push_str(&format!("{{{name}}}")),
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

/// `t(key, name=value…)` for the templates: escaped, values that are HTML already as they are.
pub(super) fn template_function(
    locale: Locale,
) -> impl Fn(&str, Kwargs) -> Result<Value, minijinja::Error> + Send + Sync + 'static {
    move |key, values| {
        let text = messages(locale).get(key).ok_or_else(|| {
            minijinja::Error::new(ErrorKind::InvalidOperation, format!("there is no message `{key}`"))
        })?;
        let number = if values.has("n") { Some(values.get::<Value>("n")?.to_string()) } else { None };
        let mut filled = BTreeMap::new();
        for name in values.args() {
            filled.insert(name.to_owned(), shown(&values.get::<Value>(name)?));
        }
        let text = HtmlEscape(form(text, number.as_deref())).to_string();
        Ok(Value::from_safe_string(fill(&text, |name| filled.get(name).cloned())))
    }
}

fn shown(value: &Value) -> String {
    match value.kind() {
        ValueKind::Number if value.is_integer() => {
            i64::try_from(value.clone()).map_or_else(|_| value.to_string(), count)
        }
        _ if value.is_safe() => value.to_string(),
        _ => HtmlEscape(&value.to_string()).to_string(),
    }
}

/// Rooms whose words stand for codes of the API, or for lengths of time in what they say.
const CODES: [&str; 4] = ["format", "said", "unplaced", "word"];

static MODULES: LazyLock<[String; 2]> = LazyLock::new(|| Locale::ALL.map(module_of));

/// The messages that scripts need, as a module.
pub(super) fn script_module(locale: Locale) -> &'static str {
    &MODULES[place_of(locale)]
}

fn module_of(locale: Locale) -> String {
    let wanted: BTreeMap<&str, &str> = messages(locale)
        .iter()
        .filter(|(key, _)| {
            key.split_once('.').is_some_and(|(room, name)| name.starts_with("js_") || CODES.contains(&room))
        })
        .map(|(key, text)| (key.as_str(), text.as_str()))
        .collect();
    let words = serde_json::to_string(&wanted).unwrap_or_default();
    format!("export const locale = \"{locale}\";\nexport const words = {words};\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_filled_in_and_take_the_form_that_the_number_asks_for() {
        assert_eq!(form("{n} night | {n} nights", Some("1")), "{n} night");
        assert_eq!(form("{n} night | {n} nights", Some("0")), "{n} nights");
        assert_eq!(form("{n} 晚", Some("1")), "{n} 晚");
        let filled = fill("from {a} to {b}, {", |name| (name == "a").then(|| "here".to_owned()));
        assert_eq!(filled, "from here to {b}, {");
        assert_eq!(counted(Locale::En, 1, "terminal"), "1 terminal");
        assert_eq!(counted(Locale::En, 2500, "terminal"), "2,500 terminals");
        assert_eq!(counted(Locale::ZhCn, 2500, "terminal"), "2,500 台终端");
    }
}
