//! What the members of a crowd pay under charges for its slots: at home the charges, elsewhere one move more.
//!
//! Who pays less than a move at home stays there, whatever is elsewhere. So those with the same home and duration are
//! asked together, and only few are asked alone.

use std::collections::HashMap;
use std::ops::Range;

use super::crowd::Crowd;
use super::tables::{NONE, Tables};

/// One move. What is paid is counted in parts of it.
pub(super) const MOVE: i64 = 1 << 16;

/// With more starts than this in all calendars together it would take too long to ask.
const STARTS_MAX: usize = 200_000;

/// A crowd that can be asked.
pub(super) struct Booth {
    classes: Vec<Class>,
    /// Everybody with a start at all, by home and duration; who cannot be at home, or has none, comes last.
    pub(super) members: Vec<u32>,
    choices: Vec<Choice>,
    homes: Vec<Home>,
    roamers: Range<usize>,
    /// Those of them who were announced and cannot be at home.
    pub(super) certain: i64,
}

/// A calendar and a duration: all starts.
struct Class {
    duration: u32,
    starts: Vec<u32>,
}

/// The starts of a class from which a task may choose.
#[derive(Clone, Copy)]
struct Choice {
    class: u32,
    first: u32,
    end: u32,
}

/// Members with the same home and duration.
struct Home {
    start: u32,
    duration: u32,
    members: Range<usize>,
}

/// What all pay, and how many are down in each slot then.
pub(super) struct Answer {
    pub(super) pays: i64,
    pub(super) down: Vec<i64>,
}

/// What one member pays at least: at home, if it can be there, and elsewhere, its move not included.
pub(super) struct Member {
    pub(super) task: u32,
    pub(super) at_home: Option<i64>,
    pub(super) elsewhere: i64,
}

impl Booth {
    pub(super) fn new(tables: &Tables<'_>, crowd: &Crowd) -> Booth {
        let mut booth = Booth {
            classes: Vec::new(),
            members: Vec::new(),
            choices: Vec::new(),
            homes: Vec::new(),
            roamers: 0..0,
            certain: 0,
        };
        let listed = booth.list(tables, crowd);
        for (at, &(home, duration, task, choice)) in listed.iter().enumerate() {
            booth.members.push(task);
            booth.choices.push(choice);
            match booth.homes.last_mut() {
                _ if home == NONE => {}
                Some(last) if (last.start, last.duration) == (home, duration) => last.members.end = at + 1,
                _ => booth.homes.push(Home { start: home, duration, members: at..at + 1 }),
            }
        }
        booth.roamers = booth.homes.last().map_or(0, |last| last.members.end)..listed.len();
        booth
    }

    /// Home (or [`NONE`]), duration, task and choice of all who have a start, sorted.
    fn list(&mut self, tables: &Tables<'_>, crowd: &Crowd) -> Vec<(u32, u32, u32, Choice)> {
        let problem = tables.problem;
        let slots = tables.slots as usize;
        let mut known: HashMap<(u32, u32), u32> = HashMap::new();
        // By class and slot: how many starts come before.
        let mut ranks: Vec<Vec<u32>> = Vec::new();
        let mut listed: Vec<(u32, u32, u32, Choice)> = Vec::new();
        for &task in crowd.tasks.iter().filter(|&&task| !tables.pinned(task)) {
            let duration = problem.duration(task);
            let class = *known.entry((problem.calendar_index(task), duration)).or_insert_with(|| {
                let runs = tables.runs_of(problem.calendar(task), duration, 0, tables.slots);
                let starts: Vec<u32> = runs.flat_map(|(first, last)| first..=last).collect();
                let mut rank = vec![0; slots + 1];
                starts.iter().for_each(|&start| rank[start as usize + 1] += 1);
                (0..slots).for_each(|slot| rank[slot + 1] += rank[slot]);
                ranks.push(rank);
                self.classes.push(Class { duration, starts });
                self.classes.len() as u32 - 1
            });
            let rank = &ranks[class as usize];
            let first = rank[problem.release(task) as usize];
            let latest = problem.deadline(task).checked_sub(duration);
            let end = latest.map_or(0, |latest| rank[latest as usize + 1]);
            let home = tables.home(task);
            if first < end {
                self.certain += i64::from(problem.current(task).is_some() && home.is_none());
                listed.push((home.unwrap_or(NONE), duration, task, Choice { class, first, end }));
            }
        }
        listed.sort_unstable_by_key(|&(home, duration, task, _)| (home, duration, task));
        listed
    }

    /// Whether the starts are few enough to be asked for again and again.
    pub(super) fn is_brief(&self) -> bool {
        self.classes.iter().map(|class| class.starts.len()).sum::<usize>() <= STARTS_MAX
    }

