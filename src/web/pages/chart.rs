//! The geometry of the load pictures, in the units of the data: x counts slots, y counts terminals. The browser
//! scales it, so a path's numbers are the load's own numbers and can be checked against them.

use std::fmt::Write;

use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::format::clock;
use super::night::bounds;
use crate::api::plan::{GroupLoad, Load};

const FLEET_GROUP: &str = "fleet";
const TIGHTEST_GROUPS: usize = 4;
const LARGE_PLOT_PIXELS: f64 = 336.0;
const SMALL_PLOT_PIXELS: f64 = 64.0;
const SHORTEST_PICTURE_HOURS: usize = 6;
/// A budget higher than this many times the peak would flatten the load to nothing; it is named, not drawn.
const TALLEST_BUDGET: u32 = 8;

/// One night's load against its budgets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NightPicture {
    /// The night.
    pub night: NaiveDate,
    /// Start of what is drawn: the busy part of the night, on a full hour.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
    /// The whole fleet.
    pub fleet: Curve,
    /// The groups that come nearest to their budgets, the nearest first.
    pub tightest: Vec<Curve>,
    /// Groups that are over their budget at some time of the night.
    pub groups_over_budget: Vec<String>,
    /// Full hours.
    pub hours: Vec<HourMark>,
    /// Where now is, in per cent of the width, if it is in the picture.
    pub now_percent: Option<f64>,
}

/// One group's load as a stepped area under a budget line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// As `fleet` or `region:north`.
    pub group: String,
    /// Width of the drawing: slots.
    pub slots: usize,
    /// Height of the drawing: terminals.
    pub ceiling: u32,
    /// Height of the drawing on the page, in pixels.
    pub plot_pixels: f64,
    /// The area of terminals down; y is `ceiling - down`.
    pub area: String,
    /// Its upper edge.
    pub outline: String,
    /// The budget; y is `ceiling - budget`.
    pub budget: Option<String>,
    /// What of the area lies above the budget; empty when nothing does.
    pub over: String,
    /// Slots in which more terminals are down than the budget allows.
    pub slots_over_budget: usize,
    /// Lines across, for the eye.
    pub levels: Vec<Level>,
    /// The most terminals down at once.
    pub peak_down: u32,
    /// When that is first so.
    pub peak_at: DateTime<Utc>,
    /// The budget at that time.
    pub peak_budget: Option<u32>,
    /// The lowest and the highest budget of the night.
    pub budget_range: Option<(u32, u32)>,
    /// Distance of the budget's last value from the top of the drawing, in pixels.
    pub budget_pixels: f64,
    /// The budget is too high for the drawing.
    pub budget_off_scale: bool,
    /// The same as a table: spans of equal load and budget.
    pub steps: Vec<Step>,
}

/// A span in which nothing changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Its first slot, from the left edge.
    pub slot: usize,
    /// How many slots it lasts.
    pub slots: usize,
    /// Start.
    pub from: DateTime<Utc>,
    /// End.
    pub to: DateTime<Utc>,
    /// Terminals down.
    pub down: u32,
    /// How many may be.
    pub budget: Option<u32>,
}

/// A line across the drawing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Level {
    /// Terminals.
    pub terminals: u32,
    /// Distance from the top of the drawing, in pixels.
    pub pixels: f64,
}

/// A full hour on the axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HourMark {
    /// Distance from the left edge in per cent of the width.
    pub percent: f64,
    /// As `02:00`; absent where it would crowd the axis.
    pub label: Option<String>,
    /// Left out on narrow screens.
    pub minor: bool,
    /// The day that begins here.
    pub day: Option<NaiveDate>,
}

/// The picture of a night; `None` when no work is done in it.
pub fn night_picture(load: &Load, night: NaiveDate, now: DateTime<Utc>, zone: Tz) -> Option<NightPicture> {
    let cut = Cut::of_night(load, night)?;
    let fleet_load = load.groups.iter().find(|group| group.group == FLEET_GROUP)?;
    let fleet = curve(fleet_load, &cut, LARGE_PLOT_PIXELS);
    let mut budgeted: Vec<Curve> = load
        .groups
        .iter()
        .filter(|group| group.group != FLEET_GROUP && group.cap.is_some())
        .map(|group| curve(group, &cut, SMALL_PLOT_PIXELS))
        .filter(|curve| curve.peak_down > 0)
        .collect();
    budgeted.sort_by(|left, right| {
        tightness(right)
            .total_cmp(&tightness(left))
            .then(right.peak_down.cmp(&left.peak_down))
            .then_with(|| left.group.cmp(&right.group))
    });
    let mut groups_over_budget: Vec<String> = std::iter::once(&fleet)
        .chain(&budgeted)
        .filter(|curve| curve.slots_over_budget > 0)
        .map(|curve| curve.group.clone())
        .collect();
    // The load carries the curves of the tightest groups of all nights; a night names its own tightest.
    let named = load.nights.iter().find(|row| row.night == night);
    let named = named.filter(|row| row.tightest_down > row.tightest_cap);
    if let Some(group) = named.and_then(|row| row.tightest_group.clone())
        && !groups_over_budget.contains(&group)
    {
        groups_over_budget.push(group);
    }
    budgeted.truncate(TIGHTEST_GROUPS);
    let width = cut.to - cut.from;
    let position = (now - cut.from).as_seconds_f64() / width.as_seconds_f64();
    Some(NightPicture {
        night,
        from: cut.from,
        to: cut.to,
        fleet,
        tightest: budgeted,
        groups_over_budget,
        hours: hour_marks(&cut, zone),
        now_percent: (0.0..1.0).contains(&position).then(|| hundredths(position * 100.0)),
    })
}

