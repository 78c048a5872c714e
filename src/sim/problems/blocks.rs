//! What misleads greedy methods: tasks that fit only as a proper edge colouring, cells that want more than they
//! get, tasks without any place.

use crate::sim::dice::Dice;

use super::crew::{Crew, Draft, Shop};
use super::sites::Firms;
use super::zones::{SHORT_NIGHT_SLOTS, SHORT_NIGHTS, short_night};
use super::{FIRST_SLOT, SLOTS};

/// So many more than its nights want to be served in a cell that gets one a night.
const SURPLUS: u32 = 2;

/// The size of what is built.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// As many cells and as many chains, one task of each a night: a task is an edge, a night is a colour, and
    /// the graph has as many edges at each node as there are colours.
    coloured: u32,
    /// Cells in which [`SURPLUS`] tasks remain.
    crowded: u32,
    /// Tasks without a place.
    hopeless: u32,
}

/// A task of the block, before it has a shop.
#[derive(Clone, Copy)]
enum Edge {
    Coloured { cell: u32, chain: u32, night: u32 },
    Crowded { cell: u32, night: Option<u32> },
}

impl Blocks {
    /// About a fifth of all tasks; nothing in problems that are too small for it.
    pub(super) fn of(tasks: u32) -> Blocks {
        Blocks {
            coloured: tasks * 3 / 20 / SHORT_NIGHTS,
            crowded: (tasks + 300) / 700,
            hopeless: tasks / 100,
        }
    }

    pub(super) fn tasks(&self) -> u32 {
        self.coloured * SHORT_NIGHTS + self.crowded * (SHORT_NIGHTS + SURPLUS) + self.hopeless
    }

    pub(super) fn any(&self) -> bool {
        self.tasks() > 0
    }

    /// The last one is that of the hopeless.
    pub(super) fn cells(&self) -> u32 {
        self.coloured + self.crowded + 1
    }

    pub(super) fn chains(&self) -> u32 {
        self.coloured
    }

    /// How many of the block are down at once in the hidden plan.
    pub(super) fn peak(&self) -> u32 {
        self.coloured + self.crowded
    }

    /// Adds the tasks, each in a shop of its own, with the calendar of short nights.
    pub(super) fn add<F: FnMut(Option<u32>)>(
        &self,
        crew: &mut Crew<F>,
        firms: &Firms,
        short_nights: u32,
        dice: &mut Dice,
    ) {
        let mut edges = self.edges(dice);
        // The order must not tell the colours.
        dice.shuffle(&mut edges);
        let first_chain = crew.layout.free_chains();
        for edge in edges {
            let (cell, chain, night) = match edge {
                Edge::Coloured { cell, chain, night } => (cell, Some(first_chain + chain), Some(night)),
                Edge::Crowded { cell, night } => (self.coloured + cell, None, night),
            };
            let start = night.map(short_night);
            let shop = Shop { chain, ..firms.shop(short_nights, dice) };
            let anywhere = Window { release: FIRST_SLOT, deadline: SLOTS };
            add_alone(crew, &shop, SHORT_NIGHT_SLOTS, &anywhere, cell, start);
        }
        for number in 0..self.hopeless {
            let cell = self.coloured + self.crowded;
            let (calendar, duration, window) = match number % 3 {
                // No time at all.
                0 => (0, 4, Window { release: FIRST_SLOT, deadline: FIRST_SLOT }),
                // By day, when calendar 0 is shut.
                1 => (0, 4, Window { release: 1000, deadline: 1040 }),
                // Longer than any night.
                _ => (short_nights, SHORT_NIGHT_SLOTS + 2, Window { release: FIRST_SLOT, deadline: SLOTS }),
            };
            let shop = Shop { chain: None, volume: 1, ..firms.shop(calendar, dice) };
            add_alone(crew, &shop, duration, &window, cell, None);
        }
    }

    fn edges(&self, dice: &mut Dice) -> Vec<Edge> {
        let mut edges = Vec::with_capacity((self.tasks() - self.hopeless) as usize);
        let mut chains: Vec<u32> = (0..self.coloured).collect();
        for night in 0..SHORT_NIGHTS {
            // A perfect matching of cells and chains.
            dice.shuffle(&mut chains);
            edges.extend((0..).zip(&chains).map(|(cell, &chain)| Edge::Coloured { cell, chain, night }));
        }
        for cell in 0..self.crowded {
            let nights = (0..SHORT_NIGHTS).map(Some).chain((0..SURPLUS).map(|_| None));
            edges.extend(nights.map(|night| Edge::Crowded { cell, night }));
        }
        edges
    }
}

struct Window {
    release: u32,
    deadline: u32,
}

fn add_alone<F: FnMut(Option<u32>)>(
    crew: &mut Crew<F>,
    shop: &Shop,
    duration: u32,
    window: &Window,
    cell: u32,
    start: Option<u32>,
) {
    let &Window { release, deadline } = window;
    crew.open_site(1);
    crew.add_task(shop, &Draft { duration, release, deadline, weight: 1, cell, start });
}
