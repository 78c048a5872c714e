//! Names end to end in one string: little more than the name's own length each.

/// A list of names.
#[derive(Debug, Clone, Default)]
pub(super) struct IdArena {
    text: String,
    /// Where every [`BLOCK`]th name begins.
    blocks: Vec<u32>,
    /// The length of each name in bytes; [`LONG`] if it is in `long`.
    lengths: Vec<u8>,
    /// Position and length of long names, in order.
    long: Vec<(u32, u32)>,
    /// So many empty names before all others.
    unnamed: usize,
}

/// So many names are counted from one place.
const BLOCK: usize = 4;
/// A name of at least so many bytes is long.
const LONG: u8 = u8::MAX;

impl IdArena {
    /// So many empty names, for elements that nobody asks for theirs.
    pub(super) fn unnamed(count: usize) -> IdArena {
        IdArena { unnamed: count, ..IdArena::default() }
    }

    /// Appends a name. Whoever fills the arena checks [`IdArena::too_long`] once at the end.
    pub(super) fn push(&mut self, id: &str) {
        if self.lengths.len().is_multiple_of(BLOCK) {
            self.blocks.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        }
        self.lengths.push(u8::try_from(id.len()).unwrap_or(LONG));
        if id.len() >= usize::from(LONG) {
            self.long.push((self.lengths.len() as u32 - 1, u32::try_from(id.len()).unwrap_or(u32::MAX)));
        }
        self.text.push_str(id);
    }

    /// Whether the offsets no longer hold all the text.
    pub(super) fn too_long(&self) -> bool {
        u32::try_from(self.text.len()).is_err()
    }

    pub(super) fn len(&self) -> usize {
        self.unnamed + self.lengths.len()
    }

    pub(super) fn get(&self, at: usize) -> &str {
        let Some(at) = at.checked_sub(self.unnamed) else { return "" };
        let block = at / BLOCK;
        let before: usize = (block * BLOCK..at).map(|at| self.length(at)).sum();
        let begin = self.blocks[block] as usize + before;
        &self.text[begin..begin + self.length(at)]
    }

    fn length(&self, at: usize) -> usize {
        match self.lengths[at] {
            LONG => self
                .long
                .binary_search_by_key(&(at as u32), |&(at, _)| at)
                .map_or(0, |found| self.long[found].1 as usize),
            length => length.into(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut begin = 0;
        let named = (0..self.lengths.len()).map(move |at| {
            let id = &self.text[begin..begin + self.length(at)];
            begin += id.len();
            id
        });
        std::iter::repeat_n("", self.unnamed).chain(named)
    }

    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.blocks.shrink_to_fit();
        self.lengths.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_length_come_back() {
        let names: Vec<String> = (0..100usize).map(|at| "é".repeat([at, 127, 128, 0, 300][at % 5])).collect();
        let mut arena = IdArena::default();
        names.iter().for_each(|name| arena.push(name));
        assert!(arena.iter().eq(names.iter()));
        assert!((0..100).all(|at| arena.get(at) == names[at]));
        assert_eq!(IdArena::unnamed(17).iter().collect::<String>(), "");
        assert_eq!(IdArena::unnamed(17).get(16), "");
    }
}