/// The slots of a load that a picture shows.
struct Cut {
    first: usize,
    end: usize,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    slot: TimeDelta,
}

impl Cut {
    /// The busy part of a night, an hour of quiet on either side.
    fn of_night(load: &Load, night: NaiveDate) -> Option<Cut> {
        let slot_minutes = load.slot_minutes.max(1);
        let slot = TimeDelta::minutes(i64::from(slot_minutes));
        let length = load.groups.iter().map(|group| group.down.len()).max()?;
        let (night_from, night_to) = bounds(night);
        let index_of = |instant: DateTime<Utc>| {
            let minutes = (instant - load.from).num_minutes().max(0);
            usize::try_from(minutes / i64::from(slot_minutes)).unwrap_or(0).min(length)
        };
        let (night_first, night_end) = (index_of(night_from), index_of(night_to));
        // Locked terminals are down in every slot; work is what comes on top of them.
        let resting: Vec<u32> =
            load.groups.iter().map(|group| group.down.iter().copied().min().unwrap_or(0)).collect();
        let is_busy = |slot: &usize| {
            let mut groups = load.groups.iter().zip(&resting);
            groups.any(|(group, resting)| group.down.get(*slot).is_some_and(|down| down > resting))
        };
        let busy_first = (night_first..night_end).find(is_busy)?;
        let busy_last = (night_first..night_end).rev().find(is_busy)?;

        let slots_per_hour = usize::try_from(60 / slot_minutes).unwrap_or(1).max(1);
        let start_of_hour = |index: usize| {
            let minute = (load.from + slot * i32::try_from(index).unwrap_or(0)).minute();
            index.saturating_sub(usize::try_from(minute / slot_minutes).unwrap_or(0))
        };
        let mut first = start_of_hour(busy_first.saturating_sub(slots_per_hour)).max(night_first);
        let mut end = (start_of_hour(busy_last) + 2 * slots_per_hour).min(night_end);
        let shortest = (SHORTEST_PICTURE_HOURS * slots_per_hour).min(night_end - night_first);
        while end - first < shortest {
            end = (end + slots_per_hour).min(night_end);
            if end - first < shortest {
                first = first.saturating_sub(slots_per_hour).max(night_first);
            }
        }
        let at = |index: usize| load.from + slot * i32::try_from(index).unwrap_or(0);
        Some(Cut { first, end, from: at(first), to: at(end), slot })
    }

    fn at(&self, slot: usize) -> DateTime<Utc> {
        self.from + self.slot * i32::try_from(slot).unwrap_or(0)
    }
}

fn curve(group: &GroupLoad, cut: &Cut, plot_pixels: f64) -> Curve {
    let down_in = |slot: usize| group.down.get(slot).copied().unwrap_or(0);
    let budget_in = |slot: usize| group.cap.as_ref().and_then(|cap| cap.get(slot).copied());
    let steps = steps(cut, down_in, budget_in);
    let peak = steps.iter().max_by(|left, right| left.down.cmp(&right.down).then(right.slot.cmp(&left.slot)));
    let (peak_down, peak_at, peak_budget) =
        peak.map_or((0, cut.from, None), |step| (step.down, step.from, step.budget));
    let budgets = || steps.iter().filter_map(|step| step.budget);
    let budget_range = budgets().min().zip(budgets().max());
    let tallest_drawn = peak_down.max(1).saturating_mul(TALLEST_BUDGET);
    let budget_off_scale = budget_range.is_some_and(|(_, highest)| highest > tallest_drawn);
    let highest = budget_range.map_or(0, |(_, highest)| highest.min(tallest_drawn)).max(peak_down).max(1);
    let ceiling = highest.saturating_add((highest / 7).max(1));
    let pixels = |terminals: u32| {
        hundredths(plot_pixels * f64::from(ceiling.saturating_sub(terminals)) / f64::from(ceiling))
    };
    let height = |terminals: u32| ceiling.saturating_sub(terminals.min(ceiling));
    let outline = stepped_line(&steps, |step| Some(height(step.down)));
    Curve {
        group: group.group.clone(),
        slots: cut.end - cut.first,
        ceiling,
        plot_pixels,
        area: format!("M0 {ceiling}{}V{ceiling}Z", outline.replacen('M', "L", 1)),
        outline,
        budget: group.cap.as_ref().map(|_| stepped_line(&steps, |step| step.budget.map(height))),
        over: over_budget(&steps, height),
        slots_over_budget: steps.iter().filter(|step| is_over(step)).map(|step| step.slots).sum(),
        levels: levels(highest).map(|terminals| Level { terminals, pixels: pixels(terminals) }).collect(),
        peak_down,
        peak_at,
        peak_budget,
        budget_range,
        budget_pixels: steps.last().and_then(|step| step.budget).map_or(0.0, pixels),
        budget_off_scale,
        steps,
    }
}

