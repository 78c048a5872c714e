//! The routes of `/api/v1`, one file a resource. A handler parses, asks its use case, answers.

mod account;
mod appointment;
mod approval;
mod audit;
mod budget;
mod calendar;
mod campaign;
mod doctor;
mod event;
mod fleet;
mod inbound;
mod lock;
mod merchant;
mod notice;
mod plan;
mod programme;
mod replica;
mod template;
mod token;
mod webhook;
mod worker;

use crate::web::routes::Routes;

/// Every route.
pub(super) fn router() -> Routes {
    Routes::new()
        .merge(fleet::router())
        .merge(calendar::router())
        .merge(budget::router())
        .merge(campaign::router())
        .merge(programme::router())
        .merge(plan::router())
        .merge(appointment::router())
        .merge(notice::router())
        .merge(template::router())
        .merge(inbound::router())
        .merge(lock::router())
        .merge(merchant::router())
        .merge(audit::router())
        .merge(replica::router())
        .merge(event::router())
        .merge(worker::router())
        .merge(webhook::router())
        .merge(doctor::router())
        .merge(account::router())
        .merge(token::router())
        .merge(approval::router())
}
