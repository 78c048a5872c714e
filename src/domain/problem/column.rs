//! Numbers in as few bytes each as the largest of them needs.

use super::NONE;

/// A list of numbers, one, two or four bytes each. [`NONE`] fits into every width.
#[derive(Debug, Clone)]
pub(super) enum Column {
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
}

impl Default for Column {
    fn default() -> Column {
        Column::One(Vec::new())
    }
}

impl Column {
    pub(super) fn len(&self) -> usize {
        match self {
            Column::One(values) => values.len(),
            Column::Two(values) => values.len(),
            Column::Four(values) => values.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> u32 {
        match self {
            Column::One(values) => match values[at] {
                u8::MAX => NONE,
                value => value.into(),
            },
            Column::Two(values) => match values[at] {
                u16::MAX => NONE,
                value => value.into(),
            },
            Column::Four(values) => values[at],
        }
    }

    pub(super) fn push(&mut self, value: u32) {
        self.widen_for(value);
        match self {
            Column::One(values) => values.push(value as u8),
            Column::Two(values) => values.push(value as u16),
            Column::Four(values) => values.push(value),
        }
    }

    pub(super) fn set(&mut self, at: usize, value: u32) {
        self.widen_for(value);
        match self {
            Column::One(values) => values[at] = value as u8,
            Column::Two(values) => values[at] = value as u16,
            Column::Four(values) => values[at] = value,
        }
    }

    /// As long as this, with [`NONE`] where nothing was.
    pub(super) fn resize(&mut self, count: usize) {
        match self {
            Column::One(values) => values.resize(count, u8::MAX),
            Column::Two(values) => values.resize(count, u16::MAX),
            Column::Four(values) => values.resize(count, NONE),
        }
    }

    /// The numbers at these places, in this order.
    pub(super) fn pick(&self, places: &[u32]) -> Column {
        match self {
            Column::One(values) => Column::One(places.iter().map(|&at| values[at as usize]).collect()),
            Column::Two(values) => Column::Two(places.iter().map(|&at| values[at as usize]).collect()),
            Column::Four(values) => Column::Four(places.iter().map(|&at| values[at as usize]).collect()),
        }
    }

    /// Every number by itself, changed.
    pub(super) fn map(&self, change: impl Fn(u32) -> u32) -> Column {
        (0..self.len()).map(|at| change(self.get(at))).collect()
    }

    pub(super) fn shrink(&mut self) {
        match self {
            Column::One(values) => values.shrink_to_fit(),
            Column::Two(values) => values.shrink_to_fit(),
            Column::Four(values) => values.shrink_to_fit(),
        }
    }

    fn widen_for(&mut self, value: u32) {
        match self {
            _ if value == NONE => {}
            Column::One(values) if value >= u8::MAX.into() => {
                let wider = |&value: &u8| if value == u8::MAX { u16::MAX } else { value.into() };
                *self = Column::Two(values.iter().map(wider).collect());
                self.widen_for(value);
            }
            Column::Two(values) if value >= u16::MAX.into() => {
                let wider = |&value: &u16| if value == u16::MAX { NONE } else { value.into() };
                *self = Column::Four(values.iter().map(wider).collect());
            }
            _ => {}
        }
    }
}

impl FromIterator<u32> for Column {
    fn from_iter<I: IntoIterator<Item = u32>>(values: I) -> Column {
        let mut column = Column::default();
        values.into_iter().for_each(|value| column.push(value));
        column.shrink();
        column
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_wider_and_forgets_nothing() {
        let values = [0, 254, NONE, 255, 7, 65_534, NONE, 65_535, u32::MAX - 1, 1];
        for count in 0..=values.len() {
            let mut column: Column = values[..count].iter().copied().collect();
            assert_eq!((0..column.len()).map(|at| column.get(at)).collect::<Vec<_>>(), values[..count]);
            column.resize(count + 1);
            assert_eq!(column.get(count), NONE);
            column.set(count, 300);
            assert_eq!(column.get(count), 300);
            assert_eq!(column.pick(&[count as u32]).get(0), 300);
            assert_eq!(column.map(|value| value.saturating_add(1)).get(count), 301);
        }
    }
}
