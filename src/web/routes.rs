//! The least role of every route, said where the route is defined: a route without one does not compile. What the
//! router asks, the OpenAPI document says, and a test compares both with a table written by hand.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use utoipa::openapi::security::SecurityRequirement;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::api::problem::Problem;
use crate::domain::access::Role;
use crate::service::Actor;
use crate::web::error::plain_problem;
use crate::web::{ApiError, AppState, pages};

/// What a route asks of whoever comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asks {
    /// The least role.
    pub role: Role,
    /// Whether it is open to somebody who is confined to a part of the fleet: then its use case keeps him to it.
    pub parts: bool,
}

/// Routes of the API.
pub(super) struct Routes(OpenApiRouter<AppState>);

impl Routes {
    pub(super) fn new() -> Self {
        Routes(OpenApiRouter::new())
    }

    /// Adds routes about the fleet as a whole: whoever is confined to a part of it is refused.
    #[must_use]
    pub(super) fn whole(self, role: Role, routes: UtoipaMethodRouter<AppState>) -> Self {
        self.add(Asks { role, parts: false }, routes)
    }

    /// Adds routes whose use cases keep everybody to his part of the fleet.
    #[must_use]
    pub(super) fn parts(self, role: Role, routes: UtoipaMethodRouter<AppState>) -> Self {
        self.add(Asks { role, parts: true }, routes)
    }

    fn add(self, asks: Asks, (schemas, mut paths, router): UtoipaMethodRouter<AppState>) -> Self {
        for item in paths.paths.values_mut() {
            let operations =
                [&mut item.get, &mut item.post, &mut item.delete, &mut item.put, &mut item.patch];
            for operation in operations.into_iter().flatten() {
                let roles = || [asks.role.as_str()];
                operation.security = Some(vec![
                    SecurityRequirement::new("session", roles()),
                    SecurityRequirement::new("token", roles()),
                ]);
                let whom = if asks.parts { "; keeps everybody to his part of the fleet" } else { "" };
                let said = format!("Least role: {}{whom}.", asks.role);
                operation.description = Some(match operation.description.take() {
                    Some(description) if !description.is_empty() => format!("{description}\n\n{said}"),
                    _ => said,
                });
            }
        }
        let router = router.route_layer(from_fn_with_state(asks, require));
        Routes(self.0.routes((schemas, paths, router)))
    }

    #[must_use]
    pub(super) fn merge(self, other: Routes) -> Self {
        Routes(self.0.merge(other.0))
    }

    /// A layer over the routes so far.
    #[must_use]
    pub(super) fn map(self, layer: impl FnOnce(OpenApiRouter<AppState>) -> OpenApiRouter<AppState>) -> Self {
        Routes(layer(self.0))
    }

    pub(super) fn into_router(self) -> OpenApiRouter<AppState> {
        self.0
    }
}

/// Pages, and what each asks.
pub(super) struct PageRoutes {
    router: Router<AppState>,
    table: Vec<(&'static str, Asks)>,
}

impl PageRoutes {
    pub(super) fn new() -> Self {
        PageRoutes { router: Router::new(), table: Vec::new() }
    }

    /// Adds a page about the fleet as a whole: whoever is confined to a part of it is refused.
    #[must_use]
    pub(super) fn whole(self, role: Role, path: &'static str, page: MethodRouter<AppState>) -> Self {
        self.add(Asks { role, parts: false }, path, page)
    }

    /// Adds a page whose use cases keep everybody to his part of the fleet.
    #[must_use]
    pub(super) fn parts(self, role: Role, path: &'static str, page: MethodRouter<AppState>) -> Self {
        self.add(Asks { role, parts: true }, path, page)
    }

    fn add(mut self, asks: Asks, path: &'static str, page: MethodRouter<AppState>) -> Self {
        self.table.push((path, asks));
        self.router = self.router.route(path, page.route_layer(from_fn_with_state(asks, require)));
        self
    }

    #[must_use]
    pub(super) fn merge(mut self, other: PageRoutes) -> Self {
        self.table.extend(other.table);
        self.router = self.router.merge(other.router);
        self
    }

    pub(super) fn into_router(self) -> Router<AppState> {
        self.router
    }

    pub(super) fn into_table(self) -> Vec<(&'static str, Asks)> {
        self.table
    }
}

/// Every page of the operators, and what it asks.
pub fn page_table() -> Vec<(&'static str, Asks)> {
    pages::routes().into_table()
}

/// Goes with a refusal: where it was a page that was asked for, it becomes one.
#[derive(Clone)]
pub(super) struct Refused(pub(super) Arc<Problem>);

impl Refused {
    /// The refusal, as one that becomes a page.
    pub(super) fn answer(refusal: ApiError) -> Response {
        let problem = Refused(Arc::new(refusal.problem().clone()));
        let mut answer = refusal.into_response();
        answer.extensions_mut().insert(problem);
        answer
    }
}

/// Lets whoever may pass.
async fn require(State(asks): State<Asks>, request: Request, next: Next) -> Response {
    let Some(actor) = request.extensions().get::<Actor>() else {
        let detail = "nobody asked who asks; this is a defect of the server";
        return plain_problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
            .into_response();
    };
    let refusal = if actor.role() < asks.role {
        let detail = format!(
            "this asks for the role {}, and you are {}; an administrator can change that",
            asks.role,
            actor.role()
        );
        plain_problem(StatusCode::FORBIDDEN, "forbidden", "Not allowed", &detail)
    } else if let Some(part) = actor.part().filter(|_| !asks.parts) {
        let detail = format!("this concerns the whole fleet, and you are confined to {part}");
        plain_problem(StatusCode::FORBIDDEN, "out_of_scope", "Not your part of the fleet", &detail)
    } else {
        return next.run(request).await;
    };
    Refused::answer(refusal)
}
