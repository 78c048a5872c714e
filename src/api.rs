//! The shapes that travel over the HTTP API: what the web edge sends and takes, and what the command line, its
//! client, reads. Plain data: no rules, no database.
//!
//! | method and path under `/api/v1` | takes | gives |
//! |---|---|---|
//! | `POST /fleet/import?dry_run=` | multipart form, one part `file` a file | [`fleet::ImportReport`]; 422 with [`problem::Problem::rows`] |
//! | `GET /fleet/export/{merchants,sites,terminals}?format=csv,jsonl` | | the file |
//! | `GET /fleet` | | [`fleet::FleetSummary`] |
//! | `GET /merchants`, `/sites`, `/terminals` (`?limit=&after=&q=`) | | [`Page`] of views |
//! | `GET /terminals/{serial}` | | [`fleet::TerminalHistory`] |
//! | `GET /merchants/{number}`, `/sites/{code}` | | [`fleet::MerchantView`], [`fleet::SiteView`] |
//! | `PATCH /merchants/{number}`, `/sites/{code}`, `/terminals/{serial}` (`?dry_run=`) | [`fleet::MerchantChange`], [`fleet::SiteChange`], [`fleet::TerminalChange`] | [`fleet::FleetEdit`] |
//! | `GET /fleet/search?q=` | | [`fleet::FleetHits`] |
//! | `GET, POST /windows`, `GET, PUT, DELETE /windows/{id}`, `POST /windows/preview` | [`calendar::NewWindow`], [`calendar::PreviewRequest`] | [`calendar::WindowView`], [`calendar::Preview`] |
//! | `GET, POST /blackouts`, `GET, PUT, DELETE /blackouts/{id}`, `POST /blackouts/preview` | [`calendar::NewBlackout`] | [`calendar::BlackoutView`], [`calendar::BlackoutPreview`] |
//! | `GET, POST /budgets`, `GET, PUT, DELETE /budgets/{id}`, `POST /budgets/preview` | [`budget::NewBudget`] | [`budget::BudgetView`], [`budget::BudgetPreview`] |
//! | `GET, POST /campaigns`, `GET /campaigns/{name}`, `POST /campaigns/{name}/{activate,pause,resume,cancel}`, `GET /campaigns/{name}/targets` | [`campaign::NewCampaign`], [`Because`] | [`campaign::CampaignView`], [`campaign::Targets`] |
//! | `GET, POST /programmes`, `GET, PUT, DELETE /programmes/{name}`, `POST /programmes/{name}/{pause,resume}`, `POST /programmes/preview` | [`campaign::NewProgramme`], [`Because`] | [`campaign::ProgrammeView`] |
//! | `GET, POST /plans`, `GET /plans/{id}`, `GET /plans/{id}/items`, `GET /plans/{id}/diff`, `GET /plans/{id}/load`, `POST /plans/{id}/{cancel,publish,discard}` | [`plan::NewPlan`], [`Because`] | [`plan::PlanView`], [`plan::PlanItem`], [`plan::PlanDiff`], [`plan::Load`] |
//! | `POST /problem` | [`plan::NewPlan`] | an `offpeak.problem/1` file |
//! | `POST /maintenance` | [`appointment::Maintenance`] | [`appointment::MaintenanceResult`]; 409 with [`problem::Problem::refusals`] |
//! | `GET /appointments`, `GET /appointments/{id}`, `POST /appointments/{id}/{move,cancel,start,outcome}` | [`appointment::MoveRequest`], [`Because`], [`appointment::OutcomeReport`] | [`appointment::AppointmentView`] |
//! | `GET /notices`, `GET /notices/{id}`, `GET /notices/{id}/message`, `POST /notices/preview` | [`notice::PreviewRequest`] | [`notice::NoticeView`], the stored message, [`notice::Message`] |
//! | `POST /notices/{id}/retry`, `GET /unreached`, `POST /visits/{id}/{told,override}`, `POST /merchants/{number}/address` | [`notice::CallReport`], [`Because`], [`notice::AddressChange`] | [`notice::NoticeView`], [`notice::Unreached`] |
//! | `GET /notices/stats`, `POST /notices/retry`, `GET, POST /suppressions`, `POST /suppressions/release`, `GET, POST /merchants/{number}/reminders` | [`notice::RetryRequest`], [`notice::SuppressionChange`] | [`notice::NoticeStats`], [`notice::RetryResult`], [`notice::Suppression`], [`notice::Reminders`] |
//! | `GET /notice-templates`, `GET /notice-templates/{kind}?locale=`, `GET /notice-templates/{kind}/raw?locale=` | | [`template::TemplateView`], [`notice::Message`], the message |
//! | `GET /answers`, `POST /link-keys` | | [`Page`] of [`merchant::AnswerView`], [`merchant::LinkKeyView`] |
//! | `POST /inbound-mail?recipient=&sender=`, `GET /inbound-mail`, `POST /inbound-mail/{id}/done` | a message | [`inbound::Ingested`], [`Page`] of [`inbound::InboundView`] |
//! | `GET, POST /locks`, `POST /locks/{id}/state` | [`lock::NewLock`], [`lock::LockChange`] | [`lock::LockView`] |
//! | `GET /load?days=` | | [`plan::Load`] of what is published |
//! | `GET /tonight` | | [`plan::Tonight`] |
//! | `GET /audit`, `/audit/verify`, `/audit/export` | [`audit::AuditQuery`] | [`Page`] of [`AuditView`], [`audit::AuditVerdict`], the file |
//! | `GET /whoami`, `POST /password` | [`access::PasswordChange`] | [`access::WhoView`] |
//! | `GET, POST /accounts`, `POST /accounts/{name}/{role,disable,enable,reset-password}` | [`access::NewAccount`], [`access::RoleChange`], [`Because`] | [`access::AccountView`], [`access::Invitation`] |
//! | `GET, POST /tokens`, `POST /tokens/{id}/revoke` | [`access::NewToken`], [`Because`] | [`access::TokenView`], [`access::MadeToken`] |
//! | `GET /approvals`, `GET /approvals/{id}`, `POST /approvals/{id}/{approve,refuse,withdraw,carry-out}` | [`Because`] | [`approval::ApprovalView`] |
//! | `GET /replicas`, `GET /events` | | [`replica`], a stream of [`event`]s |
//! | `GET /doctor` | | [`doctor::Diagnosis`] |
//! | `POST /workers/{raise,watch,notify,dispatch}` | | [`WorkerRun`]: one pass of the loop, now |
//!
//! Errors are RFC 9457 problem documents ([`problem::Problem`]). Instants are RFC 3339 in UTC.

