//! What every operation has in common is written into the document here, by rule: the errors that it may answer with,
//! headers, names, examples. So no handler can forget it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::examples::example_of;

/// The methods of a path item, with what they are called in names.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Completes the document as the handlers describe it.
pub(super) fn complete(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let mut names: BTreeMap<String, u32> = BTreeMap::new();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, item) in paths {
            for method in METHODS {
                let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) else { continue };
                complete_operation(path, method, operation, &schemas);
                let name = operation_name(operation);
                let known = names.entry(name.clone()).or_default();
                *known += 1;
                let name = if *known == 1 { name } else { format!("{name}_{known}") };
                operation.insert("operationId".to_owned(), json!(name));
            }
        }
    }
    let tags: std::collections::BTreeSet<String> = operations(document)
        .filter_map(|operation| operation.pointer("/tags/0")?.as_str().map(str::to_owned))
        .collect();
    let tags: Vec<Value> =
        tags.into_iter().map(|tag| json!({"name": tag, "description": tag_text(&tag)})).collect();
    document["tags"] = Value::Array(tags);
    document["components"]["responses"] = error_responses();
    give_examples(document, &schemas);
}

/// Every operation of a document.
fn operations(document: &Value) -> impl Iterator<Item = &Value> {
    let items = document["paths"].as_object().into_iter().flat_map(|paths| paths.values());
    items.flat_map(|item| METHODS.iter().filter_map(|method| item.get(*method)))
}

/// `plans_publish`: the handler's name alone may come twice.
fn operation_name(operation: &Map<String, Value>) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let tag = text(operation.get("tags").and_then(|tags| tags.get(0)));
    let handler = text(operation.get("operationId"));
    if handler == tag { format!("{tag}_list") } else { format!("{tag}_{handler}") }
}

fn tag_text(tag: &str) -> &'static str {
    match tag {
        "access" => "Who may come in: people, their sessions, API tokens.",
        "approvals" => "What waits for a second person.",
        "appointments" => "One terminal, one span of time, the work to do in it; and ad-hoc maintenance.",
        "audit" => "Every change, with who, when and why.",
        "budgets" => "How many terminals of a group may be down at once.",
        "calendar" => "Maintenance windows, and blackouts.",
        "campaigns" => "Pieces of work for a selection of terminals.",
        "doctor" => "An examination of the installation.",
        "events" => "What happens, as it happens.",
        "fleet" => "Merchants, sites and terminals.",
        "locks" => "Terminals that cannot take payments.",
        "merchants" => "What merchants answer, and the links in their mail.",
        "notices" => "Mails about visits.",
        "operation" => "How the installation does.",
        "plans" => "Proposed sets of appointments; the load; tonight.",
        "programmes" => "Recurring inspections.",
        "replicas" => "Which replica does what.",
        "webhooks" => "What happens, sent to other systems.",
        "workers" => "Passes of the background loops, by hand.",
        _ => "",
    }
}

