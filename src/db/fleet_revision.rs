//! A number that is another one after every change of the fleet, so that what was counted can be kept until then.

use diesel::prelude::*;

use crate::db::schema::fleet_revision;
use crate::db::{Connection, on_each};

/// The one row.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = fleet_revision, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct FleetRevisionRow {
    pub id: i64,
    pub revision: i64,
}

/// The revision that this transaction sees; none as long as there is no fleet.
pub fn current(connection: &mut Connection) -> QueryResult<Option<i64>> {
    fleet_revision::table.find(1).select(fleet_revision::revision).first(connection).optional()
}

/// The fleet changes in this transaction. The number is drawn, not counted on: a change that is rolled back must not
/// share its number with the next one.
pub(super) fn change(connection: &mut Connection) -> QueryResult<()> {
    let revision = fleet_revision::revision.eq(rand::random::<i64>());
    on_each!(connection, inner => {
        diesel::insert_into(fleet_revision::table)
            .values((fleet_revision::id.eq(1), revision))
            .on_conflict(fleet_revision::id)
            .do_update()
            .set(revision)
            .execute(inner)
    })
    .map(drop)
}
