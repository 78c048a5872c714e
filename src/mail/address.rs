//! Mail addresses as they go over the wire, and as they may appear in a log.

use crate::domain::fleet::is_email_address;

/// A mail address and the name shown beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedAddress {
    /// The name a reader sees.
    pub name: String,
    /// The bare address.
    pub address: String,
}

/// `address` with its domain in lower-case A-labels (`店@例子.公司` becomes `店@xn--fsqu00a.xn--55qx5d`), or
/// `None` if it is not one bare mail address. Only a non-ASCII local part is left to need SMTPUTF8.
pub fn to_wire(address: &str) -> Option<String> {
    if !is_email_address(address) {
        return None;
    }
    let (local, domain) = address.rsplit_once('@')?;
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    let wire = format!("{local}@{domain}");
    // The A-label form is longer than what was typed, and may have become too long.
    is_email_address(&wire).then_some(wire)
}

/// `address` as a log may show it: `li@shop.example` becomes `l*@shop.example`.
pub fn mask(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => {
            let mut characters = local.chars();
            let first = characters.next().map(String::from).unwrap_or_default();
            format!("{first}{}@{domain}", "*".repeat(characters.count()))
        }
        None => "*".repeat(address.chars().count()),
    }
}

/// `text` with every address in it masked, in whatever spelling: a server's answer need not write an address as we do.
pub fn mask_all(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, address) = rest.split_at(begin_of_mailbox(&rest[..at]));
        masked.push_str(before);
        let mailbox = &address[..=at - before.len()];
        masked.push_str(&mask(mailbox));
        rest = &rest[at + 1..];
    }
    masked.push_str(rest);
    masked
}

/// Where the mailbox begins that `text` ends with.
fn begin_of_mailbox(text: &str) -> usize {
    if let Some(quoted) = text.strip_suffix('"') {
        return quoted.rfind('"').unwrap_or(quoted.len());
    }
    let ends = |character: char| character.is_whitespace() || "<>()[],;:\"".contains(character);
    text.rfind(ends).map_or(0, |last| last + text[last..].chars().next().map_or(1, char::len_utf8))
}

/// `text` with the characters that a report in ASCII writes as `\x{5E97}` (RFC 6533), as far as they are any.
pub fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\x{") {
        let (before, escaped) = rest.split_at(at);
        plain.push_str(before);
        let end = escaped[3..].bytes().take(7).position(|byte| byte == b'}').unwrap_or(0);
        let digits = &escaped[3..3 + end];
        let hexadecimal = digits.len() >= 2 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16).ok().filter(|_| hexadecimal);
        let (character, length) = code.and_then(char::from_u32).map_or(('\\', 1), |it| (it, end + 4));
        plain.push(character);
        rest = &escaped[length..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_travel_as_a_labels() {
        assert_eq!(to_wire("li@例子.公司").as_deref(), Some("li@xn--fsqu00a.xn--55qx5d"));
        assert_eq!(to_wire("店@Shop.Example").as_deref(), Some("店@shop.example"));
        assert_eq!(to_wire("a@b@c.example"), None);
        assert_eq!(to_wire("a@b.example\r\nRCPT TO:<x@y.example>"), None);
        assert_eq!(to_wire(&format!("a@{}.example", "字".repeat(60))), None, "a label over 63 bytes");
    }

    #[test]
    fn a_log_shows_no_mailbox() {
        assert_eq!(mask("li@shop.example"), "l*@shop.example");
        assert_eq!(mask("张三丰@shop.example"), "张**@shop.example");
        assert_eq!(mask("x@shop.example"), "x@shop.example");
        assert_eq!(mask("no-at-sign"), "**********");
    }

    #[test]
    fn every_address_in_a_text_is_masked() {
        for (text, masked) in [
            ("<li@shop.example>: no such user", "<l*@shop.example>: no such user"),
            ("to=li@shop.example, orig=wang@b.example", "t****@shop.example, o********@b.example"),
            ("550 \"li wang\"@shop.example unknown", "550 \"********@shop.example unknown"),
            ("店主@例子.example;店二@例子.example", "店*@例子.example;店*@例子.example"),
            ("a\u{3000}店主@b.example", "a\u{3000}店*@b.example"),
            ("a@b@c", "a@b@c"),
            ("@ and \"@ and no address", "@ and \"@ and no address"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(mask_all(text), masked);
            assert_eq!(mask_all(masked), masked, "it stays so");
        }
    }

    #[test]
    fn what_a_report_escapes_is_read() {
        for (escaped, plain) in [
            (r"\x{5E97}\x{4e3b}@\x{4F8B}.example", "店主@例.example"),
            (r"\x{1F4B3}", "\u{1F4B3}"),
            (r"a\x{2B}b", "a+b"),
            (
                r"\x{D800} \x{110000} \x{} \x{+41} \x{41 \x{0000041} \x",
                r"\x{D800} \x{110000} \x{} \x{+41} \x{41 \x{0000041} \x",
            ),
            (r"\x{\x{41}", r"\x{A"),
        ] {
            assert_eq!(unescaped(escaped), plain);
        }
    }
}
