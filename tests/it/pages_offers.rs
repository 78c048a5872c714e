//! What each role is offered on the pages: nothing that its routes would refuse.

use offpeak::domain::access::Role;
use offpeak::web::pages::PageContext;
use offpeak::web::pages::context::Reader;

use crate::pages_samples::PLAIN;
use crate::pages_views::{context, full_pages_in, parse, text_of};

/// A viewer makes tokens of his own; the page of approvals looks at the role itself; the others do not open to him.
const LEFT_OUT: [&str; 4] = ["campaign-new", "users", "tokens", "approvals"];

#[test]
fn whoever_only_looks_is_offered_nothing_that_changes_something() {
    let seen_by = |role| {
        let (name, csrf) = ("vera".to_owned(), "5f2a".to_owned());
        let reader = Reader { name, csrf, role, is_confined: false };
        full_pages_in(&PageContext { reader: Some(reader), ..context() }, PLAIN)
    };
    let offers = |(name, page): &(String, String)| {
        let document = parse(name, page);
        let changes =
            ["data-api-path", "data-api-method", "data-dialog", "data-batch", "data-replan", "data-movable"];
        document
            .descendants()
            .filter(|node| changes.iter().any(|key| node.attribute(*key).is_some()))
            .map(|node| format!("{name}: <{}> {}", node.tag_name().name(), text_of(node)))
            .collect::<Vec<_>>()
    };
    let counted = |name: &str| !LEFT_OUT.iter().any(|page| name == format!("{page}-en"));
    let by_viewer: Vec<String> =
        seen_by(Role::Viewer).iter().filter(|(name, _)| counted(name)).flat_map(offers).collect();
    assert!(by_viewer.is_empty(), "{}", by_viewer.join("\n"));
    let by_operator: Vec<String> =
        seen_by(Role::Operator).iter().filter(|(name, _)| counted(name)).flat_map(offers).collect();
    assert!(by_operator.len() > 60, "{}", by_operator.len());
}

/// What each operation of the API asks, by method and the parts of its path.
fn least_roles() -> Vec<(String, Vec<String>, Role)> {
    let document = serde_json::to_value(offpeak::web::openapi_document()).expect("JSON");
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if let Some(role) = operation["security"][0]["session"][0].as_str() {
                let parts = path.trim_start_matches("/api/v1/").split('/').map(str::to_owned).collect();
                found.push((method.to_uppercase(), parts, role.parse().expect("a role")));
            }
        }
    }
    found
}

#[test]
fn a_form_is_offered_to_those_alone_whose_role_its_route_asks_for() {
    let routes = least_roles();
    // A part that stands in both beats one that a name is put into: `/appointments/batch`.
    let asks = |method: &str, path: &str| {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let fits = |known: &&(String, Vec<String>, Role)| {
            known.0 == method
                && known.1.len() == parts.len()
                && known.1.iter().zip(&parts).all(|(known, part)| known.starts_with('{') || known == part)
        };
        let named = |known: &&(String, Vec<String>, Role)| {
            known.1.iter().zip(&parts).filter(|(known, part)| known == part).count()
        };
        let route = routes.iter().filter(fits).max_by_key(named);
        route.unwrap_or_else(|| panic!("there is no {method} {path}")).2
    };
    let mut looked_at = 0;
    for role in [Role::Viewer, Role::Operator, Role::Approver, Role::Admin] {
        let reader = Reader { name: "vera".to_owned(), csrf: "5f2a".to_owned(), role, is_confined: false };
        let context = PageContext { reader: Some(reader), ..context() };
        for (name, page) in full_pages_in(&context, PLAIN) {
            // These do not open to everybody; the page of approvals looks at the role itself.
            if ["campaign-new-en", "users-en", "approvals-en"].contains(&name.as_str()) {
                continue;
            }
            let document = parse(&name, &page);
            for form in document.descendants().filter(|node| node.has_attribute("data-api-path")) {
                let path = form.attribute("data-api-path").unwrap_or_default();
                let method = form.attribute("data-api-method").unwrap_or("POST");
                assert!(role >= asks(method, path), "{name}: {method} {path} is offered to a {role}");
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 100, "{looked_at}");
}
