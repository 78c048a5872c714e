//! Counts who is down when in the hidden plan while the tasks are added, and makes the caps of it.

use std::fmt::Write;
use std::iter::repeat_n;

use crate::domain::problem::{GroupInput, Problem, ProblemBuilder, SITE_KIND, TaskInput};

use super::blocks::Blocks;
use super::{Generated, Plot, SLOTS, Shape};

pub(super) const HOSTS: u32 = 10;

/// A cell of a region's terminals.
const CELL_TASKS: u32 = 220;

/// Where the groups lie in the problem: the fleet, regions, hosts, cells, chains, sites.
pub(super) struct Layout {
    regions: u32,
    /// The first cell of each region; one more for the end.
    cells: Vec<u32>,
    /// Of these, the last ones belong to blocks: one task a night each.
    block_cells: u32,
    free_chains: u32,
    block_chains: u32,
}

impl Layout {
    pub(super) fn new(plots: &[Plot<'_>], blocks: &Blocks, free_chains: u32) -> Layout {
        let of_plots = plots.iter().map(|plot| ((plot.tasks + CELL_TASKS / 2) / CELL_TASKS).max(2));
        let mut cells = vec![0];
        let mut count = 0;
        let block_cells = if blocks.any() { blocks.cells() } else { 0 };
        for more in of_plots.chain(blocks.any().then_some(block_cells)) {
            count += more;
            cells.push(count);
        }
        Layout {
            regions: cells.len() as u32 - 1,
            cells,
            block_cells,
            free_chains,
            block_chains: blocks.chains(),
        }
    }

    /// How many chains have shops in all regions; the others belong to blocks.
    pub(super) fn free_chains(&self) -> u32 {
        self.free_chains
    }

    fn all_cells(&self) -> u32 {
        self.cells[self.regions as usize]
    }

    fn first_host(&self) -> u32 {
        1 + self.regions
    }

    fn first_cell(&self) -> u32 {
        self.first_host() + HOSTS
    }

    fn first_chain(&self) -> u32 {
        self.first_cell() + self.all_cells()
    }

    fn first_site(&self) -> u32 {
        self.first_chain() + self.free_chains + self.block_chains
    }
}

/// A shop, as its tasks need it.
pub(super) struct Shop {
    /// Number of its calendar and of its profile.
    pub calendar: u32,
    pub volume: u32,
    pub host: u32,
    pub chain: Option<u32>,
}

/// A task, as it is handed to [`Crew::add_task`].
pub(super) struct Draft {
    pub duration: u32,
    pub release: u32,
    pub deadline: u32,
    pub weight: u32,
    /// Among the cells of the region.
    pub cell: u32,
    /// Where the hidden plan has it.
    pub start: Option<u32>,
}

/// Takes the tasks, region by region and shop by shop.
pub(super) struct Crew<F> {
    builder: ProblemBuilder,
    pub layout: Layout,
    planted: F,
    region: u32,
    /// Members of each region, host, cell and chain, for caps that go by size.
    members: Vec<u32>,
    fleet: Load,
    hosts: Load,
    chains: Load,
    /// Of this region only.
    cells: Load,
    cell_peaks: Vec<u32>,
    site_caps: Vec<u8>,
    site_name: String,
    task_name: String,
    tasks: u32,
    known_weight: u64,
}

impl<F: FnMut(Option<u32>)> Crew<F> {
    pub(super) fn new(builder: ProblemBuilder, layout: Layout, planted: F) -> Crew<F> {
        Crew {
            builder,
            planted,
            region: 0,
            members: vec![0; layout.first_site() as usize],
            fleet: Load::new(1),
            hosts: Load::new(HOSTS),
            chains: Load::new(layout.free_chains),
            cells: Load::new(0),
            cell_peaks: Vec::new(),
            layout,
            site_caps: Vec::new(),
            site_name: String::new(),
            task_name: String::new(),
            tasks: 0,
            known_weight: 0,
        }
    }

    /// What follows is in this region; regions come in order.
    pub(super) fn open_region(&mut self, region: u32) {
        self.cell_peaks.extend(self.cells.peaks());
        self.region = region;
        let cells = self.region_cells();
        let in_block =
            self.layout.cells[region as usize] + self.layout.block_cells == self.layout.all_cells();
        self.cells = Load::new(if in_block { 0 } else { cells });
    }

    /// Number of the region's cells.
    pub(super) fn region_cells(&self) -> u32 {
        let at = self.region as usize;
        self.layout.cells[at + 1] - self.layout.cells[at]
    }

    /// What follows is in a new shop, of which so many may be down at once.
    pub(super) fn open_site(&mut self, cap: u32) {
        self.site_name.clear();
        let _ = write!(self.site_name, "S{}", self.site_caps.len());
        self.site_caps.push(cap as u8);
    }

