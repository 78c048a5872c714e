//! Appointments.

use crate::api::appointment::AppointmentView;
use crate::cli::output::{Screen, Table};
use crate::cli::render::{instant, span};

/// Appointments, one a line.
pub fn list(screen: &mut Screen, appointments: &[AppointmentView]) {
    let mut table =
        Table::new(["id", "state", "local start", "starts (UTC)", "serial", "site", "merchant", "work"]);
    for appointment in appointments {
        table.row([
            appointment.id.to_string(),
            appointment.state.to_string(),
            appointment.local_start.clone(),
            instant(appointment.starts_at),
            appointment.serial.clone(),
            appointment.site_code.clone(),
            appointment.merchant_name.clone(),
            appointment.work.join(" + "),
        ]);
    }
    screen.table(table);
}

/// One appointment.
pub fn one(screen: &mut Screen, appointment: &AppointmentView) {
    screen.heading(format!("Appointment {} ({})", appointment.id, appointment.state));
    screen.pairs(&[
        ("terminal", Some(format!("{} – {}", appointment.serial, appointment.label))),
        ("site", Some(format!("{}, {}", appointment.site_code, appointment.region))),
        ("merchant", Some(format!("{} ({})", appointment.merchant_name, appointment.merchant_number))),
        ("local start", Some(appointment.local_start.clone())),
        ("UTC", Some(span(appointment.starts_at, appointment.ends_at))),
        ("work", Some(appointment.work.join(" + "))),
        (
            "announced",
            Some(match appointment.announced_at {
                Some(at) => format!("accepted by the merchant's mail server at {}", instant(at)),
                None => "not yet".into(),
            }),
        ),
        ("revision", (appointment.revision > 0).then(|| appointment.revision.to_string())),
        ("emergency", appointment.emergency.then(|| "yes: it did not wait for the notice lead".to_owned())),
        ("note", appointment.note.clone()),
    ]);
}