fn steps(cut: &Cut, down_in: impl Fn(usize) -> u32, budget_in: impl Fn(usize) -> Option<u32>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (slot, index) in (cut.first..cut.end).enumerate() {
        let (down, budget) = (down_in(index), budget_in(index));
        match steps.last_mut() {
            Some(last) if last.down == down && last.budget == budget => {
                last.slots += 1;
                last.to = cut.at(slot + 1);
            }
            _ => {
                steps.push(Step { slot, slots: 1, from: cut.at(slot), to: cut.at(slot + 1), down, budget });
            }
        }
    }
    steps
}

/// A line that is level within a step and upright between two.
fn stepped_line(steps: &[Step], y_of: impl Fn(&Step) -> Option<u32>) -> String {
    let mut path = String::new();
    let mut pen = None;
    for step in steps {
        let Some(y) = y_of(step) else {
            pen = None;
            continue;
        };
        let end = step.slot + step.slots;
        let written = match pen {
            None => write!(path, "M{} {y}H{end}", step.slot),
            Some(before) if before == y => write!(path, "H{end}"),
            Some(_) => write!(path, "V{y}H{end}"),
        };
        written.expect("writing to a string cannot fail");
        pen = Some(y);
    }
    path
}

fn is_over(step: &Step) -> bool {
    step.budget.is_some_and(|budget| step.down > budget)
}

fn over_budget(steps: &[Step], height: impl Fn(u32) -> u32) -> String {
    let mut path = String::new();
    for step in steps.iter().filter(|step| is_over(step)) {
        let (top, bottom) = (height(step.down), height(step.budget.unwrap_or(0)));
        let (left, right) = (step.slot, step.slot + step.slots);
        write!(path, "M{left} {bottom}V{top}H{right}V{bottom}Z").expect("writing to a string cannot fail");
    }
    path
}

/// Two to five round numbers of terminals up to `highest`.
fn levels(highest: u32) -> impl Iterator<Item = u32> {
    let mut step = 1_u32;
    for factor in [2, 5, 10].into_iter().cycle() {
        if highest / step <= 4 {
            break;
        }
        step = match factor {
            2 => step.saturating_mul(2),
            5 => (step / 2).saturating_mul(5),
            _ => step.saturating_mul(2),
        };
    }
    (1..=highest / step).map(move |number| number * step)
}

/// How much of its budget a group uses at most, from 0 to infinity.
fn tightness(curve: &Curve) -> f64 {
    let shares = curve.steps.iter().filter(|step| step.down > 0).filter_map(|step| {
        let budget = step.budget?;
        Some(if budget == 0 { f64::INFINITY } else { f64::from(step.down) / f64::from(budget) })
    });
    shares.fold(0.0, f64::max)
}

fn hour_marks(cut: &Cut, zone: Tz) -> Vec<HourMark> {
    let slots = cut.end - cut.first;
    let slot_minutes = u32::try_from(cut.slot.num_minutes()).unwrap_or(60);
    let starts_hour = |slot: &usize| cut.at(*slot).with_timezone(&zone).minute() < slot_minutes.min(60);
    let hours: Vec<usize> = (0..slots).filter(starts_hour).collect();
    let every = |labels: usize| hours.len().div_ceil(labels).max(1);
    let (wide, narrow) = (every(12), every(5).next_multiple_of(every(12)));
    let percent_of = |slot: usize| {
        let share =
            f64::from(u32::try_from(slot).unwrap_or(0)) / f64::from(u32::try_from(slots).unwrap_or(1));
        hundredths(share * 100.0)
    };
    hours
        .iter()
        .map(|&slot| {
            let at = cut.at(slot);
            let local = at.with_timezone(&zone);
            let hour = usize::try_from(local.hour()).unwrap_or(0);
            HourMark {
                percent: percent_of(slot),
                label: hour.is_multiple_of(wide).then(|| clock(at, zone)),
                minor: !hour.is_multiple_of(narrow),
                day: (hour == 0 && local.minute() < slot_minutes).then(|| local.date_naive()),
            }
        })
        .collect()
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests;
