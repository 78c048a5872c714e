//! The filter `unbroken`: the two times of a span stay on one line, however narrow the column, and so does the zone behind
//! them. Programs break after the dash, and between any two Chinese characters.

use minijinja::filters::escape;
use minijinja::value::Value;
use minijinja::{AutoEscape, Error, State};

const DASH: char = '–';

/// A zone of so many columns at most is held together; a longer one may not fit into the line.
const ZONE_COLUMNS_MAX: usize = 24;

const HELD: &str = "<span style=\"white-space:nowrap\">";

/// `value`, with what stands before and after each dash held together, and each zone; in plain text as it is.
pub(super) fn unbroken(state: &mut State<'_, '_>, value: &Value) -> Result<Value, Error> {
    if matches!(state.auto_escape(), AutoEscape::None) {
        return Ok(value.clone());
    }
    let escaped = escape(state, value)?;
    let text = escaped.as_str().unwrap_or_default();
    if !text.contains(DASH) && !text.contains("(") {
        return Ok(escaped);
    }
    Ok(Value::from_safe_string(with_zones(&held_together(text))))
}

/// A time before the dash; after it a time, maybe with its day before it, as Chinese has it.
fn held_together(html: &str) -> String {
    let mut rest = html;
    let mut out = String::with_capacity(html.len() + 64);
    while let Some(dash) = rest.find(DASH) {
        let (before, after) = (&rest[..dash], &rest[dash + DASH.len_utf8()..]);
        let start = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':').len();
        let end = after.find(|c: char| c.is_whitespace() || "(<,&".contains(c)).unwrap_or(after.len());
        let (span, left) = (&rest[start..dash + DASH.len_utf8() + end], &after[end..]);
        out.push_str(&before[..start]);
        out.push_str(HELD);
        out.push_str(span);
        out.push_str("</span>");
        rest = left;
    }
    out.push_str(rest);
    out
}

/// A zone in parentheses, right behind a time as Chinese has it: the line may end in a space before it, and nowhere within.
fn with_zones(html: &str) -> String {
    let mut rest = html;
    let mut out = String::with_capacity(html.len() + 64);
    while let Some(at) = rest.find('(') {
        let (before, behind) = rest.split_at(at);
        let length = behind.find(')').map_or(behind.len(), |end| end + 1);
        let (zone, left) = behind.split_at(length);
        let follows = before.ends_with(|c: char| c.is_ascii_digit() || c == '>') || before.is_empty();
        let columns: usize = zone.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
        out.push_str(before);
        if follows && zone.contains("UTC") && columns <= ZONE_COLUMNS_MAX {
            // Not `<wbr>`, which not every program knows.
            out.push(' ');
            out.push_str(HELD);
            out.push_str(zone);
            out.push_str("</span>");
        } else {
            out.push_str(zone);
        }
        rest = left;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_held_together_and_nothing_else() {
        for (text, held) in [
            ("Wednesday 25 November 2026, [02:00–02:30] (London time, UTC)", true),
            ("2026年11月25日(周三)[23:30–次日00:30](北京时间,UTC+8)", true),
            ("01:30 (UTC−4)[–01:15] (UTC−5)", true),
            ("[23:30–00:30] next day, or [01:00–02:00]", true),
            ("no time at all", false),
        ] {
            let plain = text.replace(['[', ']'], "");
            let marked = text.replace('[', "<span style=\"white-space:nowrap\">").replace(']', "</span>");
            assert_eq!(held_together(&plain), if held { marked } else { plain });
        }
    }

    #[test]
    fn a_zone_behind_a_time_is_held_together_unless_it_is_long() {
        for text in [
            "2026年11月25日(周三)02:20[(北京时间,UTC+8)]",
            "<span>02:00–02:50</span>[(伦敦时间,UTC)]",
            "2026年11月25日(周三)02:20(America/Argentina/Buenos_Aires时间,UTC−3)",
            "Wednesday 25 November 2026, 02:20 (London time, UTC)",
            "Till 5 (TID 62510004), 1 (one",
        ] {
            let marked = text.replace('[', " <span style=\"white-space:nowrap\">").replace(']', "</span>");
            assert_eq!(with_zones(&text.replace(['[', ']'], "")), marked);
        }
    }
}
