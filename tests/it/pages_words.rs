//! The words of the operators' pages: both languages say everything, the templates and scripts ask for nothing that
//! is not there, and nothing is there that nobody asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use offpeak::domain::campaign::SkipReason;
use offpeak::domain::fleet::Locale;
use offpeak::domain::plan_file::Reason;
use offpeak::domain::said::{Rule, Saying};
use offpeak::web::pages::words::messages;

/// Rooms whose keys are codes of the data, put together where they are used.
const FAMILIES: [&str; 8] =
    ["word.", "said.", "count.", "unplaced.", "rule.", "problem.", "shell.nav_", "shell.language_"];

fn files(folder: &str, endings: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
        {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)) {
                let text = std::fs::read_to_string(&path).expect("UTF-8");
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "nothing under {folder}");
    found
}

/// Every string after `start` in the texts, up to its closing quote.
fn named_after(texts: &[(PathBuf, String)], start: &str) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for (path, text) in texts {
        for (at, _) in text.match_indices(start) {
            let part_of_a_word = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
            let rest = &text[at + start.len()..];
            if let Some(end) = rest.find('"').filter(|_| !part_of_a_word) {
                found.insert(rest[..end].to_owned(), path.clone());
            }
        }
    }
    found
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

#[test]
fn both_languages_have_the_same_messages_with_the_same_blanks() {
    let (english, chinese) = (messages(Locale::En), messages(Locale::ZhCn));
    assert!(english.len() > 100, "only {} messages", english.len());
    for (key, text) in english {
        let other = chinese.get(key).unwrap_or_else(|| panic!("`{key}` has no Chinese words"));
        assert_eq!(placeholders(text), placeholders(other), "{key}");
        assert!(!other.contains(" | "), "{key}: Chinese has one form for every number");
        assert!(!text.is_empty() && !other.is_empty(), "{key}");
    }
    let only_chinese: Vec<&String> = chinese.keys().filter(|key| !english.contains_key(*key)).collect();
    assert!(only_chinese.is_empty(), "without English words: {only_chinese:?}");
}

#[test]
fn templates_and_scripts_ask_for_known_messages_only() {
    let known = messages(Locale::En);
    let templates: Vec<_> = files("templates/web", &["html"]);
    let mut asked = named_after(&templates, "t(\"");
    asked.retain(|_, path| !path.components().any(|part| part.as_os_str() == "merchant"));
    let scripts = files("templates/assets", &["js"]);
    let from_scripts = named_after(&scripts, "say(\"");
    for (key, path) in asked.iter().chain(&from_scripts) {
        // `"shell.nav_" ~ it.key`: a family, put together.
        let is_family = key.ends_with(['_', '.']) && known.keys().any(|full| full.starts_with(key.as_str()));
        assert!(is_family || known.contains_key(key), "{}: there is no message `{key}`", path.display());
    }
    for (key, path) in &from_scripts {
        let named = key.split_once('.').is_some_and(|(_, name)| name.starts_with("js_"));
        assert!(named, "{}: `{key}` is not handed to scripts", path.display());
    }
}

#[test]
fn every_message_is_asked_for() {
    let mut sources = files("templates/web", &["html"]);
    sources.extend(files("templates/assets", &["js"]));
    sources.extend(files("src/web", &["rs"]));
    let all: String = sources.into_iter().map(|(_, text)| text).collect();
    let unused: Vec<&String> = messages(Locale::En)
        .keys()
        .filter(|key| !FAMILIES.iter().any(|family| key.starts_with(family)))
        .filter(|key| {
            let family = key.rfind('_').map(|at| format!("\"{}_\"", &key[..at]));
            !all.contains(&format!("\"{key}\"")) && family.is_none_or(|family| !all.contains(&family))
        })
        .collect();
    assert!(unused.is_empty(), "nobody asks for {unused:?}");
}

#[test]
fn every_rule_every_reason_and_every_sentence_of_the_service_has_words_in_both_languages() {
    for locale in Locale::ALL {
        let messages = messages(locale);
        let text =
            |key: String| messages.get(&key).unwrap_or_else(|| panic!("`{key}` has no words in {locale}"));
        for saying in Saying::ALL {
            let facts: BTreeSet<&str> = saying.facts().iter().copied().collect();
            let text = text(format!("said.{}", saying.code()));
            assert_eq!(placeholders(text), facts, "{} in {locale}", saying.code());
        }
        for rule in Rule::ALL {
            text(format!("rule.js_{}", rule.as_str()));
        }
        for reason in SkipReason::ALL {
            text(format!("said.skip_{}", reason.as_str()));
            text(format!("word.{}", reason.as_str()));
        }
        let reasons = [
            Reason::NoOpening,
            Reason::BudgetFull,
            Reason::SiteRule,
            Reason::AfterUnplaced,
            Reason::PinnedConflict,
        ];
        for reason in reasons {
            text(format!("unplaced.{}", reason.name()));
        }
        let codes: BTreeSet<&str> = Saying::ALL.iter().map(|saying| saying.code()).collect();
        assert_eq!(codes.len(), Saying::ALL.len(), "a code stands for one sentence");
        for key in messages.keys().filter_map(|key| key.strip_prefix("said.")) {
            let is_known = codes.contains(key) || key == "js_more" || key.starts_with("skip_");
            assert!(is_known, "nobody says `{key}`");
        }
    }
}

/// The manual's table has every code that there is, and no other: `api_document` sees to that.
#[test]
fn every_code_of_a_problem_has_a_name_in_both_languages() {
    let manual = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/http.md"));
    let manual = manual.expect("it is there");
    let table = manual.lines().skip_while(|line| !line.starts_with("| code |"));
    let rows = table.take_while(|line| line.starts_with('|')).filter(|line| line.starts_with("| `"));
    let codes: BTreeSet<String> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect();
    assert!(codes.len() > 25, "{codes:?}");
    for locale in Locale::ALL {
        let named = messages(locale).keys().filter_map(|key| key.strip_prefix("problem.js_"));
        assert_eq!(named.map(str::to_owned).collect::<BTreeSet<_>>(), codes, "{locale}");
    }
}
