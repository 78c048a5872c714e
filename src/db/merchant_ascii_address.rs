//! Merchants' second addresses, for servers that take none beyond ASCII.

use diesel::prelude::*;

use crate::db::Connection;
use crate::db::schema::merchant_ascii_address;

/// A merchant's second address.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = merchant_ascii_address, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct AsciiAddressRow {
    pub merchant_id: i64,
    pub address: String,
}

/// The second address of a merchant.
pub fn of_merchant(connection: &mut Connection, merchant_id: i64) -> QueryResult<Option<String>> {
    merchant_ascii_address::table
        .find(merchant_id)
        .select(merchant_ascii_address::address)
        .first(connection)
        .optional()
}

/// Keeps the second address of a merchant; `None`: it has none.
pub fn set(connection: &mut Connection, merchant_id: i64, address: Option<String>) -> QueryResult<()> {
    diesel::delete(merchant_ascii_address::table.find(merchant_id)).execute(connection)?;
    if let Some(address) = address {
        let row = AsciiAddressRow { merchant_id, address };
        diesel::insert_into(merchant_ascii_address::table).values(row).execute(connection)?;
    }
    Ok(())
}
