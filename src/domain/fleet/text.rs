//! Cleaning of names at the edge: what a file or a form brings is made safe once, for mail headers, calendar
//! files and terminals alike.

/// Longest name that is kept, in characters.
const NAME_CHARS_MAX: usize = 200;

/// `text` without control, bidirectional and zero-width characters, white space folded, trimmed, and cut to
/// [`NAME_CHARS_MAX`] characters.
pub fn clean_text(text: &str) -> String {
    clean_text_to(text, NAME_CHARS_MAX)
}

/// The same for what is longer than a name.
pub fn clean_text_to(text: &str, chars_max: usize) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut gap = false;
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() {
            gap = true;
        } else if !is_invisible(character) {
            if gap && !clean.is_empty() {
                clean.push(' ');
            }
            gap = false;
            clean.push(character);
        }
    }
    clean.chars().take(chars_max).collect::<String>().trim_end().to_owned()
}

/// Whether nobody sees it: marks of direction, of zero width, soft hyphens.
pub fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// Whether `text` has the shape of one bare mail address: a local part, one `@`, a domain with a dot or
/// `localhost`, no blanks, quotes, brackets or controls, at most 254 bytes. Non-ASCII letters are allowed (EAI).
pub fn is_email_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let bare = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
            && part.chars().all(|c| {
                !c.is_whitespace() && !c.is_control() && !is_invisible(c) && !r#"<>()[]\,;:@""#.contains(c)
            })
    };
    text.len() <= 254
        && local.len() <= 64
        && bare(local)
        && bare(domain)
        && (domain.contains('.') || domain == "localhost")
        && !domain.split('.').any(|label| label.starts_with('-') || label.ends_with('-') || label.len() > 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_could_break_a_header() {
        assert_eq!(clean_text("  Café\r\nBcc: x\t\u{202e}evil\u{200b} "), "Café Bcc: x evil");
        assert_eq!(clean_text("\u{0}\u{1}"), "");
        assert_eq!(clean_text(&"x".repeat(5000)).len(), NAME_CHARS_MAX);
    }

    #[test]
    fn addresses_have_one_shape() {
        for good in ["a@b.example", "first.last+tag@shop.example.cn", "店@例子.公司", "root@localhost"] {
            assert!(is_email_address(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.example",
            "a@",
            "a b@c.example",
            "a@b",
            "a@@b.example",
            "a@b..example",
            "a\r\n@b.example",
            "<a@b.example>",
            "a@-b.example",
        ] {
            assert!(!is_email_address(bad), "{bad:?}");
        }
    }
}
