//! Whether the installation is well, as this server sees it.

use axum::Json;
use axum::extract::State;
use utoipa_axum::routes;

use crate::api::doctor::Diagnosis;
use crate::domain::access::Role;
use crate::service::doctor::{self, Patient};
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState};

pub(super) fn router() -> Routes {
    Routes::new().whole(Role::Operator, routes!(examine))
}

/// Checks of the settings, the mail server, the time zones, the database and the work that lies in it. Changes
/// nothing and sends no mail.
#[utoipa::path(get, path = "/doctor", tag = "operation",
    responses((status = 200, description = "Every check, also those that failed", body = Diagnosis)))]
async fn examine(State(state): State<AppState>) -> Result<Json<Diagnosis>, ApiError> {
    let mail = state.workers().probe_mail().await;
    let examined = state.run(move |app| {
        Ok(doctor::examine(&Patient {
            settings: &app.settings,
            strangers: Vec::new(),
            database: Ok(app.database.clone()),
            clock: app.clock.clone(),
            mail,
            system_zones: doctor::system_zones(),
            cores: doctor::cores(),
        }))
    });
    Ok(Json(examined.await?))
}
