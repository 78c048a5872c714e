//! Who of a crowd would make way, and at what price; and a board on which what did not work out is undone.

use super::board::Board;
use super::booth::{Charged, MOVE};
use super::crowd::Crowd;
use super::tolls::Toll;

/// A task, and what it would pay more elsewhere than where it is, a broken promise included.
#[derive(Clone, Copy)]
struct Offer {
    task: u32,
    more: i64,
}

/// Those who start and end together.
struct Place {
    duration: u32,
    /// The most willing last.
    at_home: Vec<Offer>,
    /// Those who are not at home; who came last is last.
    guests: Vec<Offer>,
}

/// Somebody who would leave: the number of the place, and whether it is home.
#[derive(Clone, Copy)]
pub(super) struct Leaver {
    place: usize,
    is_home: bool,
    pub(super) start: u32,
    pub(super) duration: u32,
    pub(super) more: i64,
}

/// One thing that was done.
enum Step {
    Placed { task: u32, start: u32 },
    Lifted { leaver: Leaver, offer: Offer },
    Dislodged { start: u32, offer: Offer },
    Offered { task: u32, place: usize, is_home: bool },
}

/// The board, the room of the crowd, and who would make way.
pub(super) struct Offers<'b, 't> {
    pub(super) board: &'b mut Board<'t>,
    pub(super) toll: &'b Toll,
    /// The crowd under its charges, once it is asked.
    charged: Option<Charged<'b>>,
    /// By slot: how many more of the crowd may be down.
    room: Vec<i32>,
    places: Vec<Place>,
    /// By slot: the places that begin there.
    places_at: Vec<Vec<usize>>,
    steps: Vec<Step>,
    /// Nobody at home is asked who would pay more…
    more_max: i64,
    /// … or is even listed who would pay more than this.
    known_max: i64,
    /// Those who are not asked any more, for now.
    passed_over: Vec<(Leaver, Offer)>,
}

pub(super) fn is_movable(board: &Board<'_>, task: u32) -> bool {
    !board.tables.pinned(task) && !board.tables.has_precedence(task)
}

impl<'b, 't> Offers<'b, 't> {
    /// Nobody is asked yet: those at home by [`Offers::ask_again`], guests by [`Offers::offer`].
    pub(super) fn new(board: &'b mut Board<'t>, crowd: &Crowd, toll: &'b Toll) -> Offers<'b, 't> {
        let room = |slot: u32| crowd.groups.iter().map(|&group| board.left(group, slot)).min().unwrap_or(0);
        Offers {
            room: (0..board.tables.slots).map(room).collect(),
            places: Vec::new(),
            places_at: vec![Vec::new(); board.tables.slots as usize],
            steps: Vec::new(),
            more_max: i64::MIN,
            known_max: i64::MIN,
            passed_over: Vec::new(),
            charged: None,
            toll,
            board,
        }
    }

    /// Those who were passed over are asked again, and at home all who would pay at most `more_max` more.
    pub(super) fn ask_again(&mut self, more_max: i64) {
        for (leaver, offer) in std::mem::take(&mut self.passed_over).into_iter().rev() {
            if self.board.start(offer.task) == Some(leaver.start) {
                let list = self.list(leaver);
                let at =
                    if leaver.is_home { list.partition_point(|other| other.more >= offer.more) } else { 0 };
                list.insert(at, offer);
            }
        }
        if more_max > self.known_max {
            self.learn(more_max);
        }
        self.more_max = more_max;
    }

    /// Lists those at home who would pay at most `more_max` more, and who are not listed yet.
    fn learn(&mut self, more_max: i64) {
        let problem = self.board.tables.problem;
        let known_max = std::mem::replace(&mut self.known_max, more_max);
        let new = self
            .charged
            .get_or_insert_with(|| self.toll.charged())
            .who_pays(MOVE - more_max)
            .into_iter()
            .filter_map(|member| {
                let more = MOVE + member.elsewhere - member.at_home?;
                let is_there = self.board.start(member.task) == problem.current(member.task);
                (known_max < more && more <= more_max && is_there && is_movable(self.board, member.task))
                    .then_some(Offer { task: member.task, more })
            });
        let mut new: Vec<Offer> = new.collect();
        let name = |offer: &Offer| (problem.task_id(offer.task), offer.task);
        new.sort_unstable_by(|a, b| a.more.cmp(&b.more).then_with(|| name(b).cmp(&name(a))));
        // Who would pay more comes before all others, so behind them while they stand the other way round.
        self.places.iter_mut().for_each(|place| place.at_home.reverse());
        for offer in new {
            if let Some(start) = self.board.start(offer.task) {
                let place = self.place_of(start, problem.duration(offer.task));
                self.places[place].at_home.push(offer);
            }
        }
        self.places.iter_mut().for_each(|place| place.at_home.reverse());
    }

