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
}