    /// What everybody pays, and where they go.
    pub(super) fn ask(&self, charges: &[i64], least: &mut Least) -> Answer {
        let sums = running_sums(charges);
        least.fill(self, &sums);
        let mut pays_all = self.certain * MOVE;
        let mut changes = vec![0; charges.len() + 1];
        for home in &self.homes {
            let here = toll(&sums, home.start, home.duration);
            let mut staying = home.members.len() as i64;
            if here > MOVE {
                for choice in &self.choices[home.members.clone()] {
                    let (pays, start) = least.of(*choice);
                    if MOVE + pays < here {
                        pays_all += MOVE + pays;
                        count(&mut changes, start, home.duration, 1);
                        staying -= 1;
                    }
                }
            }
            pays_all += here * staying;
            count(&mut changes, home.start, home.duration, staying);
        }
        for choice in &self.choices[self.roamers.clone()] {
            let (pays, start) = least.of(*choice);
            pays_all += pays;
            count(&mut changes, start, self.classes[choice.class as usize].duration, 1);
        }
        Answer { pays: pays_all, down: added_up(&changes) }
    }

    /// The same charges, to be asked about more than once.
    pub(super) fn under(&self, charges: &[i64]) -> Charged<'_> {
        let sums = running_sums(charges);
        let mut least = Least::default();
        least.fill(self, &sums);
        Charged { booth: self, least, sums }
    }
}

/// A crowd under charges.
pub(super) struct Charged<'b> {
    booth: &'b Booth,
    sums: Vec<i64>,
    least: Least,
}

impl Charged<'_> {
    /// What some of them pay at least elsewhere, their move not included.
    pub(super) fn elsewhere(&self, tasks: &[u32]) -> HashMap<u32, i64> {
        let mut sorted = tasks.to_vec();
        sorted.sort_unstable();
        let members = self.booth.members.iter().zip(&self.booth.choices);
        members
            .filter(|(task, _)| sorted.binary_search(task).is_ok())
            .map(|(&task, &choice)| (task, self.least.of(choice).0))
            .collect()
    }

    /// Those who cannot be at home, and those who pay more than `home_min` there.
    pub(super) fn who_pays(&self, home_min: i64) -> Vec<Member> {
        let booth = self.booth;
        let member = |at: usize, at_home: Option<i64>| Member {
            task: booth.members[at],
            at_home,
            elsewhere: self.least.of(booth.choices[at]).0,
        };
        let homes = booth.homes.iter().map(|home| (home, toll(&self.sums, home.start, home.duration)));
        let at_home = homes
            .filter(|&(_, here)| here > home_min)
            .flat_map(|(home, here)| home.members.clone().map(move |at| (at, here)));
        let mut found: Vec<Member> = at_home.map(|(at, here)| member(at, Some(here))).collect();
        found.extend(booth.roamers.clone().map(|at| member(at, None)));
        found
    }
}

pub(super) fn count(changes: &mut [i64], start: u32, duration: u32, tasks: i64) {
    changes[start as usize] += tasks;
    changes[(start + duration) as usize] -= tasks;
}

pub(super) fn toll(sums: &[i64], start: u32, duration: u32) -> i64 {
    sums[(start + duration) as usize] - sums[start as usize]
}

/// How many are down in each slot, where so many more or fewer are from each slot on.
pub(super) fn added_up(changes: &[i64]) -> Vec<i64> {
    let mut down = 0;
    let slots = changes.len().saturating_sub(1);
    let sums = changes[..slots].iter().map(|change| {
        down += change;
        down
    });
    sums.collect()
}

/// What the slots before each one cost.
pub(super) fn running_sums(charges: &[i64]) -> Vec<i64> {
    let mut sum = 0;
    let sums = charges.iter().map(|charge| {
        sum += charge;
        sum
    });
    std::iter::once(0).chain(sums).collect()
}

/// The least that is paid from one start to another: for each class and power of two, over so many starts in a row.
/// Charge and start are one number, so that the lesser is the cheaper, and then the earlier.
#[derive(Default)]
pub(super) struct Least {
    levels: Vec<Vec<Vec<u64>>>,
}

impl Least {
    /// Under the charges of which these are the sums; what was there before makes way.
    fn fill(&mut self, booth: &Booth, sums: &[i64]) {
        // What a larger crowd needed is kept for the next one.
        self.levels.resize_with(booth.classes.len().max(self.levels.len()), Vec::new);
        for (class, levels) in booth.classes.iter().zip(&mut self.levels) {
            let pays = |&start: &u32| {
                // What does not fit is rounded down, so nothing is proved that is not so.
                let pays = u32::try_from(toll(sums, start, class.duration)).unwrap_or(u32::MAX);
                u64::from(pays) << 32 | u64::from(start)
            };
            let needed = class.starts.len().max(1).ilog2() as usize + 1;
            levels.resize_with(needed.max(levels.len()), Vec::new);
            levels[0].clear();
            levels[0].extend(class.starts.iter().map(pays));
            for level in 1..needed {
                let (below, above) = levels.split_at_mut(level);
                let (below, above) = (&below[level - 1], &mut above[0]);
                above.clear();
                above.extend(below.iter().zip(&below[1 << (level - 1)..]).map(|(a, b)| *a.min(b)));
            }
        }
    }

    fn of(&self, choice: Choice) -> (i64, u32) {
        let level = (choice.end - choice.first).ilog2();
        let values = &self.levels[choice.class as usize][level as usize];
        let least = values[choice.first as usize].min(values[(choice.end - (1 << level)) as usize]);
        (i64::from((least >> 32) as u32), least as u32)
    }
}
