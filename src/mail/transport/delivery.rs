//! What became of a mail that was handed over.

use std::fmt;
use std::str::FromStr;

use crate::mail::address::{mask_all, unescaped};

/// Longest answer of a server that is kept, in characters.
const TEXT_CHARS_MAX: usize = 500;

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The server answered 2xx to the end of the message: it is responsible from here on.
    Accepted {
        /// Its answer.
        response: String,
    },
    /// Certainly not accepted, and worth another try.
    Deferred {
        /// The reply code; `None` where there was no reply, such as from a server that is down.
        code: Option<u16>,
        /// The answer, or what went wrong.
        text: String,
    },
    /// Refused for good.
    Rejected {
        /// The reply code, 5xx.
        code: u16,
        /// The enhanced status code (RFC 3463), if the server gave one.
        status: Option<EnhancedStatus>,
        /// The answer.
        text: String,
    },
    /// It was not handed over: who asked for it said no at the last moment.
    Withheld,
    /// No mail server takes mail from us at this moment: it was not handed over, and nothing is known of the mail.
    NoServer {
        /// What the last of them said, or what went wrong.
        text: String,
    },
    /// The message was handed over and no answer came: it may have been accepted.
    Unknown {
        /// What went wrong.
        text: String,
    },
}

impl Delivery {
    /// What a refusal was about, if it was one.
    pub fn rejection_cause(&self) -> Option<RejectionCause> {
        match self {
            Delivery::Rejected { status, .. } => Some(RejectionCause::of(*status)),
            Delivery::Accepted { .. }
            | Delivery::Deferred { .. }
            | Delivery::Withheld
            | Delivery::NoServer { .. }
            | Delivery::Unknown { .. } => None,
        }
    }

    /// The delivery that a negative reply to a mail means. 5xx refuses, everything else defers.
    pub(super) fn from_reply(code: u16, text: String) -> Self {
        if (500..600).contains(&code) {
            let status = text.split_whitespace().next().and_then(|word| word.parse().ok());
            Delivery::Rejected { code, status, text }
        } else {
            Delivery::Deferred { code: Some(code), text }
        }
    }
}

/// What a refusal is about, and so what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectionCause {
    /// 5.1.x about the recipient: the address is wrong. Suppress it; the merchant is unreached.
    Address,
    /// 5.7.x: the server will not have mail from us. Alert; the address may be right.
    Policy,
    /// 5.6.7 and 5.6.9 (RFC 6531): a server on the way takes no address beyond ASCII. Another address may do.
    BeyondAscii,
    /// Anything else: this mail failed; nothing is known about the address.
    Other,
}

impl RejectionCause {
    /// What a refusal with this status is about.
    pub fn of(status: Option<EnhancedStatus>) -> Self {
        match status {
            // 5.1.7 and 5.1.8 speak of the sender's address.
            Some(EnhancedStatus { class: 5, subject: 1, detail: 7 | 8 }) => RejectionCause::Other,
            Some(EnhancedStatus { class: 5, subject: 1, .. }) => RejectionCause::Address,
            Some(EnhancedStatus { class: 5, subject: 7, .. }) => RejectionCause::Policy,
            Some(EnhancedStatus { class: 5, subject: 6, detail: 7 | 9 }) => RejectionCause::BeyondAscii,
            Some(_) | None => RejectionCause::Other,
        }
    }
}

/// An enhanced mail system status code (RFC 3463): `5.1.1` is "no such mailbox".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnhancedStatus {
    /// 2, 4 or 5.
    pub class: u16,
    /// What it is about: 1 the address, 7 security or policy.
    pub subject: u16,
    /// What exactly.
    pub detail: u16,
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl FromStr for EnhancedStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('.').map(|part| {
            let digits = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            if digits { part.parse::<u16>().ok() } else { None }
        });
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Some(class @ (2 | 4 | 5))), Some(Some(subject)), Some(Some(detail)), None) => {
                Ok(Self { class, subject, detail })
            }
            _ => Err(()),
        }
    }
}

/// A server's answer as it may be kept and logged: one line, not too long, addresses masked.
pub(super) fn presentable(text: &str) -> String {
    let line: String = mask_all(&unescaped(text))
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(TEXT_CHARS_MAX)
        .collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_mean_what_the_standard_says() {
        let cause = |code, text: &str| Delivery::from_reply(code, text.to_owned()).rejection_cause();
        assert_eq!(cause(550, "5.1.1 no such user"), Some(RejectionCause::Address));
        assert_eq!(cause(556, "5.1.10 null MX"), Some(RejectionCause::Address));
        assert_eq!(cause(550, "5.1.8 sender's domain"), Some(RejectionCause::Other));
        assert_eq!(cause(554, "5.7.1 spam"), Some(RejectionCause::Policy));
        assert_eq!(cause(552, "5.2.2 mailbox full"), Some(RejectionCause::Other));
        assert_eq!(cause(553, "5.6.7 no SMTPUTF8"), Some(RejectionCause::BeyondAscii));
        assert_eq!(cause(554, "5.6.0 not MIME"), Some(RejectionCause::Other));
        assert_eq!(cause(550, "no enhanced code"), Some(RejectionCause::Other));
        assert_eq!(cause(451, "4.7.1 greylisted"), None);
        assert!(matches!(
            Delivery::from_reply(421, String::new()),
            Delivery::Deferred { code: Some(421), .. }
        ));
    }

    #[test]
    fn an_answer_shows_no_address() {
        let shown = presentable("<Li@shop.example>: no\r\nsuch user");
        assert_eq!(shown, "<L*@shop.example>: no  such user");
        assert_eq!(presentable(&"x".repeat(9_000)).len(), TEXT_CHARS_MAX);
    }

    #[test]
    fn a_status_is_three_numbers() {
        assert_eq!("5.1.1".parse(), Ok(EnhancedStatus { class: 5, subject: 1, detail: 1 }));
        for wrong in ["5.1", "5.1.1.1", "3.1.1", "5.1.x", "5.1.1234", ""] {
            assert_eq!(wrong.parse::<EnhancedStatus>(), Err(()), "{wrong}");
        }
    }
}
