//! Notices: the outbox, and mails as merchants read them.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::notice::{
    AddressChange, AsciiAddress, AsciiAddressChange, CallReport, Message, NoticeQuery, NoticeStats,
    NoticeView, PreviewRequest, Reminders, RemindersChange, RetryRequest, RetryResult, Suppression,
    SuppressionChange, Unreached,
};
use crate::api::problem::Problem;
use crate::api::{Because, Page, PageQuery};
use crate::domain::access::Role;
use crate::domain::ids::NoticeId;
use crate::service::{approval, notice, part};
use crate::web::extract::{Body, Query, Segment};
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .parts(Role::Viewer, routes!(notices))
        .parts(Role::Viewer, routes!(show))
        .parts(Role::Viewer, routes!(message))
        .parts(Role::Viewer, routes!(raw))
        .whole(Role::Viewer, routes!(preview))
        .parts(Role::Operator, routes!(retry))
        .whole(Role::Viewer, routes!(unreached))
        .whole(Role::Operator, routes!(told))
        .whole(Role::Operator, routes!(go_on))
        .whole(Role::Operator, routes!(change_address))
        .whole(Role::Viewer, routes!(stats))
        .whole(Role::Operator, routes!(retry_domain))
        .whole(Role::Viewer, routes!(suppressions))
        .whole(Role::Operator, routes!(suppress))
        .whole(Role::Operator, routes!(release))
        .whole(Role::Viewer, routes!(reminders))
        .whole(Role::Operator, routes!(set_reminders))
        .whole(Role::Viewer, routes!(ascii_address))
        .whole(Role::Operator, routes!(set_ascii_address))
}

/// The outbox, the latest first.
#[utoipa::path(get, path = "/notices", tag = "notices", params(NoticeQuery),
    responses((status = 200, description = "Notices", body = Page<NoticeView>)))]
async fn notices(
    State(state): State<AppState>,
    Extension(who): Who,
    Query(query): Query<NoticeQuery>,
) -> Result<Json<Page<NoticeView>>, ApiError> {
    Ok(Json(state.run(move |app| part::notices(app, &who, &query)).await?))
}

/// One notice.
#[utoipa::path(get, path = "/notices/{id}", tag = "notices",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The notice", body = NoticeView)))]
async fn show(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<NoticeId>,
) -> Result<Json<NoticeView>, ApiError> {
    let ask = move |app: &_| {
        part::check_notice(app, &who, id)?;
        notice::show(app, id)
    };
    Ok(Json(state.run(ask).await?))
}

/// A notice as the merchant reads it: as it was sent, or as it would be put into words now.
#[utoipa::path(get, path = "/notices/{id}/message", tag = "notices",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The mail", body = Message),
        (status = 409, description = "There are no words yet, or nothing left to say")))]
async fn message(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<NoticeId>,
) -> Result<Json<Message>, ApiError> {
    let ask = move |app: &_| {
        part::check_notice(app, &who, id)?;
        notice::message(app, id)
    };
    Ok(Json(state.run(ask).await?))
}

/// The stored bytes of a notice, as they went to the mail server.
#[utoipa::path(get, path = "/notices/{id}/raw", tag = "notices",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The message", content_type = "message/rfc822", body = Vec<u8>),
        (status = 409, description = "There are no words yet, or nothing left to say")))]
async fn raw(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<NoticeId>,
) -> Result<Response, ApiError> {
    let ask = move |app: &_| {
        part::check_notice(app, &who, id)?;
        notice::message_bytes(app, id)
    };
    let bytes = state.run(ask).await?;
    Ok(([(header::CONTENT_TYPE, "message/rfc822")], bytes).into_response())
}

/// A mail that is not queued: about an appointment's visit, or a made-up one.
#[utoipa::path(post, path = "/notices/preview", tag = "notices", request_body = PreviewRequest,
    responses((status = 200, description = "The mail", body = Message)))]
async fn preview(
    State(state): State<AppState>,
    Body(request): Body<PreviewRequest>,
) -> Result<Json<Message>, ApiError> {
    Ok(Json(state.run(move |app| notice::preview(app, &request)).await?))
}

/// Tries a notice once more that was refused for good, or at once one that was put off; its address is no longer suppressed.
#[utoipa::path(post, path = "/notices/{id}/retry", tag = "notices",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The notice", body = NoticeView)))]
async fn retry(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<NoticeId>,
) -> Result<Json<NoticeView>, ApiError> {
    let retry = move |app: &_| {
        part::check_notice(app, &who, id)?;
        notice::unreached::retry(app, &who, id)
    };
    let view = state.run(retry).await?;
    state.workers().wake();
    Ok(Json(view))
}

/// Visits to come of which the merchant has not been told, or not in time; the earliest first, 1000 at most.
#[utoipa::path(get, path = "/unreached", tag = "notices",
    responses((status = 200, description = "Visits to come of which the merchant has not been told", body = Vec<Unreached>)))]
async fn unreached(State(state): State<AppState>) -> Result<Json<Vec<Unreached>>, ApiError> {
    Ok(Json(state.run(notice::unreached::list).await?))
}

/// The merchant of a visit was told by telephone: that counts as an announcement, from now on.
#[utoipa::path(post, path = "/visits/{id}/told", tag = "notices",
    params(("id" = i64, Path, description = "The visit's number")),
    request_body = CallReport,
    responses((status = 204, description = "Its appointments are announced")))]
