//! The tree of a selector: what it says of a terminal, and its canonical text.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use super::field::{Actual, Field, Value};
use super::glob::Glob;
use super::lexer::{Operator, quoted};
use crate::domain::fleet::{FirmwareVersion, Merchant, Site, Terminal};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    All,
    Test(Field, Test),
    Not(Box<Expression>),
    /// Two or more, none of which is an `And`.
    And(Vec<Expression>),
    /// Two or more, none of which is an `Or`.
    Or(Vec<Expression>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Compare(Operator, Operand),
    In { negated: bool, values: BTreeSet<Value> },
    Like { negated: bool, pattern: Glob },
}

/// The right side of a comparison: a version is parsed once, here, and not for every terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Value(Value),
    Version(FirmwareVersion),
}

impl Expression {
    pub(super) fn matches(&self, terminal: &Terminal, site: &Site, merchant: &Merchant) -> bool {
        match self {
            Expression::All => true,
            Expression::Test(field, test) => test.holds(field.actual(terminal, site, merchant)),
            Expression::Not(inner) => !inner.matches(terminal, site, merchant),
            Expression::And(parts) => parts.iter().all(|part| part.matches(terminal, site, merchant)),
            Expression::Or(parts) => parts.iter().any(|part| part.matches(terminal, site, merchant)),
        }
    }
}

impl Test {
    /// A missing value equals, precedes, follows and resembles nothing; so only what is negated holds of it.
    fn holds(&self, actual: Option<Actual<'_>>) -> bool {
        match (self, actual) {
            (Test::Compare(operator, _), None) => *operator == Operator::NotEqual,
            (Test::In { negated, .. } | Test::Like { negated, .. }, None) => *negated,
            (Test::Compare(operator, operand), Some(actual)) => operator.holds(actual.compare(operand)),
            (Test::In { negated, values }, Some(actual)) => values.contains(&actual.into_value()) != *negated,
            (Test::Like { negated, pattern }, Some(actual)) => match actual {
                Actual::Text(text) => pattern.matches(text) != *negated,
                Actual::Version(version) => pattern.matches(version.as_str()) != *negated,
                Actual::Number(number) => pattern.matches(&number.to_string()) != *negated,
            },
        }
    }
}

impl Operator {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Operator::Equal => ordering.is_eq(),
            Operator::NotEqual => ordering.is_ne(),
            Operator::Less => ordering.is_lt(),
            Operator::LessOrEqual => ordering.is_le(),
            Operator::Greater => ordering.is_gt(),
            Operator::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Actual<'_> {
    fn compare(&self, operand: &Operand) -> Ordering {
        match (self, operand) {
            (Actual::Text(actual), Operand::Value(Value::Text(expected))) => (*actual).cmp(expected),
            (Actual::Version(actual), Operand::Version(expected)) => (*actual).cmp(expected),
            (Actual::Number(actual), Operand::Value(Value::Number(expected))) => actual.cmp(expected),
            (Actual::Text(_) | Actual::Version(_) | Actual::Number(_), _) => {
                unreachable!("the parser reads the right side by the kind of the field")
            }
        }
    }

    fn into_value(self) -> Value {
        match self {
            Actual::Text(text) => Value::Text(text.to_owned()),
            Actual::Version(version) => Value::Text(version.to_string()),
            Actual::Number(number) => Value::Number(number),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expression::All => formatter.write_str("all"),
            Expression::Test(field, test) => write!(formatter, "{field} {test}"),
            Expression::Not(inner) => {
                formatter.write_str("not ")?;
                match **inner {
                    Expression::And(_) | Expression::Or(_) => write!(formatter, "({inner})"),
                    _ => write!(formatter, "{inner}"),
                }
            }
            Expression::And(parts) => separated(formatter, " and ", parts, |formatter, part| match part {
                Expression::Or(_) => write!(formatter, "({part})"),
                _ => write!(formatter, "{part}"),
            }),
            Expression::Or(parts) => {
                separated(formatter, " or ", parts, |formatter, part| write!(formatter, "{part}"))
            }
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = |negated: &bool| if *negated { "not " } else { "" };
        match self {
            Test::Compare(operator, Operand::Value(value)) => {
                write!(formatter, "{} {value}", operator.as_str())
            }
            Test::Compare(operator, Operand::Version(version)) => {
                write!(formatter, "{} {}", operator.as_str(), quoted(version.as_str()))
            }
            Test::In { negated, values } => {
                write!(formatter, "{}in (", not(negated))?;
                separated(formatter, ", ", values, |formatter, value| write!(formatter, "{value}"))?;
                formatter.write_str(")")
            }
            Test::Like { negated, pattern } => {
                write!(formatter, "{}like {}", not(negated), quoted(pattern.as_str()))
            }
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number) => write!(formatter, "{number}"),
            Value::Text(text) => formatter.write_str(&quoted(text)),
        }
    }
}

fn separated<T>(
    formatter: &mut fmt::Formatter<'_>,
    separator: &str,
    items: impl IntoIterator<Item = T>,
    write_item: impl Fn(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            formatter.write_str(separator)?;
        }
        write_item(formatter, item)?;
    }
    Ok(())
}
