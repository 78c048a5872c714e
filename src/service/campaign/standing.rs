//! The gates at which campaigns stand, for whoever looks at tonight.

use super::waves::{Counted, views_of};
use crate::api::wave::GateView;
use crate::db::{self, Connection};
use crate::domain::campaign::WaveState;
use crate::service::{App, Error};

/// Gates that are shown.
const GATES_SHOWN_MAX: i64 = 20;

/// Each with what it says now: those that have paused their campaigns first, then by campaign.
pub(in crate::service) fn at_gates(connection: &mut Connection, app: &App) -> Result<Vec<GateView>, Error> {
    let mut gates = Vec::new();
    for state in [WaveState::Halted, WaveState::Open] {
        let rest = GATES_SHOWN_MAX - i64::try_from(gates.len()).unwrap_or(GATES_SHOWN_MAX);
        gates.extend(in_state(connection, app, state, rest)?);
    }
    Ok(gates)
}

fn in_state(
    connection: &mut Connection,
    app: &App,
    state: WaveState,
    limit: i64,
) -> Result<Vec<GateView>, Error> {
    let campaigns = db::wave::campaigns_at_gate(connection, state, limit)?;
    let ids: Vec<i64> = campaigns.iter().map(|row| row.id).collect();
    let mut waves = views_of(connection, app, &ids, Counted::AtGate)?;
    let gates = campaigns.into_iter().filter_map(|row| {
        let all = waves.remove(&row.id)?;
        let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let wave = all.into_iter().find(|wave| wave.state == state)?;
        let campaign_state =
            row.state.parse().map_err(|error| Error::Corrupt(format!("campaign `{}`: {error}", row.name)));
        Some(campaign_state.map(|state| GateView {
            campaign: row.name,
            campaign_state: state,
            waves: count,
            wave,
        }))
    });
    gates.collect()
}