pub mod access;
pub mod appointment;
pub mod approval;
pub mod audit;
pub mod backup;
pub mod budget;
pub mod calendar;
pub mod campaign;
pub mod doctor;
pub mod event;
pub mod fleet;
pub mod inbound;
pub mod lock;
pub mod merchant;
pub mod notice;
pub mod plan;
pub mod preview;
pub mod problem;
pub mod replica;
pub mod schema;
pub mod template;
pub mod timeline;
pub mod transfer;
pub mod wave;
pub mod webhook;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One page of a list, in the list's order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Pass as `after` to get the next page; absent on the last one.
    pub next: Option<String>,
}

/// Which page of a list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Rows on the page, 1 to 1000; 100 unless told.
    pub limit: Option<i64>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Only rows whose key or name contains this. A page looks through so many rows and no more: it may hold few, or
    /// none, and `next` goes on.
    pub q: Option<String>,
}

/// Which part of a list that is not searched.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Rows on the page, 1 to 1000; 100 unless told.
    pub limit: Option<i64>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// Why a change is made; it goes onto the audit trail.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// In the operator's words.
    pub reason: Option<String>,
}

/// One entry of the audit trail.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    /// Its number; later entries have higher ones.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who: an account, `<account>/<token>`, `local:<system user>`, `token` (of the settings), `merchant:<number>` or
    /// `worker:<loop>`.
    pub actor: String,
    /// From where: the address, if it came over the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// What was done, as `appointment.move`.
    pub action: String,
    /// To what, as `appointment 17`.
    pub subject: String,
    /// What stood there before, if it can be said in short.
    pub before: Option<serde_json::Value>,
    /// What stands there now.
    pub after: Option<serde_json::Value>,
    /// Why, in the words of who did it.
    pub reason: Option<String>,
    /// The token of the lease under which a leading loop wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<i64>,
    /// Its place in the chain; none for an entry from before there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
    /// Its digest, over itself and the digest of the one before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// What one pass of a background loop did.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct WorkerRun {
    /// Counts by what happened, as `{"accepted": 12, "deferred": 1}`.
    pub counts: std::collections::BTreeMap<String, u64>,
}
