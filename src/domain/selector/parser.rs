//! From text to tree: `or` binds loosest, then `and`, then `not`; parentheses as usual.

use std::collections::BTreeSet;
use std::ops::Range;

use super::error::SelectorError;
use super::expression::{Expression, Operand, Test};
use super::field::{Field, FieldKind, Value};
use super::glob::Glob;
use super::lexer::{Operator, Token, TokenKind, tokens};
use crate::domain::fleet::FirmwareVersion;

/// How deep `not` and parentheses may nest: far beyond what anybody reads, far below what a stack holds.
const DEPTH_MAX: usize = 100;

const KEYWORDS: [&str; 6] = ["all", "and", "in", "like", "not", "or"];

pub(super) fn parse(text: &str) -> Result<Expression, SelectorError> {
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0, depth: 0 };
    let expression = parser.any_of()?;
    let rest = parser.peek();
    match rest.kind {
        TokenKind::End => Ok(expression),
        TokenKind::Close => Err(parser.wrong(rest.span.clone(), "this `)` closes nothing")),
        TokenKind::Word(_) | TokenKind::Quoted(_) => {
            Err(parser.expected("`and`, `or` or the end; write a value that holds blanks in double quotes"))
        }
        _ => Err(parser.expected("`and`, `or` or the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    /// The next token; there always is one, as the last is never taken.
    fn peek(&self) -> &Token {
        &self.tokens[self.at]
    }

    fn take(&mut self) -> Token {
        let token = self.tokens[self.at].clone();
        if token.kind != TokenKind::End {
            self.at += 1;
        }
        token
    }

    fn wrong(&self, span: Range<usize>, message: impl Into<String>) -> SelectorError {
        SelectorError::new(self.text, span, message)
    }

    fn expected(&self, what: &str) -> SelectorError {
        let Token { kind, span } = self.peek();
        let found = match kind {
            TokenKind::End => "the end".to_owned(),
            _ => format!("`{}`", &self.text[span.clone()]),
        };
        self.wrong(span.clone(), format!("found {found} where one expects {what}"))
    }

    /// Whether the next token is this keyword, in any letter case.
    fn is_next(&self, keyword: &str) -> bool {
        matches!(&self.peek().kind, TokenKind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn took(&mut self, keyword: &str) -> bool {
        let found = self.is_next(keyword);
        self.at += usize::from(found);
        found
    }

    fn any_of(&mut self) -> Result<Expression, SelectorError> {
        let mut parts = Vec::new();
        loop {
            match self.all_of()? {
                Expression::Or(inner) => parts.extend(inner),
                other => parts.push(other),
            }
            if !self.took("or") {
                return Ok(one_or(parts, Expression::Or));
            }
        }
    }

    fn all_of(&mut self) -> Result<Expression, SelectorError> {
        let mut parts = Vec::new();
        loop {
            match self.term()? {
                Expression::And(inner) => parts.extend(inner),
                other => parts.push(other),
            }
            if !self.took("and") {
                return Ok(one_or(parts, Expression::And));
            }
        }
    }

    fn term(&mut self) -> Result<Expression, SelectorError> {
        let opening = self.peek().span.clone();
        if self.took("not") {
            return self.deeper(&opening, |parser| Ok(Expression::Not(Box::new(parser.term()?))));
        }
        if self.took("all") {
            return Ok(Expression::All);
        }
        if self.peek().kind == TokenKind::Open {
            self.take();
            return self.deeper(&opening, |parser| {
                let inner = parser.any_of()?;
                match parser.peek().kind {
                    TokenKind::Close => parser.take(),
                    TokenKind::End => {
                        return Err(parser.wrong(opening.clone(), "this `(` is never closed"));
                    }
                    _ => return Err(parser.expected("`and`, `or` or `)`")),
                };
                Ok(inner)
            });
        }
        self.test()
    }

    fn deeper(
        &mut self,
        opening: &Range<usize>,
        parse: impl FnOnce(&mut Self) -> Result<Expression, SelectorError>,
    ) -> Result<Expression, SelectorError> {
        if self.depth == DEPTH_MAX {
            let message = format!("nested too deeply; `not` and `(` may nest {DEPTH_MAX} deep");
            return Err(self.wrong(opening.clone(), message));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn test(&mut self) -> Result<Expression, SelectorError> {
        let field = self.field()?;
        let operator_span = self.peek().span.clone();
        let negated = self.took("not");
        let test = if self.took("in") {
            Test::In { negated, values: self.list(field.kind())? }
        } else if self.took("like") {
            if field.kind() == FieldKind::Number {
                return Err(self.wrong(operator_span, format!("`{field}` is a number; `like` is for texts")));
            }
            Test::Like { negated, pattern: self.pattern()? }
        } else if negated {
            return Err(self.expected("`in` or `like`"));
        } else {
            self.comparison(&field)?
        };
        Ok(Expression::Test(field, test))
    }

    fn field(&mut self) -> Result<Field, SelectorError> {
        let Token { kind: TokenKind::Word(name), span } = self.peek().clone() else {
            return Err(self.expected("a field, `not`, `(` or `all`"));
        };
        if is_keyword(&name) {
            return Err(self.expected("a field, `not`, `(` or `all`"));
        }
        self.take();
        if name != "tag." {
            return Field::named(&name).map_err(|message| self.wrong(span, message));
        }
        match self.take() {
            Token { kind: TokenKind::Quoted(name), span: quotes } if quotes.start == span.end => {
                Ok(Field::Tag(name))
            }
            _ => Err(self.wrong(span, "the name of the tag is missing; write tag.NAME or tag.\"the name\"")),
        }
    }

    fn comparison(&mut self, field: &Field) -> Result<Test, SelectorError> {
        let Token { kind: TokenKind::Operator(operator), span } = self.peek().clone() else {
            return Err(self.expected("`=`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `not in` or `like`"));
        };
        let kind = field.kind();
        if !kind.is_ordered() && !matches!(operator, Operator::Equal | Operator::NotEqual) {
            return Err(self.wrong(span, format!("`{field}` has no order; use `=`, `!=`, `in` or `like`")));
        }
        self.take();
        let value = self.value(kind)?;
        Ok(Test::Compare(
            operator,
            match value {
                Value::Text(text) if kind == FieldKind::Version => {
                    Operand::Version(FirmwareVersion::new(&text))
                }
                other => Operand::Value(other),
            },
        ))
    }

    fn list(&mut self, kind: FieldKind) -> Result<BTreeSet<Value>, SelectorError> {
        if self.peek().kind != TokenKind::Open {
            return Err(self.expected("`(` and a list of values"));
        }
        let opening = self.take().span;
        let mut values = BTreeSet::new();
        loop {
            values.insert(self.value(kind)?);
            match self.peek().kind {
                TokenKind::Comma => self.take(),
                TokenKind::Close => {
                    self.take();
                    return Ok(values);
                }
                TokenKind::End => return Err(self.wrong(opening, "this `(` is never closed")),
                _ => return Err(self.expected("`,` or `)`")),
            };
        }
    }

    fn pattern(&mut self) -> Result<Glob, SelectorError> {
        let (text, _) = self.value_text()?;
        Ok(Glob::new(&text))
    }

    fn value(&mut self, kind: FieldKind) -> Result<Value, SelectorError> {
        let is_quoted = matches!(self.peek().kind, TokenKind::Quoted(_));
        let (text, span) = self.value_text()?;
        if !is_quoted && text.contains(['*', '?']) {
            let message = "a pattern needs `like`; a value that really holds * or ? needs double quotes";
            return Err(self.wrong(span, message));
        }
        kind.value(&text).map_err(|message| self.wrong(span, message))
    }

    fn value_text(&mut self) -> Result<(String, Range<usize>), SelectorError> {
        let Token { kind, span } = self.peek().clone();
        match kind {
            TokenKind::Word(word) if is_keyword(&word) => Err(self.wrong(
                span,
                format!("`{word}` is a word of the language; as a value it needs double quotes"),
            )),
            TokenKind::Word(text) | TokenKind::Quoted(text) => {
                self.take();
                Ok((text, span))
            }
            _ => Err(self.expected("a value")),
        }
    }
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

/// The only part, or all of them joined.
fn one_or(mut parts: Vec<Expression>, join: impl FnOnce(Vec<Expression>) -> Expression) -> Expression {
    match parts.len() {
        1 => parts.remove(0),
        _ => join(parts),
    }
}
