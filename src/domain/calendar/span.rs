//! Half-open spans of instants, and sets of them.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use std::ops::Range;

/// From `start` (in it) to `end` (not in it); never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl Span {
    /// `None` when nothing lies between `start` and `end`.
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Option<Span> {
        (start < end).then_some(Span { start, end })
    }

    /// The first instant in it.
    pub fn start(&self) -> DateTime<Utc> {
        self.start
    }

    /// The first instant after it.
    pub fn end(&self) -> DateTime<Utc> {
        self.end
    }

    /// How long it lasts.
    pub fn duration(&self) -> TimeDelta {
        self.end - self.start
    }

    /// Whether `instant` lies in it.
    pub fn contains(&self, instant: DateTime<Utc>) -> bool {
        self.start <= instant && instant < self.end
    }

    /// What it shares with `other`.
    pub fn intersection(&self, other: Span) -> Option<Span> {
        Span::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// What of it lies in `range`.
    pub fn clipped(&self, range: &Range<DateTime<Utc>>) -> Option<Span> {
        Span::new(self.start.max(range.start), self.end.min(range.end))
    }
}

/// A set of instants: spans in order, with a gap between any two (spans that overlap or touch are one).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct SpanSet {
    spans: Vec<Span>,
}

impl SpanSet {
    /// The spans, in order, disjoint, not touching.
    pub fn as_slice(&self) -> &[Span] {
        &self.spans
    }

    /// The spans, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Span> {
        self.spans.iter()
    }

    /// Whether no instant is in it.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Whether `instant` is in it.
    pub fn contains(&self, instant: DateTime<Utc>) -> bool {
        let after = self.spans.partition_point(|span| span.end <= instant);
        self.spans.get(after).is_some_and(|span| span.contains(instant))
    }

    /// How long all of it lasts.
    pub fn duration(&self) -> TimeDelta {
        self.spans.iter().map(Span::duration).sum()
    }

    /// What is in one or the other.
    pub fn union(&self, other: &SpanSet) -> SpanSet {
        self.spans.iter().chain(&other.spans).copied().collect()
    }

    /// What is in this one and not in the other.
    pub fn subtract(&self, other: &SpanSet) -> SpanSet {
        let mut kept = Vec::new();
        let mut holes = other.spans.as_slice();
        for span in &self.spans {
            let passed = holes.partition_point(|hole| hole.end <= span.start);
            holes = &holes[passed..];
            let mut from = span.start;
            for hole in holes.iter().take_while(|hole| hole.start < span.end) {
                kept.extend(Span::new(from, hole.start));
                from = hole.end;
            }
            kept.extend(Span::new(from, span.end));
        }
        SpanSet { spans: kept }
    }

    /// What is in both.
    pub fn intersect(&self, other: &SpanSet) -> SpanSet {
        let (mut left, mut right) = (self.spans.as_slice(), other.spans.as_slice());
        let mut shared = Vec::new();
        while let ([one, left_rest @ ..], [two, right_rest @ ..]) = (left, right) {
            shared.extend(one.intersection(*two));
            if one.end <= two.end {
                left = left_rest;
            } else {
                right = right_rest;
            }
        }
        SpanSet { spans: shared }
    }
}

impl FromIterator<Span> for SpanSet {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> SpanSet {
        let mut sorted: Vec<Span> = spans.into_iter().collect();
        sorted.sort_unstable();
        let mut merged: Vec<Span> = Vec::with_capacity(sorted.len());
        for span in sorted {
            match merged.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => merged.push(span),
            }
        }
        SpanSet { spans: merged }
    }
}

impl IntoIterator for SpanSet {
    type Item = Span;
    type IntoIter = std::vec::IntoIter<Span>;

    fn into_iter(self) -> Self::IntoIter {
        self.spans.into_iter()
    }
}

impl<'a> IntoIterator for &'a SpanSet {
    type Item = &'a Span;
    type IntoIter = std::slice::Iter<'a, Span>;

    fn into_iter(self) -> Self::IntoIter {
        self.spans.iter()
    }
}
