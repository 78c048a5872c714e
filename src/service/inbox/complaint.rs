//! A merchant's mail service complains of a mail as unwanted.

use super::Made;
use crate::api::inbound::InboundOutcome;
use crate::db::notice::NoticeRow;
use crate::db::{self, Connection, Instant};
use crate::domain::notice::NoticeKind;
use crate::service::audit::{Change, record};
use crate::service::{Actor, App, Error};

/// Takes in a complaint about `notice`: a merchant who may do without such mail gets no more of it; of any other,
/// operators hear.
pub(super) fn take(
    connection: &mut Connection,
    app: &App,
    notice: &NoticeRow,
    kind: &str,
) -> Result<Made, Error> {
    if kind == "not-spam" {
        return Ok(Made::new(InboundOutcome::Noted, "the merchant says that the mail is wanted"));
    }
    let actor = Actor::worker("inbox");
    let merchant = db::fleet::merchants_by_id(connection, &[notice.merchant_id])?.pop();
    let merchant = merchant.ok_or_else(|| Error::Corrupt(format!("notice {} has no merchant", notice.id)))?;
    if !notice.kind.parse().is_ok_and(NoticeKind::is_optional) {
        let why = format!(
            "merchant {} complains ({kind}) of a mail that is not optional; a call may help",
            merchant.number
        );
        return Ok(Made::kept(why));
    }
    if !db::merchant_answer::does_without_optional(connection, merchant.id)? {
        let since = Some(Instant::from(app.clock.now()));
        db::merchant_answer::set_without_optional(connection, merchant.id, since)?;
        let reason = format!("complaint ({kind}) about notice {}", notice.id);
        let change = Change::new("merchant.optional_mail", format!("merchant {}", merchant.number))
            .before(&true)
            .after(&false)
            .because(Some(&reason));
        record(connection, app, &actor, change)?;
    }
    let why = format!("merchant {} complains ({kind}), and gets no optional mail any more", merchant.number);
    Ok(Made::new(InboundOutcome::Complaint, why))
}
