//! The routes of `/api/v1`, one file a resource. A handler parses, asks its use case, answers.

mod appointment;
mod audit;
mod budget;
mod calendar;
mod campaign;
mod doctor;
mod event;
mod fleet;
mod lock;
mod merchant;
mod notice;
mod plan;
mod programme;
mod replica;
mod template;
mod worker;

use utoipa_axum::router::OpenApiRouter;

use crate::web::AppState;

/// Every route.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(fleet::router())
        .merge(calendar::router())
        .merge(budget::router())
        .merge(campaign::router())
        .merge(programme::router())
        .merge(plan::router())
        .merge(appointment::router())
        .merge(notice::router())
        .merge(template::router())
        .merge(lock::router())
        .merge(merchant::router())
        .merge(audit::router())
        .merge(replica::router())
        .merge(event::router())
        .merge(worker::router())
        .merge(doctor::router())
}