    fn place_of(&mut self, start: u32, duration: u32) -> usize {
        let there = &mut self.places_at[start as usize];
        if let Some(&place) = there.iter().find(|&&place| self.places[place].duration == duration) {
            return place;
        }
        there.push(self.places.len());
        self.places.push(Place { duration, at_home: Vec::new(), guests: Vec::new() });
        self.places.len() - 1
    }

    /// Whether no more of the crowd may be down in a slot.
    pub(super) fn is_full(&self, slot: u32) -> bool {
        self.room[slot as usize] <= 0
    }

    /// What a slot costs, if it is full.
    pub(super) fn full_toll(&self, slot: u32) -> i64 {
        if self.is_full(slot) { self.toll.of(slot, 1) } else { 0 }
    }

    /// Who would leave a place that begins in a slot: of each place one guest, and one at home.
    pub(super) fn leavers(&self, start: u32) -> impl Iterator<Item = Leaver> + '_ {
        self.places_at[start as usize].iter().flat_map(move |&at| {
            let place = &self.places[at];
            let leaver = |offer: &Offer, is_home| Leaver {
                place: at,
                is_home,
                start,
                duration: place.duration,
                more: offer.more,
            };
            let at_home = place.at_home.last().filter(|offer| offer.more <= self.more_max);
            let guest = place.guests.last().map(|offer| leaver(offer, false));
            guest.into_iter().chain(at_home.map(|offer| leaver(offer, true)))
        })
    }

    fn list(&mut self, leaver: Leaver) -> &mut Vec<Offer> {
        let place = &mut self.places[leaver.place];
        if leaver.is_home { &mut place.at_home } else { &mut place.guests }
    }

    /// Does not ask the one again, for now, who would leave a place next.
    pub(super) fn pass_over(&mut self, leaver: Leaver) {
        if let Some(offer) = self.list(leaver).pop() {
            self.passed_over.push((leaver, offer));
        }
    }

    /// Does not ask this one again, for now.
    pub(super) fn pass_over_task(&mut self, leaver: Leaver, task: u32) {
        if let Some(at) = self.list(leaver).iter().rposition(|offer| offer.task == task) {
            let offer = self.list(leaver).remove(at);
            self.list(leaver).push(offer);
            self.pass_over(leaver);
        }
    }

    /// Takes a leaver from the board: the task, and what it pays at least elsewhere, a broken promise not included.
    pub(super) fn lift(&mut self, leaver: Leaver) -> Option<(u32, i64)> {
        let offer = self.list(leaver).pop()?;
        self.board.remove(offer.task);
        self.count(leaver.start, leaver.duration, 1);
        self.steps.push(Step::Lifted { leaver, offer });
        let promise = if leaver.is_home { MOVE } else { 0 };
        Some((offer.task, offer.more - promise + self.toll.of(leaver.start, leaver.duration)))
    }

    pub(super) fn place(&mut self, task: u32, start: u32) {
        self.board.place(task, start);
        self.count(start, self.board.tables.problem.duration(task), -1);
        self.steps.push(Step::Placed { task, start });
    }

    /// Takes a guest from the board; it makes way for nobody then. What it pays at least elsewhere.
    pub(super) fn dislodge(&mut self, task: u32) -> Option<i64> {
        let start = self.board.start(task)?;
        let duration = self.board.tables.problem.duration(task);
        let place = self.place_of(start, duration);
        let guests = &mut self.places[place].guests;
        let offer = match guests.iter().rposition(|offer| offer.task == task) {
            Some(at) => guests.remove(at),
            None => {
                let at = self.passed_over.iter().position(|(_, offer)| offer.task == task)?;
                self.passed_over.remove(at).1
            }
        };
        self.board.remove(task);
        self.count(start, duration, 1);
        self.steps.push(Step::Dislodged { start, offer });
        Some(offer.more + self.toll.of(start, duration))
    }

    /// A task that has been placed, and pays so much elsewhere, would make way.
    pub(super) fn offer(&mut self, task: u32, elsewhere: i64) {
        let problem = self.board.tables.problem;
        let Some(start) = self.board.start(task) else { return };
        let duration = problem.duration(task);
        let place = self.place_of(start, duration);
        let is_home = problem.current(task) == Some(start);
        let promise = if is_home { MOVE } else { 0 };
        let offer = Offer { task, more: promise + elsewhere - self.toll.of(start, duration) };
        let Place { at_home, guests, .. } = &mut self.places[place];
        if is_home {
            at_home.insert(at_home.partition_point(|other| other.more >= offer.more), offer);
        } else {
            guests.push(offer);
        }
        self.steps.push(Step::Offered { task, place, is_home });
    }

    /// Those who are not at home and start in a slot.
    pub(super) fn guests_at(&self, slot: u32) -> impl Iterator<Item = u32> + '_ {
        let places = self.places_at[slot as usize].iter();
        places.flat_map(|&place| self.places[place].guests.iter().map(|offer| offer.task))
    }

    /// What is lost in each slot, if anything: the charges for room that nobody uses, and what guests who start there
    /// pay more than they would elsewhere.
    pub(super) fn losses(&self) -> Vec<(u32, i64)> {
        let lost = |slot: u32| {
            let unused = i64::from(self.room[slot as usize].max(0)) * self.toll.of(slot, 1);
            let places = self.places_at[slot as usize].iter();
            let guests = places.flat_map(|&place| &self.places[place].guests);
            unused + guests.map(|offer| (-offer.more).max(0)).sum::<i64>()
        };
        let slots = 0..self.board.tables.slots;
        slots.map(|slot| (slot, lost(slot))).filter(|&(_, lost)| lost > 0).collect()
    }

    /// How many promises more are broken by what was done since all was kept.
    pub(super) fn broken_count(&self) -> i64 {
        let problem = self.board.tables.problem;
        let broken = |step: &Step| match *step {
            Step::Lifted { leaver, .. } => i64::from(leaver.is_home),
            Step::Placed { task, start } => -i64::from(problem.current(task) == Some(start)),
            _ => 0,
        };
        self.steps.iter().map(broken).sum()
    }

    /// Who has left home since all was kept, and from where.
    pub(super) fn who_left(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.steps.iter().filter_map(|step| match step {
            Step::Lifted { leaver, offer } if leaver.is_home => Some((offer.task, leaver.start)),
            _ => None,
        })
    }

    /// How much has been done: what is done from here on can be undone.
    pub(super) fn mark(&self) -> usize {
        self.steps.len()
    }

    /// What was done so far is not undone any more.
    pub(super) fn keep(&mut self) {
        self.steps.clear();
    }

    /// Undoes everything since `mark`.
    pub(super) fn undo(&mut self, mark: usize) {
        while self.steps.len() > mark {
            match self.steps.pop() {
                Some(Step::Placed { task, start }) => {
                    self.board.remove(task);
                    self.count(start, self.board.tables.problem.duration(task), 1);
                }
                Some(Step::Lifted { leaver, offer }) => {
                    self.board.place(offer.task, leaver.start);
                    self.count(leaver.start, leaver.duration, -1);
                    self.list(leaver).push(offer);
                }
                Some(Step::Dislodged { start, offer }) => {
                    let duration = self.board.tables.problem.duration(offer.task);
                    self.board.place(offer.task, start);
                    self.count(start, duration, -1);
                    let place = self.place_of(start, duration);
                    self.places[place].guests.push(offer);
                }
                Some(Step::Offered { task, place, is_home }) => {
                    let Place { at_home, guests, .. } = &mut self.places[place];
                    let list = if is_home { at_home } else { guests };
                    match list.iter().rposition(|offer| offer.task == task) {
                        Some(at) => drop(list.remove(at)),
                        None => self.passed_over.retain(|(_, offer)| offer.task != task),
                    }
                }
                None => {}
            }
        }
    }

    fn count(&mut self, start: u32, duration: u32, change: i32) {
        let span = start as usize..(start + duration) as usize;
        self.room[span].iter_mut().for_each(|room| *room += change);
    }
}
