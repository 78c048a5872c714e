//! Examples for the document: made from the schemas, with values as they really look, and written out where a request
//! would make no sense otherwise.

use serde_json::{Map, Value, json};

/// Schemas within schemas that an example follows.
const DEPTH_MAX: u32 = 6;

/// An example of what a schema describes.
pub(super) fn example_of(schema: &Value, schemas: &Value, depth: u32) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    if let Some(example) = schema.get("example") {
        return Some(example.clone());
    }
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        return example_of(schemas.get(name)?, schemas, depth + 1);
    }
    if let Some(first) = schema.get("enum").and_then(|values| values.get(0)) {
        return Some(first.clone());
    }
    if let Some(value) = schema.get("const") {
        return Some(value.clone());
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let mut whole = Map::new();
        for part in parts {
            if let Some(Value::Object(fields)) = example_of(part, schemas, depth + 1) {
                whole.extend(fields);
            }
        }
        return Some(Value::Object(whole));
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema.get(key).and_then(Value::as_array) {
            let real = choices.iter().find(|choice| choice["type"] != "null")?;
            return example_of(real, schemas, depth + 1);
        }
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().find(|kind| *kind != "null").and_then(Value::as_str),
        Some(kind) => kind.as_str(),
        None => None,
    };
    match kind {
        Some("object") => {
            let mut fields = Map::new();
            for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                if let Some(value) = named(name, field).or_else(|| example_of(field, schemas, depth + 1)) {
                    fields.insert(name.clone(), value);
                }
            }
            Some(Value::Object(fields))
        }
        Some("array") => Some(match example_of(&schema["items"], schemas, depth + 1) {
            Some(item) => json!([item]),
            None => json!([]),
        }),
        Some("integer") => Some(schema.get("minimum").cloned().unwrap_or_else(|| json!(1))),
        Some("number") => Some(json!(1.0)),
        Some("boolean") => Some(json!(false)),
        Some("string") => Some(match schema.get("format").and_then(Value::as_str) {
            Some("date-time") => json!("2026-12-01T18:00:00Z"),
            Some("date") => json!("2026-12-01"),
            _ => json!("text"),
        }),
        _ => None,
    }
}

/// How a member of this name usually looks.
fn named(name: &str, schema: &Value) -> Option<Value> {
    let is_text = schema["type"] == "string"
        || schema["type"].as_array().is_some_and(|kinds| kinds.contains(&json!("string")));
    if !is_text || schema.get("format").is_some() || schema.get("enum").is_some() {
        return None;
    }
    Some(json!(match name {
        "serial" => "A920-310037",
        "site_code" | "site" => "S-0042",
        "region" => "north",
        "merchant_number" | "merchant" | "number" => "M01001",
        "merchant_name" => "Harbour Bakery Ltd",
        "name" => "fw-3.2.0",
        "label" => "Till 1",
        "scope" => "region:north",
        "grouping" => "region",
        "cron" => "0 1 * * *",
        "time_zone" => "Asia/Shanghai",
        "local_start" => "2026-12-02 02:00 (Asia/Shanghai, UTC+08:00)",
        "local_end" => "2026-12-02 06:00 (Asia/Shanghai, UTC+08:00)",
        "selector" => "region = north and model = A920",
        "at" => "2026-12-02 02:00",
        "reason" => "the shop asked for it",
        "note" => "moved at the merchant's wish",
        "hours" => "08:00-20:00",
        "etag" => "\"5f0e3ac1b2d4e697\"",
        "cause" => "dark since the update",
        "actor" | "created_by" => "local:lin",
        "action" => "appointment.move",
        "subject" => "appointment 17",
        "email" => "owner@harbour-bakery.example",
        "model" => "A920",
        "firmware" => "3.2.0",
        "url" => "https://hooks.example/offpeak",
        _ => return None,
    }))
}

/// What a request really looks like, where its schema alone does not tell.
pub(super) fn request_example(path: &str, method: &str) -> Option<Value> {
    let example = match (method, path.trim_start_matches("/api/v1")) {
        ("post" | "put", "/windows" | "/windows/{id}") => {
            json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240, "cutoff_minutes": 30})
        }
        ("post", "/windows/preview") => json!({"cron": "0 1 * * *", "duration_minutes": 240,
            "time_zone": "Asia/Shanghai", "count": 3}),
        ("post" | "put", "/blackouts" | "/blackouts/{id}") => {
            json!({"name": "Christmas", "scope": "fleet", "from": "2026-12-24", "to": "2026-12-26", "yearly": true})
        }
        ("post" | "put", "/budgets" | "/budgets/{id}") => {
            json!({"grouping": "region", "limit": {"percent": 5}, "min": 1, "keep": 0})
        }
        ("post", "/campaigns") => {
            json!({"name": "fw-3.2.0", "work": {"kind": "firmware", "artifact": "a920-3.2.0.bin",
            "version": "3.2.0"}, "selector": "model = A920", "duration_minutes": 30,
            "deadline_at": "2099-12-31T00:00:00Z", "draft": true})
        }
        ("post", "/programmes") => json!({"name": "half-yearly", "selector": "all", "duration_minutes": 15,
            "recurrence": {"rule": "every_days", "days": 180}}),
        ("post", "/plans" | "/problem") => json!({"horizon_days": 7, "effort": "fast"}),
        ("post", "/appointments/{id}/move") => {
            json!({"at": "2026-12-02 02:00", "reason": "the shop asked for it"})
        }
        ("post", "/appointments/{id}/outcome") => json!({"outcome": "done", "firmware": "3.2.0"}),
        ("post", "/appointments/batch") => {
            json!({"action": "move", "items": [{"id": 17, "shift_minutes": 60},
            {"id": 18, "at": "2026-12-02 03:00"}], "reason": "the shop asked for it", "dry_run": true})
        }
        ("post", "/maintenance") => {
            json!({"serials": ["A920-310037"], "at": "tonight 02:00", "duration_minutes": 30,
            "reason": "new battery", "dry_run": true})
        }
        ("post", "/locks") => json!({"serial": "A920-310037", "cause": "dark since the update"}),
        ("post", _) if path.ends_with("/pin") || path.ends_with("/cancel") || path.ends_with("/publish") => {
            json!({"reason": "the shop asked for it"})
        }
        _ => return None,
    };
    Some(example)
}
