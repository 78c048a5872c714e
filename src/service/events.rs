//! What happens anywhere on the database, told here: the audit trail read from where it was left, woken by
//! PostgreSQL's LISTEN or by a look now and then.

use std::collections::BTreeMap;

use crate::api::event::Event;
use crate::clock::Stopwatch;
use crate::config::Pooler;
use crate::db::audit::{self, AuditRow};
use crate::db::{Listener, listen};
use crate::service::{App, Error};

/// A number that is missing on the trail may still come, if its transaction takes long; so long it is waited for.
const LATE_MS_MAX: u64 = 60_000;

/// How often the trail is looked at where nobody tells that it has grown.
const LOOK_EVERY_MS: u64 = 1_000;

/// How often it is looked at all the same where somebody does.
const LOOK_ANYWAY_EVERY_MS: u64 = 15_000;

/// How often a lost connection is made again, and one that is there asked for a sign of life.
const EAR_EVERY_MS: u64 = 5_000;

/// How long a word that this replica says to itself may take.
const ECHO_MS_MAX: u64 = 3_000;

/// Entries that are read at once.
const BATCH: i64 = 1_000;

/// Said when mails were sent: there are too many of them for one event each.
const NOTICES: &str = "notices";

/// Where somebody is on the trail. Numbers are given before a transaction commits, so a lower one may come later.
#[derive(Debug)]
struct Tail {
    /// Everything up to here was told, or never came.
    low: i64,
    /// What was told above, and how long ago.
    told: BTreeMap<i64, Stopwatch>,
}

impl Tail {
    fn at_the_end(app: &App) -> Result<Self, Error> {
        let low = app.database.read(|connection| Ok::<_, Error>(audit::latest(connection)?))?;
        Ok(Tail { low: low.unwrap_or(0), told: BTreeMap::new() })
    }

    /// Entries that were not told yet.
    fn fresh(&mut self, app: &App) -> Result<Vec<AuditRow>, Error> {
        let mut fresh = Vec::new();
        let mut after = self.low;
        loop {
            let rows =
                app.database.read(|connection| Ok::<_, Error>(audit::after(connection, after, BATCH)?))?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            fresh.extend(rows);
        }
        // Only once nothing can go wrong any more: what is noted has to be told.
        fresh.retain(|row| self.note(row.id));
        self.forget();
        Ok(fresh)
    }

    /// Whether it was not told before; from now on it was.
    fn note(&mut self, id: i64) -> bool {
        id > self.low && self.told.insert(id, Stopwatch::start()).is_none()
    }

    fn forget(&mut self) {
        while let Some(first) = self.told.first_entry() {
            if *first.key() != self.low + 1 && first.get().elapsed_ms() < LATE_MS_MAX {
                return;
            }
            self.low = first.remove_entry().0;
        }
    }
}

/// Follows what happens.
#[derive(Debug)]
pub struct Follower {
    tail: Tail,
    listener: Option<Listener>,
    since_look: Stopwatch,
    since_ear: Stopwatch,
    /// What this replica has said to itself, to find out whether it hears.
    echo: Option<(String, Stopwatch)>,
    /// It was said once that nothing is heard.
    deaf: bool,
}

impl Follower {
    /// Begins at the end of the trail.
    pub fn start(app: &App) -> Result<Self, Error> {
        let mut follower = Follower {
            tail: Tail::at_the_end(app)?,
            listener: None,
            since_look: Stopwatch::start(),
            since_ear: Stopwatch::start(),
            echo: None,
            deaf: false,
        };
        follower.open_ear(app);
        Ok(follower)
    }

    /// What has happened since the last time. To be asked several times a second; most times it asks nobody.
    pub fn step(&mut self, app: &App) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        let mut look = false;
        if let Some(listener) = &mut self.listener {
            let alive = if self.since_ear.elapsed_ms() > EAR_EVERY_MS {
                self.since_ear = Stopwatch::start();
                listener.check()
            } else {
                Ok(())
            };
            match alive.and_then(|()| listener.heard()) {
                Ok(heard) => {
                    look |= heard.trail;
                    if heard.words.iter().any(|word| word == NOTICES) {
                        events.push(notices(app));
                    }
                    if self.echo.as_ref().is_some_and(|(echo, _)| heard.words.contains(echo)) {
                        self.echo = None;
                        self.deaf = false;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the connection that listens was lost");
                    (self.listener, self.echo, look) = (None, None, true);
                }
            }
        } else if self.since_ear.elapsed_ms() > EAR_EVERY_MS {
            self.open_ear(app);
            look = true;
        }
        if self.echo.as_ref().is_some_and(|(_, since)| since.elapsed_ms() > ECHO_MS_MAX) && !self.deaf {
            self.deaf = true;
            tracing::warn!(
                "changes of other replicas are not heard at once: the connection leads through a pooler; set \
                 database_listen_url to the server itself. Until then the trail is looked at every second"
            );
        }
        let hears = self.listener.is_some() && self.echo.is_none();
        let every = if hears { LOOK_ANYWAY_EVERY_MS } else { LOOK_EVERY_MS };
        if look || self.since_look.elapsed_ms() > every {
            self.since_look = Stopwatch::start();
            events.extend(self.tail.fresh(app)?.into_iter().map(event_of));
        }
        Ok(events)
    }

