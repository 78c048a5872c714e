//! When merchants are reminded, where it is not as the settings say.

use diesel::prelude::*;

use crate::db::schema::merchant_reminders;
use crate::db::{Connection, one_of, unless_empty};

/// When a merchant is reminded.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = merchant_reminders, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct RemindersRow {
    pub merchant_id: i64,
    pub leads: String,
}

/// What these merchants have of their own.
pub fn of_merchants(connection: &mut Connection, merchant_ids: &[i64]) -> QueryResult<Vec<RemindersRow>> {
    unless_empty!(merchant_ids);
    merchant_reminders::table
        .filter(one_of(connection, merchant_reminders::merchant_id, merchant_ids))
        .load(connection)
}

/// Keeps what a merchant has of its own; `None`: as the settings say.
pub fn set(connection: &mut Connection, merchant_id: i64, leads: Option<String>) -> QueryResult<()> {
    diesel::delete(merchant_reminders::table.find(merchant_id)).execute(connection)?;
    if let Some(leads) = leads {
        let row = RemindersRow { merchant_id, leads };
        diesel::insert_into(merchant_reminders::table).values(row).execute(connection)?;
    }
    Ok(())
}