    pub(super) fn add_task(&mut self, shop: &Shop, draft: &Draft) {
        let &Draft { duration, release, deadline, weight, cell, start } = draft;
        self.task_name.clear();
        let _ = write!(self.task_name, "T{}", self.tasks);
        self.tasks += 1;
        let layout = &self.layout;
        let cell_group = layout.first_cell() + layout.cells[self.region as usize] + cell;
        let site_group = layout.first_site() + self.site_caps.len() as u32 - 1;
        let mut groups = [0, 1 + self.region, layout.first_host() + shop.host, cell_group, site_group, 0];
        let count = match shop.chain {
            Some(chain) => {
                groups[4] = layout.first_chain() + chain;
                groups[5] = site_group;
                6
            }
            None => 5,
        };
        for &group in &groups[..count - 1] {
            self.members[group as usize] += 1;
        }
        if let Some(start) = start {
            let end = start + duration;
            self.fleet.add(0, start, end);
            self.hosts.add(shop.host, start, end);
            self.cells.add(cell, start, end);
            if let Some(chain) = shop.chain {
                self.chains.add(chain, start, end);
            }
            self.known_weight += u64::from(weight);
        }
        (self.planted)(start);
        self.builder.add_task(TaskInput {
            id: &self.task_name,
            duration,
            calendar: shop.calendar,
            profile: Some(shop.calendar),
            volume: shop.volume,
            release,
            deadline,
            weight,
            groups: &groups[..count],
            site: Some(&self.site_name),
            current: None,
            pinned: false,
            after: &[],
        });
    }

    /// Adds the groups and checks everything.
    pub(super) fn finish(mut self, shape: Shape, plots: &[Plot<'_>], block_cap: u32) -> Generated {
        self.cell_peaks.extend(self.cells.peaks());
        // Where there is room, caps go by size.
        let cap = |peak: u32, members: u32, least_part: u32| match shape {
            Shape::Loose => peak.max(members / least_part),
            Shape::Tight | Shape::Adversarial => peak.max(1),
        };
        let members = &self.members;
        let layout = &self.layout;
        let regions = plots.iter().map(|plot| plot.cap).chain([block_cap]);
        let fleet = (0..1).zip(self.fleet.peaks()).map(|(at, peak)| (at, cap(peak, self.tasks, 50)));
        let mut name = String::new();
        let mut add = |kind: &str, number: Option<usize>, cap: u32| {
            name.clear();
            name.push_str(kind);
            if let Some(number) = number {
                let _ = write!(name, "-{number}");
            }
            self.builder.add_group(GroupInput { id: &name, kind, cap, caps: &[], down: 0 });
        };
        for (_, cap) in fleet {
            add("fleet", None, cap);
        }
        let sized = |first: u32, at: usize| members[first as usize + at];
        for (at, planted) in regions.take(layout.regions as usize).enumerate() {
            add("reg", Some(at), cap(planted, sized(1, at), 20));
        }
        for (at, peak) in self.hosts.peaks().enumerate() {
            add("acq", Some(at), cap(peak, sized(layout.first_host(), at), 20));
        }
        let in_blocks = |count: u32| repeat_n(1, count as usize);
        for (at, peak) in self.cell_peaks.iter().copied().chain(in_blocks(layout.block_cells)).enumerate() {
            add("cell", Some(at), cap(peak, sized(layout.first_cell(), at), 5));
        }
        for (at, peak) in self.chains.peaks().chain(in_blocks(layout.block_chains)).enumerate() {
            add("chain", Some(at), cap(peak, sized(layout.first_chain(), at), 10));
        }
        for (at, &cap) in self.site_caps.iter().enumerate() {
            add(SITE_KIND, Some(at), u32::from(cap));
        }
        let problem: Problem = self.builder.finish().expect("every rule is kept by construction");
        Generated { problem, known_weight: self.known_weight }
    }
}

/// How many of each of some groups are down in each slot, kept as the changes from slot to slot. Groups beyond
/// these are not counted: those of blocks, which have one task a night.
struct Load {
    changes: Vec<i32>,
}

const STRIDE: usize = SLOTS as usize + 1;

impl Load {
    fn new(groups: u32) -> Load {
        Load { changes: vec![0; groups as usize * STRIDE] }
    }

    fn add(&mut self, group: u32, start: u32, end: u32) {
        if let Some(changes) = self.changes.get_mut(group as usize * STRIDE..(group as usize + 1) * STRIDE) {
            changes[start as usize] += 1;
            changes[end as usize] -= 1;
        }
    }

    /// The most at once, group by group.
    fn peaks(&self) -> impl Iterator<Item = u32> {
        self.changes.chunks_exact(STRIDE).map(|changes| {
            let mut down = 0;
            let mut peak = 0;
            for change in changes {
                down += change;
                peak = peak.max(down);
            }
            peak as u32
        })
    }
}
