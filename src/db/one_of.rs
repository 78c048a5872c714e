//! Whether a column is one of many values, said in one bound text: the statement stays the same however many there are.
//! SQLite prepares it once (an `IN (?, ?, …)` is read anew for every length), and no limit of bound values is met.

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType, Nullable, SqlType, Text};
use serde::Serialize;

use super::Connection;

/// `column` is one of `values`. What else a statement asks of the same rows, say of their state, it asks of
/// `state.concat("")`: SQLite knows nothing of how many values there are, and would sooner walk through all of a state.
pub(super) fn one_of<C, V>(connection: &Connection, column: C, values: &[V]) -> OneOf<C>
where
    C: Expression,
    C::SqlType: Listed,
    V: Serialize,
{
    // A list of numbers or texts can always be written.
    let values = serde_json::to_string(values).unwrap_or_default();
    let around = match connection {
        Connection::Postgres(_) => C::SqlType::ANY_JSON,
        Connection::Sqlite(_) => IN_JSON,
    };
    OneOf { column, around, values }
}

/// What a list can hold.
pub(super) trait Listed {
    /// PostgreSQL's way from a JSON array to an array of it.
    const ANY_JSON: (&'static str, &'static str);
}

impl Listed for BigInt {
    const ANY_JSON: (&'static str, &'static str) = ("= ANY(translate(", ", '[]', '{}')::bigint[])");
}

impl Listed for Text {
    const ANY_JSON: (&'static str, &'static str) =
        ("= ANY(ARRAY(SELECT jsonb_array_elements_text(", "::jsonb)))");
}

impl<T: Listed + SqlType> Listed for Nullable<T> {
    const ANY_JSON: (&'static str, &'static str) = T::ANY_JSON;
}

/// SQLite's way from a JSON array to rows.
const IN_JSON: (&str, &str) = ("IN (SELECT value FROM json_each(", "))");

/// A condition: see [`one_of`].
#[derive(Clone, Debug)]
pub(super) struct OneOf<C> {
    column: C,
    /// What stands before and behind the values.
    around: (&'static str, &'static str),
    values: String,
}

impl<C, D> QueryFragment<D> for OneOf<C>
where
    C: QueryFragment<D>,
    D: Backend + HasSqlType<Text>,
    String: ToSql<Text, D>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, D>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" ");
        out.push_sql(self.around.0);
        out.push_bind_param::<Text, _>(&self.values)?;
        out.push_sql(self.around.1);
        Ok(())
    }
}

/// A connection speaks one dialect, and a column has one type: the column tells statements apart.
impl<C: QueryId> QueryId for OneOf<C> {
    type QueryId = OneOf<C::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = C::HAS_STATIC_QUERY_ID;
}

impl<C> Expression for OneOf<C> {
    type SqlType = Bool;
}

impl<C: SelectableExpression<Q>, Q> SelectableExpression<Q> for OneOf<C> where Self: AppearsOnTable<Q> {}

impl<C: AppearsOnTable<Q>, Q> AppearsOnTable<Q> for OneOf<C> {}

impl<C> ValidGrouping<()> for OneOf<C> {
    type IsAggregate = is_aggregate::No;
}
