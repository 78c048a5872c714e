//! What a merchant reads, and the shape of the message that carries it.

use offpeak::domain::fleet::Locale;
use offpeak::domain::notice::NoticeKind;
use offpeak::mail::compose;

use crate::mail_letters::{envelope, large, small};

#[test]
fn dump() {
    for locale in Locale::ALL {
        for kind in NoticeKind::ALL {
            for (size, letter) in [("small", small(kind, locale)), ("large", large(kind, locale))] {
                let mail = compose(&letter, &envelope("notice-7.0@mail.harbour.example")).expect("a mail");
                std::fs::write(format!("/tmp/dump/{locale}-{kind}-{size}.html"), &mail.html).unwrap();
                std::fs::write(
                    format!("/tmp/dump/{locale}-{kind}-{size}.txt"),
                    format!("{}\n\n{}", mail.subject, mail.text),
                )
                .unwrap();
                std::fs::write(format!("/tmp/dump/{locale}-{kind}-{size}.eml"), &mail.bytes).unwrap();
            }
        }
    }
}