async fn told(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<i64>,
    Body(report): Body<CallReport>,
) -> Result<StatusCode, ApiError> {
    state.run(move |app| notice::unreached::told(app, &who, id, &report)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A visit goes on though its merchant has not been told in time; with the reason, on the record.
#[utoipa::path(post, path = "/visits/{id}/override", tag = "notices",
    params(("id" = i64, Path, description = "The visit's number")),
    request_body = Because,
    responses((status = 204, description = "Its appointments open without an announcement"),
        (status = 202, description = "A second person has to approve it", body = Problem)))]
async fn go_on(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<i64>,
    Body(because): Body<Because>,
) -> Result<StatusCode, ApiError> {
    state.run(move |app| approval::go_on(app, &who, id, &because)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a merchant another address; what is to come and has not been announced is announced there.
#[utoipa::path(post, path = "/merchants/{number}/address", tag = "notices",
    params(("number" = String, Path, description = "Merchant number")),
    request_body = AddressChange,
    responses((status = 204, description = "Mail goes to the new address")))]
async fn change_address(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(number): Segment<String>,
    Body(change): Body<AddressChange>,
) -> Result<StatusCode, ApiError> {
    state.run(move |app| notice::unreached::change_address(app, &who, &number, &change)).await?;
    state.workers().wake();
    Ok(StatusCode::NO_CONTENT)
}

/// Figures of the outbox; which domains and mail servers are left alone is what the process that answers knows.
#[utoipa::path(get, path = "/notices/stats", tag = "notices",
    responses((status = 200, description = "The figures", body = NoticeStats)))]
async fn stats(State(state): State<AppState>) -> Result<Json<NoticeStats>, ApiError> {
    let mut stats = state.run(notice::stats).await?;
    stats.paused_domains = state.workers().paused_domains();
    stats.relays = state.workers().relays();
    Ok(Json(stats))
}

/// Tries at once what failed or was put off on the way to a domain.
#[utoipa::path(post, path = "/notices/retry", tag = "notices", request_body = RetryRequest,
    responses((status = 200, description = "How many are tried again", body = RetryResult)))]
async fn retry_domain(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(request): Body<RetryRequest>,
) -> Result<Json<RetryResult>, ApiError> {
    let notices = state.run(move |app| notice::unreached::retry_domain(app, &who, &request)).await?;
    state.workers().wake();
    Ok(Json(RetryResult { notices }))
}

/// Addresses to which nothing is sent.
#[utoipa::path(get, path = "/suppressions", tag = "notices", params(PageQuery),
    responses((status = 200, description = "The addresses", body = Page<Suppression>)))]
async fn suppressions(
    State(state): State<AppState>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Suppression>>, ApiError> {
    Ok(Json(state.run(move |app| notice::suppressing::list(app, &query)).await?))
}

/// Nothing is sent to an address from now on.
#[utoipa::path(post, path = "/suppressions", tag = "notices", request_body = SuppressionChange,
    responses((status = 200, description = "It is suppressed", body = Suppression)))]
async fn suppress(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(change): Body<SuppressionChange>,
) -> Result<Json<Suppression>, ApiError> {
    Ok(Json(state.run(move |app| notice::suppressing::add(app, &who, &change)).await?))
}

/// Mail is sent to an address again.
#[utoipa::path(post, path = "/suppressions/release", tag = "notices", request_body = SuppressionChange,
    responses((status = 200, description = "As it was suppressed", body = Suppression)))]
async fn release(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(change): Body<SuppressionChange>,
) -> Result<Json<Suppression>, ApiError> {
    Ok(Json(state.run(move |app| notice::suppressing::remove(app, &who, &change)).await?))
}

/// When a merchant is reminded of visits.
#[utoipa::path(get, path = "/merchants/{number}/reminders", tag = "notices",
    params(("number" = String, Path, description = "Merchant number")),
    responses((status = 200, description = "When", body = Reminders)))]
async fn reminders(
    State(state): State<AppState>,
    Segment(number): Segment<String>,
) -> Result<Json<Reminders>, ApiError> {
    Ok(Json(state.run(move |app| notice::reminders::show(app, &number)).await?))
}

/// Has a merchant reminded so; what is queued of visits to come is queued anew.
#[utoipa::path(post, path = "/merchants/{number}/reminders", tag = "notices",
    params(("number" = String, Path, description = "Merchant number")),
    request_body = RemindersChange,
    responses((status = 200, description = "When from now on", body = Reminders)))]
async fn set_reminders(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(number): Segment<String>,
    Body(change): Body<RemindersChange>,
) -> Result<Json<Reminders>, ApiError> {
    let reminders = state.run(move |app| notice::reminders::change(app, &who, &number, &change)).await?;
    state.workers().wake();
    Ok(Json(reminders))
}

/// Where a merchant's mail goes when a server takes no address beyond ASCII.
#[utoipa::path(get, path = "/merchants/{number}/ascii-address", tag = "notices",
    params(("number" = String, Path, description = "Merchant number")),
    responses((status = 200, description = "The address", body = AsciiAddress)))]
async fn ascii_address(
    State(state): State<AppState>,
    Segment(number): Segment<String>,
) -> Result<Json<AsciiAddress>, ApiError> {
    Ok(Json(state.run(move |app| notice::ascii_address::show(app, &number)).await?))
}

/// Gives a merchant another address for servers that take none beyond ASCII, or none.
#[utoipa::path(post, path = "/merchants/{number}/ascii-address", tag = "notices",
    params(("number" = String, Path, description = "Merchant number")),
    request_body = AsciiAddressChange,
    responses((status = 200, description = "The address from now on", body = AsciiAddress)))]
async fn set_ascii_address(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(number): Segment<String>,
    Body(change): Body<AsciiAddressChange>,
) -> Result<Json<AsciiAddress>, ApiError> {
    Ok(Json(state.run(move |app| notice::ascii_address::change(app, &who, &number, &change)).await?))
}
