//! A selection to plan: some terminals and appointments; everything else stays where it is.

use std::collections::HashSet;

use crate::api::plan::{NewPlan, PlanSelection};
use crate::db::{self, Connection};
use crate::domain::ids::TerminalId;
use crate::service::{Error, appointment};

/// Things that a selection names at most.
const NAMED_MAX: usize = 10_000;

/// What may be planned; nothing is left out of `None`.
#[derive(Debug)]
pub(super) struct Chosen {
    /// Terminals that get new appointments, and whose appointments may move.
    pub(super) terminals: HashSet<TerminalId>,
    /// Appointments that may move beside those.
    pub(super) appointments: HashSet<i64>,
}

impl Chosen {
    /// Looks up what `request` names.
    pub(super) fn load(connection: &mut Connection, request: &NewPlan) -> Result<Option<Self>, Error> {
        let Some(PlanSelection { appointments, serials, sites }) = &request.only else { return Ok(None) };
        let named = appointments.len() + serials.len() + sites.len();
        if !(1..=NAMED_MAX).contains(&named) {
            let message = format!(
                "it names {named} appointments, terminals and sites; name 1 to {NAMED_MAX}, or leave it out"
            );
            return Err(Error::invalid("only", message));
        }
        for id in appointments {
            let row = appointment::find(connection, *id)?;
            if !row.state.parse().is_ok_and(crate::domain::appointment::AppointmentState::is_movable) {
                return Err(Error::invalid(
                    "only",
                    format!("appointment {id} is {}; only what has not begun is planned again", row.state),
                ));
            }
        }
        let mut terminals = HashSet::new();
        let keys: Vec<&str> = serials.iter().map(String::as_str).collect();
        let rows = db::fleet::terminals_by_serial(connection, &keys)?;
        let known: HashSet<&str> = rows.iter().map(|row| row.serial.as_str()).collect();
        if let Some(missing) = keys.iter().find(|serial| !known.contains(*serial)) {
            let (what, remedy) = ("terminal", "see `offpeak terminal list`");
            return Err(Error::NotFound { what, key: (*missing).to_owned(), remedy });
        }
        terminals.extend(rows.iter().map(|row| TerminalId(row.id)));
        let keys: Vec<&str> = sites.iter().map(String::as_str).collect();
        let rows = db::fleet::sites_by_code(connection, &keys)?;
        let known: HashSet<&str> = rows.iter().map(|row| row.code.as_str()).collect();
        if let Some(missing) = keys.iter().find(|code| !known.contains(*code)) {
            let (what, remedy) = ("site", "see `offpeak site list`");
            return Err(Error::NotFound { what, key: (*missing).to_owned(), remedy });
        }
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        terminals.extend(db::fleet::terminals_of_sites(connection, &ids)?.into_iter().map(TerminalId));
        Ok(Some(Chosen { terminals, appointments: appointments.iter().copied().collect() }))
    }

    /// Whether an appointment of this terminal may move.
    pub(super) fn may_move(&self, appointment: i64, terminal: TerminalId) -> bool {
        self.appointments.contains(&appointment) || self.terminals.contains(&terminal)
    }
}
