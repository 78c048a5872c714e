//! Writing a problem file, one line an element; what has its default value is left out.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{FORMAT, Problem};

#[derive(Serialize)]
struct CalendarElement<'a> {
    id: &'a str,
    open: &'a [(u32, u32)],
    #[serde(skip_serializing_if = "is_zero")]
    cutoff: u32,
}

#[derive(Serialize)]
struct ProfileElement<'a> {
    id: &'a str,
    cost: &'a [u32],
}

#[derive(Serialize)]
struct GroupElement<'a> {
    id: &'a str,
    kind: &'a str,
    cap: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    caps: Vec<(u32, u32, u32)>,
    #[serde(skip_serializing_if = "is_zero")]
    down: u32,
}

#[derive(Serialize)]
struct TaskElement<'a> {
    id: &'a str,
    duration: u32,
    calendar: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<u32>,
    #[serde(skip_serializing_if = "is_zero")]
    volume: u32,
    release: u32,
    deadline: u32,
    weight: u32,
    groups: &'a [u32],
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pinned: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    after: Vec<AfterElement<'a>>,
}

#[derive(Serialize)]
struct AfterElement<'a> {
    task: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    gap: u32,
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

pub(super) struct HashWriter<'a>(pub(super) &'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn write(problem: &Problem, target: impl Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, target);
    let start = problem.start.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    writeln!(
        out,
        "{{\"format\":\"{FORMAT}\",\"start\":\"{start}\",\"slot_minutes\":{},\"slots\":{},\"visit_cost\":{},",
        problem.slot_minutes, problem.slots, problem.visit_cost
    )?;
    list(
        &mut out,
        "calendars",
        problem.calendars.iter().map(|calendar| CalendarElement {
            id: &calendar.id,
            open: &calendar.open,
            cutoff: calendar.cutoff_slots,
        }),
    )?;
    out.write_all(b",\n")?;
    list(
        &mut out,
        "profiles",
        problem.profiles.iter().map(|profile| ProfileElement { id: &profile.id, cost: &profile.cost }),
    )?;
    out.write_all(b",\n")?;
    list(&mut out, "groups", (0..problem.group_count() as u32).map(|group| group_element(problem, group)))?;
    out.write_all(b",\n")?;
    list(&mut out, "tasks", (0..problem.task_count() as u32).map(|task| task_element(problem, task)))?;
    out.write_all(b"}\n")?;
    out.flush()
}

fn group_element(problem: &Problem, group: u32) -> GroupElement<'_> {
    let group = problem.group(group);
    GroupElement {
        id: group.id,
        kind: group.kind,
        cap: group.cap,
        caps: group.caps.iter().map(|range| (range.begin, range.end, range.cap)).collect(),
        down: group.down,
    }
}

fn task_element(problem: &Problem, task: u32) -> TaskElement<'_> {
    TaskElement {
        id: problem.task_id(task),
        duration: problem.duration(task),
        calendar: problem.calendar_index(task),
        profile: problem.profile_index(task),
        volume: problem.volume(task),
        release: problem.release(task),
        deadline: problem.deadline(task),
        weight: problem.weight(task),
        groups: problem.groups_of(task),
        site: problem.site(task).map(|site| problem.site_id(site)),
        current: problem.current(task),
        pinned: problem.pinned(task),
        after: problem
            .after_of(task)
            .iter()
            .map(|edge| AfterElement { task: problem.task_id(edge.predecessor), gap: edge.gap_slots })
            .collect(),
    }
}

fn list<T: Serialize>(out: &mut impl Write, name: &str, elements: impl Iterator<Item = T>) -> io::Result<()> {
    write!(out, "\"{name}\":[")?;
    for (position, element) in elements.enumerate() {
        out.write_all(if position == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &element).map_err(io::Error::from)?;
    }
    out.write_all(b"]")
}
