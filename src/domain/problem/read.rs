//! Reading a problem file: a visitor a list, so that only one element is held at a time.

use std::fmt;
use std::io::{self, BufReader, Read};
use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use sha2::{Digest, Sha256};

use super::{
    Calendar, CapRange, FORMAT, GroupInput, Problem, ProblemBuilder, ProblemError, Profile, TaskInput,
};

pub(super) fn read(source: impl Read) -> Result<Problem, ProblemError> {
    let mut hashing = HashReader { source, hasher: Sha256::new() };
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 16, &mut hashing));
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let builder = match tracked.deserialize_map(DocumentVisitor) {
        Ok(builder) => builder,
        Err(error) => return Err(shape_error(track.path().to_string(), error)),
    };
    json.end().map_err(|error| shape_error(".".into(), error))?;
    drop(json);
    let sha256 = hex::encode(hashing.hasher.finalize());
    let problem = builder.finish()?;
    problem.sha256.get_or_init(|| sha256);
    Ok(problem)
}

fn shape_error(path: String, error: serde_json::Error) -> ProblemError {
    if error.is_io() {
        return ProblemError::Io(error.into());
    }
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let message = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text).to_owned();
    let path = if path == "." || path == "?" { "the document".to_owned() } else { path };
    ProblemError::Shape { path, message, line, column }
}

struct HashReader<R> {
    source: R,
    hasher: Sha256,
}

impl<R: Read> Read for HashReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Format,
    Start,
    SlotMinutes,
    Slots,
    VisitCost,
    Calendars,
    Profiles,
    Groups,
    Tasks,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarElement {
    id: String,
    open: Vec<(u32, u32)>,
    #[serde(default)]
    cutoff: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileElement {
    id: String,
    cost: Vec<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupElement {
    id: String,
    kind: String,
    cap: u32,
    #[serde(default)]
    caps: Vec<(u32, u32, u32)>,
    #[serde(default)]
    down: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskElement {
    id: String,
    duration: u32,
    calendar: u32,
    #[serde(default)]
    profile: Option<u32>,
    #[serde(default)]
    volume: u32,
    release: u32,
    deadline: u32,
    weight: u32,
    groups: Vec<u32>,
    #[serde(default)]
    site: Option<String>,
    #[serde(default)]
    current: Option<u32>,
    #[serde(default)]
    pinned: bool,
    #[serde(default)]
    after: Vec<AfterElement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AfterElement {
    task: String,
    #[serde(default)]
    gap: u32,
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = ProblemBuilder;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an object of format {FORMAT:?}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ProblemBuilder, A::Error> {
        let mut builder = ProblemBuilder::new(DateTime::UNIX_EPOCH, 0, 0);
        let mut seen = [false; 9];
        while let Some(field) = map.next_key::<Field>()? {
            let (place, name) = field.place();
            if std::mem::replace(&mut seen[place], true) {
                return Err(A::Error::duplicate_field(name));
            }
            match field {
                Field::Format => {
                    let format: String = map.next_value()?;
                    if format != FORMAT {
                        return Err(A::Error::custom(format_args!("{format:?} is not {FORMAT:?}")));
                    }
                }
                Field::Start => builder.start = map.next_value::<DateTime<Utc>>()?,
                Field::SlotMinutes => builder.slot_minutes = map.next_value()?,
                Field::Slots => builder.slots = map.next_value()?,
                Field::VisitCost => builder.visit_cost = map.next_value()?,
                Field::Calendars => map.next_value_seed(each(|element: CalendarElement| {
                    let CalendarElement { id, open, cutoff } = element;
                    builder.add_calendar(Calendar { id, open, cutoff_slots: cutoff });
                }))?,
                Field::Profiles => map.next_value_seed(each(|element: ProfileElement| {
                    let ProfileElement { id, cost } = element;
                    builder.add_profile(Profile { id, cost });
                }))?,
                Field::Groups => map.next_value_seed(each(|element| add_group(&mut builder, element)))?,
                Field::Tasks => map.next_value_seed(each(|element| add_task(&mut builder, element)))?,
            }
        }
        for (place, name) in Field::NAMES.iter().enumerate() {
            if !seen[place] && *name != "visit_cost" {
                return Err(A::Error::missing_field(name));
            }
        }
        Ok(builder)
    }
}

impl Field {
    const NAMES: [&'static str; 9] = [
        "format",
        "start",
        "slot_minutes",
        "slots",
        "visit_cost",
        "calendars",
        "profiles",
        "groups",
        "tasks",
    ];

    fn place(&self) -> (usize, &'static str) {
        let place = match self {
            Field::Format => 0,
            Field::Start => 1,
            Field::SlotMinutes => 2,
            Field::Slots => 3,
            Field::VisitCost => 4,
            Field::Calendars => 5,
            Field::Profiles => 6,
            Field::Groups => 7,
            Field::Tasks => 8,
        };
        (place, Self::NAMES[place])
    }
}

fn add_group(builder: &mut ProblemBuilder, element: GroupElement) {
    let GroupElement { id, kind, cap, caps, down } = element;
    let caps: Vec<CapRange> =
        caps.into_iter().map(|(begin, end, cap)| CapRange { begin, end, cap }).collect();
    builder.add_group(GroupInput { id: &id, kind: &kind, cap, caps: &caps, down });
}

fn add_task(builder: &mut ProblemBuilder, element: TaskElement) {
    let TaskElement {
        id,
        duration,
        calendar,
        profile,
        volume,
        release,
        deadline,
        weight,
        groups,
        site,
        current,
        pinned,
        after,
    } = element;
    let after: Vec<(&str, u32)> = after.iter().map(|edge| (edge.task.as_str(), edge.gap)).collect();
    builder.add_task(TaskInput {
        id: &id,
        duration,
        calendar,
        profile,
        volume,
        release,
        deadline,
        weight,
        groups: &groups,
        site: site.as_deref(),
        current,
        pinned,
        after: &after,
    });
}

/// Hands every element of a list to `take` and forgets it.
struct Each<T, F> {
    take: F,
    element: PhantomData<T>,
}

fn each<T, F: FnMut(T)>(take: F) -> Each<T, F> {
    Each { take, element: PhantomData }
}

impl<'de, T: DeserializeOwned, F: FnMut(T)> DeserializeSeed<'de> for Each<T, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: DeserializeOwned, F: FnMut(T)> Visitor<'de> for Each<T, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element()? {
            (self.take)(element);
        }
        Ok(())
    }
}
