//! Names end to end in one string: 4 bytes and the name's own length each.

/// A list of names.
#[derive(Debug, Clone, Default)]
pub(super) struct IdArena {
    text: String,
    ends: Vec<u32>,
}

impl IdArena {
    /// So many empty names, for elements that nobody asks for theirs.
    pub(super) fn unnamed(count: usize) -> IdArena {
        IdArena { text: String::new(), ends: vec![0; count] }
    }

    /// Appends a name. Whoever fills the arena checks [`IdArena::too_long`] once at the end.
    pub(super) fn push(&mut self, id: &str) {
        self.text.push_str(id);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// Whether the offsets no longer hold all the text.
    pub(super) fn too_long(&self) -> bool {
        u32::try_from(self.text.len()).is_err()
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, at: usize) -> &str {
        let begin = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.text[begin..self.ends[at] as usize]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|at| self.get(at))
    }

    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}