    /// Listens, where the database is one that can be listened to.
    fn open_ear(&mut self, app: &App) {
        self.since_ear = Stopwatch::start();
        let settings = &app.settings;
        let url = settings.database_listen_url.as_deref().unwrap_or(&settings.database_url);
        let pooled =
            settings.database_listen_url.is_none() && settings.database_pooler == Pooler::Transaction;
        if !settings.database_url.starts_with("postgres") || pooled {
            return;
        }
        let echo = format!("{} {:08x}", app.replica, rand::random::<u32>());
        let listening = Listener::connect(url).map_err(Error::from).and_then(|listener| {
            // By the way that everything is written: only so it shows whether the two ways lead to one server.
            app.database.write(|connection| Ok::<_, Error>(listen::say(connection, &echo)?))?;
            Ok(listener)
        });
        match listening {
            Ok(listener) => {
                self.listener = Some(listener);
                self.echo = Some((echo, Stopwatch::start()));
            }
            Err(error) => tracing::warn!(%error, "nothing can be listened to for now"),
        }
    }
}

/// Tells everybody that mails were sent. On SQLite there is nobody else.
pub fn tell_of_notices(app: &App) -> Result<(), Error> {
    if !app.settings.database_url.starts_with("postgres") {
        return Ok(());
    }
    app.database.write(|connection| Ok(listen::say(connection, NOTICES)?))
}

/// That mails were sent.
pub fn notices(app: &App) -> Event {
    let at = app.clock.now();
    Event { number: None, kind: "notice".into(), id: String::new(), action: String::new(), state: None, at }
}

/// That events were lost.
pub fn resync(app: &App) -> Event {
    Event { kind: "resync".into(), ..notices(app) }
}

/// What came on the trail after the entry of this number, by number; nothing if it is more than `limit`.
pub fn since(app: &App, number: i64, limit: i64) -> Result<Option<Vec<Event>>, Error> {
    let rows =
        app.database.read(|connection| Ok::<_, Error>(audit::after(connection, number, limit + 1)?))?;
    let whole = i64::try_from(rows.len()).is_ok_and(|count| count <= limit);
    Ok(whole.then(|| rows.into_iter().map(event_of).collect()))
}

/// Whether the background loops may have something to do for it.
pub fn concerns_loops(event: &Event) -> bool {
    !matches!(event.kind.as_str(), "notice" | "resync") && event.action != "plan.solved"
}

pub(super) fn event_of(row: AuditRow) -> Event {
    let (kind, id) = row.subject.split_once(' ').unwrap_or((&row.subject, ""));
    let (kind, id) = (kind.to_owned(), id.to_owned());
    let after: Option<serde_json::Value> = row.after.and_then(|text| serde_json::from_str(&text).ok());
    let state = match row.action.as_str() {
        "plan.create" => Some("solving"),
        "plan.solved" => {
            let findings = after.as_ref().and_then(|after| after["findings"].as_u64()).unwrap_or(0);
            Some(if findings == 0 { "verified" } else { "draft" })
        }
        "plan.publish" => Some("published"),
        "plan.discard" => Some("discarded"),
        "appointment.cancel" => Some("cancelled"),
        "maintenance.arrange" | "maintenance.emergency" => Some("planned"),
        "lock.report" => Some("reported"),
        "campaign.create" => Some("active"),
        _ => after.as_ref().and_then(serde_json::Value::as_str).filter(|_| row.action.ends_with(".state")),
    };
    let state = state.map(str::to_owned);
    Event { number: Some(row.id), kind, id, action: row.action, state, at: row.at.utc() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_comes_late_is_told_once() {
        let mut tail = Tail { low: 10, told: BTreeMap::new() };
        assert!([12, 13, 15].into_iter().all(|id| tail.note(id)));
        tail.forget();
        assert_eq!((tail.low, tail.told.len()), (10, 3), "11 may still come");
        assert!(tail.note(11) && !tail.note(12) && !tail.note(9));
        tail.forget();
        assert_eq!((tail.low, tail.told.len()), (13, 1));
        assert!(tail.note(14) && !tail.note(13));
        tail.forget();
        assert_eq!((tail.low, tail.told.len()), (15, 0));
    }
}
