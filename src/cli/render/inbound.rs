//! Mail that came in.

use crate::api::inbound::InboundView;
use crate::cli::output::{Screen, Table};
use crate::cli::render::{instant, optional};

/// Mail that came in, one a line, with the beginning of its text below the table.
pub fn list(screen: &mut Screen, mails: &[InboundView]) {
    let mut table = Table::new(["id", "came (UTC)", "made of it", "from", "subject", "notice", "why"]);
    for mail in mails {
        table.row([
            mail.id.to_string(),
            instant(mail.received_at),
            mail.outcome.to_string(),
            optional(mail.sender.as_ref()),
            mail.subject.clone(),
            optional(mail.notice),
            mail.why.clone(),
        ]);
    }
    screen.table(table);
    for mail in mails {
        if let Some(excerpt) = &mail.excerpt {
            screen.blank();
            screen.line(format!("{}: {excerpt}", mail.id));
        }
    }
}
