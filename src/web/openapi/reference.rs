//! The reference of the API as a page: the same document, to be read. No script, nothing from elsewhere.

use std::sync::OnceLock;

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use minijinja::{Environment, context};
use serde_json::{Value, json};

use super::document;
use crate::web::error::plain_problem;
use crate::web::pages::CONTENT_SECURITY_POLICY;

const TEMPLATE: &str = include_str!("../../../templates/web/reference.html");

/// `GET /api/v1/docs`.
pub(in crate::web) async fn page() -> Response {
    static PAGE: OnceLock<Option<String>> = OnceLock::new();
    match PAGE.get_or_init(|| rendered(document())) {
        Some(page) => {
            let mut response = Html(page.as_str()).into_response();
            let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            response
        }
        None => plain_problem(
            axum::http::StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Internal error",
            "the reference cannot be shown; the document is at /api/v1/openapi.json",
        )
        .into_response(),
    }
}

fn rendered(document: &Value) -> Option<String> {
    let mut environment = Environment::new();
    environment.add_template("reference.html", TEMPLATE).ok()?;
    let tags = tags_of(document);
    let schemas: Vec<Value> = document
        .pointer("/components/schemas")
        .and_then(Value::as_object)?
        .iter()
        .map(|(name, schema)| {
            json!({"name": name, "description": schema["description"], "fields": fields_of(schema),
            "values": schema["enum"], "example": pretty(schema.get("example"))})
        })
        .collect();
    let page = context! {
        title => document.pointer("/info/title").and_then(Value::as_str),
        version => document.pointer("/info/version").and_then(Value::as_str),
        tags => minijinja::Value::from(minijinja::value::Serde(&tags)),
        schemas => minijinja::Value::from(minijinja::value::Serde(&schemas)),
    };
    environment.get_template("reference.html").ok()?.render(page).ok()
}

/// The operations by tag, in the order of the tags.
fn tags_of(document: &Value) -> Vec<Value> {
    let mut tags = Vec::new();
    for tag in document["tags"].as_array().into_iter().flatten() {
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for method in ["get", "post", "put", "patch", "delete"] {
                let Some(operation) = item.get(method).filter(|one| one["tags"][0] == tag["name"]) else {
                    continue;
                };
                operations.push(operation_of(path, method, operation, document));
            }
        }
        tags.push(json!({"name": tag["name"], "description": tag["description"], "operations": operations}));
    }
    tags
}

fn operation_of(path: &str, method: &str, operation: &Value, document: &Value) -> Value {
    let parameters: Vec<Value> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|parameter| resolved(parameter, document))
        .map(|parameter| {
            json!({"name": parameter["name"], "place": parameter["in"], "required": parameter["required"],
                "description": parameter["description"], "type": type_of(&parameter["schema"])})
        })
        .collect();
    let body = operation
        .pointer("/requestBody/content")
        .and_then(Value::as_object)
        .and_then(|all| all.iter().next());
    let body = body.map(|(kind, content)| {
        json!({"kind": kind, "type": type_of(&content["schema"]), "example": pretty(content.get("example"))})
    });
    let answers: Vec<Value> = operation["responses"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(status, answer)| {
            let answer = resolved(answer, document);
            let content = answer["content"].as_object().and_then(|all| all.iter().next());
            let shown = content.filter(|_| status.starts_with('2'));
            json!({"status": status, "description": answer["description"], "kind": content.map(|(kind, _)| kind),
                "type": shown.map(|(_, content)| type_of(&content["schema"])),
                "example": shown.and_then(|(_, content)| pretty(content.get("example")))})
        })
        .collect();
    json!({"id": operation["operationId"], "method": method.to_uppercase(), "path": path,
        "summary": operation["summary"], "description": operation["description"],
        "parameters": parameters, "body": body, "answers": answers})
}

fn resolved<'a>(value: &'a Value, document: &'a Value) -> &'a Value {
    let path = value.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
    path.and_then(|path| document.pointer(path)).unwrap_or(value)
}

/// `AppointmentView`, `list of PlanItem`, `text or null`.
fn type_of(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        return name.to_owned();
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(parts) = schema.get(key).and_then(Value::as_array) {
            return parts.iter().map(type_of).collect::<Vec<_>>().join(" or ");
        }
    }
    let named = |kind: &str| match kind {
        "array" => format!("list of {}", type_of(&schema["items"])),
        "string" => schema.get("format").and_then(Value::as_str).unwrap_or("string").to_owned(),
        other => other.to_owned(),
    };
    match &schema["type"] {
        Value::String(kind) => named(kind),
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).map(named).collect::<Vec<_>>().join(" or ")
        }
        _ => "anything".to_owned(),
    }
}

fn fields_of(schema: &Value) -> Vec<Value> {
    let parts =
        schema.get("allOf").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![schema.clone()]);
    let mut fields = Vec::new();
    for part in &parts {
        let required: Vec<&Value> = part["required"].as_array().into_iter().flatten().collect();
        for (name, field) in part["properties"].as_object().into_iter().flatten() {
            fields.push(json!({"name": name, "type": type_of(field), "description": field["description"],
                "required": required.iter().any(|one| *one == name)}));
        }
    }
    fields
}

fn pretty(example: Option<&Value>) -> Option<String> {
    example.and_then(|example| serde_json::to_string_pretty(example).ok())
}