fn complete_operation(path: &str, method: &str, operation: &mut Map<String, Value>, schemas: &Value) {
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    let list = parameters.as_array().cloned().unwrap_or_default();
    let is_in = |place: &str| list.iter().any(|parameter| parameter["in"] == place);
    let has_path = is_in("path");
    let has_if_match = list.iter().any(|parameter| parameter["name"] == "If-Match");
    let has_body = operation.contains_key("requestBody");
    let is_form =
        operation.get("requestBody").is_some_and(|body| body["content"]["multipart/form-data"].is_object());
    let changes = method != "get";

    let mut statuses = vec!["401", "403", "422", "500", "503"];
    if has_path || changes {
        statuses.push("404");
    }
    if changes {
        statuses.push("409");
    }
    if has_if_match {
        statuses.push("412");
    }
    if has_body {
        statuses.push("413");
    }
    if is_form {
        statuses.push("400");
    }
    let mut headers = Vec::new();
    if method == "post" {
        headers.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
    }
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    let Some(responses) = responses.as_object_mut() else { return };
    responses.remove("default");
    let json_answer =
        responses.get("200").is_some_and(|answer| answer["content"]["application/json"].is_object());
    if method == "get" && json_answer {
        headers.push(json!({"$ref": "#/components/parameters/IfNoneMatch"}));
        responses.insert("304".to_owned(), json!({"$ref": "#/components/responses/NotModified"}));
    }
    // What a handler says of an error of its own is said of all of them.
    let declared = responses.keys().filter(|status| status.starts_with(['4', '5'])).cloned();
    let statuses: Vec<String> = declared.chain(statuses.into_iter().map(str::to_owned)).collect();
    for status in statuses {
        let answer = json!({"$ref": format!("#/components/responses/Problem{status}")});
        responses.insert(status, answer);
    }
    for (status, answer) in responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
        let tagged =
            answer["content"]["application/json"].is_object() && (method == "get" || *status != "204");
        if tagged && method == "get" {
            answer["headers"]["ETag"] = json!({"$ref": "#/components/headers/ETag"});
        }
        if let Some(content) =
            answer.get_mut("content").and_then(|content| content.get_mut("application/json"))
        {
            let example = example_of(&content["schema"], schemas, 0);
            if let Some(example) = example {
                content["example"] = example;
            }
        }
    }
    if let Some(body) = operation.get_mut("requestBody")
        && let Some(content) = body.pointer_mut("/content/application~1json")
    {
        let own = super::examples::request_example(path, method);
        if let Some(example) = own.or_else(|| example_of(&content["schema"], schemas, 0)) {
            content["example"] = example;
        }
    }
    if let Some(list) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
        for parameter in list.iter_mut().filter(|parameter| parameter["name"] == "limit") {
            parameter["schema"]["minimum"] = json!(1);
            parameter["schema"]["maximum"] = json!(1000);
        }
        list.extend(headers);
    }
}

/// The answers that are errors, each with an example.
fn error_responses() -> Value {
    let mut responses = Map::new();
    for (status, code, title, detail) in [
        (400, "invalid", "Not a form of files", "Invalid `boundary`; send the files as multipart/form-data"),
        (401, "unauthorized", "No valid token", "send the API token as `Authorization: Bearer …`"),
        (403, "cross_site", "Cross-site request", "a page of another site cannot make changes here"),
        (404, "not_found", "Not found", "there is no appointment `17`; see `offpeak appointment list`"),
        (
            409,
            "conflict",
            "Not possible as things stand",
            "appointment 17 has begun or ended and can no longer be moved",
        ),
        (
            412,
            "precondition_failed",
            "Changed meanwhile",
            "appointment 17 has been changed meanwhile; look at it as it is now, and decide again",
        ),
        (413, "invalid", "The body cannot be read", "length limit exceeded"),
        (422, "invalid", "Invalid value", "limit: 0 is out of range; use 1 to 1000"),
        (500, "internal", "Internal error", "the server stumbled over this request; its log says where"),
        (503, "database_locked", "Not available for now", "somebody else is writing; try again in a moment"),
    ] {
        let example = json!({"type": format!("/problems/{code}"), "title": title, "status": status,
            "detail": detail, "code": code});
        let content = json!({"schema": {"$ref": "#/components/schemas/Problem"}, "example": example});
        responses.insert(
            format!("Problem{status}"),
            json!({"description": format!("{title}. `code` names the kind."),
                "content": {"application/problem+json": content}}),
        );
    }
    responses.insert(
        "NotModified".to_owned(),
        json!({"description": "What `If-None-Match` names is still right."}),
    );
    Value::Object(responses)
}

fn give_examples(document: &mut Value, schemas: &Value) {
    document["components"]["headers"] = json!({"ETag": {
        "description": "For `If-None-Match`, and for `If-Match` of a change to the same thing.",
        "schema": {"type": "string"}}});
    document["components"]["parameters"] = json!({
        "IdempotencyKey": {"name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Best a UUID: the same request with the same key is done once, and answered alike for a day.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}},
        "IfNoneMatch": {"name": "If-None-Match", "in": "header", "required": false,
            "description": "The `ETag` of an earlier answer: 304 if it is still right.",
            "schema": {"type": "string"}},
    });
    if let Some(all) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for schema in all.values_mut() {
            if schema.get("example").is_none()
                && let Some(example) = example_of(schema, schemas, 0)
            {
                schema["example"] = example;
            }
        }
    }
}
