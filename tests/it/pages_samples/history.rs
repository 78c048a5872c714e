//! Made-up data for a terminal's page: all that happened to it.

use std::collections::BTreeMap;

use offpeak::api::fleet::{MerchantView, SiteView, TerminalHistory, TerminalView};
use offpeak::domain::appointment::AppointmentState;
use offpeak::domain::lock::LockState;

use super::{Wording, appointment, hours, lock, now};

/// One terminal's page.
pub(crate) fn terminal(wording: Wording, with_history: bool) -> TerminalHistory {
    let tags = BTreeMap::from([(wording.text("floor"), wording.text("2"))]);
    let states = [AppointmentState::Announced, AppointmentState::Done, AppointmentState::Missed];
    let appointments = states
        .iter()
        .zip(0_i64..)
        .map(|(&state, number)| appointment(wording, 2, state, now() + hours(8 - 24 * 40 * number)));
    TerminalHistory {
        terminal: TerminalView {
            serial: wording.text("A920-310074"),
            site_code: wording.text("S-0041"),
            tid: wording.text("80114402"),
            mid: wording.text("104290053990117"),
            label: wording.text("Till 3"),
            model: wording.text("A920"),
            firmware: wording.text("3.1.4"),
            acquirer_host: wording.text("acq-east-1"),
            carrier: Some(wording.text("Unicom")),
            cell: with_history.then(|| wording.text("460-00-6311-17")),
            servicer: with_history.then(|| wording.text("Northern Field Service")),
            volume: 1_240,
            retired: !with_history,
            tags: if with_history { tags } else { BTreeMap::new() },
            etag: "\"0\"".to_owned(),
        },
        site: SiteView {
            etag: String::new(),
            code: wording.text("S-0041"),
            merchant_number: wording.text("M01000"),
            name: wording.text("上海第一食品商店"),
            region: wording.text("harbour"),
            address: with_history.then(|| wording.text("720 Nanjing East Road, Shanghai")),
            time_zone: "Asia/Shanghai".to_owned(),
            opening_hours: wording.text("Mo-Su 09:30-22:00"),
            traffic_profile: "grocery".to_owned(),
            tags: BTreeMap::new(),
        },
        merchant: MerchantView {
            etag: String::new(),
            number: wording.text("M01000"),
            name: wording.text("上海第一食品商店"),
            locale: "zh-CN".to_owned(),
            email: with_history.then(|| wording.text("owner@shop.example")),
            phone: with_history.then(|| wording.text("+86 21 5555 0100")),
            tags: BTreeMap::new(),
        },
        appointments: if with_history { appointments.collect() } else { Vec::new() },
        locks: if with_history {
            vec![lock(wording, 1, LockState::InRepair), lock(wording, 60, LockState::Confirmed)]
        } else {
            Vec::new()
        },
        next_opening_at: with_history.then(|| now() + hours(8)),
    }
}
