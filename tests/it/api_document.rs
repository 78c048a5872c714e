//! The document of the API is complete, the manual knows every error's code, and people can read it.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::Value;

use crate::support::{TestApp, on_sqlite};

fn source(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
        {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&entry).expect("UTF-8");
                files.push((entry.display().to_string(), text));
            }
        }
    }
    files
}

/// Method, path and description of every operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in ["get", "post", "put", "patch", "delete"] {
            if let Some(operation) = item.get(method) {
                found.push((method.to_owned(), path.clone(), operation.clone()));
            }
        }
    }
    found
}

#[test]
fn nothing_is_left_out_of_the_document() {
    on_sqlite(|app| async move {
        let document = app.get("/openapi.json").await;
        let mut names = BTreeSet::new();
        for (method, path, operation) in operations(&document) {
            let what = format!("{method} {path}");
            let name = operation["operationId"].as_str().expect(&what);
            assert!(names.insert(name.to_owned()), "{what}: {name} is the name of two");
            assert!(
                !operation["summary"].as_str().unwrap_or_default().is_empty(),
                "{what} says nothing of itself"
            );
            let tag = operation["tags"][0].as_str().expect(&what);
            let tags = document["tags"].as_array().unwrap();
            let tag = tags.iter().find(|known| known["name"] == tag).expect(&what);
            assert!(
                !tag["description"].as_str().unwrap_or_default().is_empty(),
                "{what}: {tag} has no description"
            );
            let responses = operation["responses"].as_object().expect(&what);
            assert!(!responses.contains_key("default"), "{what}");
            for status in ["401", "403", "422", "500", "503"] {
                let answer = responses[status]["$ref"].as_str().expect(&what);
                let answer = document.pointer(answer.trim_start_matches('#')).expect(&what);
                assert!(
                    answer["content"]["application/problem+json"]["example"]["code"].is_string(),
                    "{what}"
                );
            }
            for (status, answer) in responses.iter().filter(|(status, _)| status.starts_with('2')) {
                if let Some(content) = answer["content"].get("application/json") {
                    assert!(!content["schema"].is_null(), "{what} {status}");
                    let free = content["schema"] == serde_json::json!({});
                    assert!(free || !content["example"].is_null(), "{what} {status} has no example");
                }
            }
            if let Some(content) = operation.pointer("/requestBody/content/application~1json") {
                assert!(content["example"].is_object(), "{what}: its body has no example");
            }
            if method == "post" {
                let parameters = operation["parameters"].to_string();
                assert!(parameters.contains("IdempotencyKey"), "{what}");
            }
        }
        // Whoever asks for a version says so in the document.
        let asked: usize =
            source("src/web/api").iter().map(|(_, text)| text.matches(": IfMatch,").count()).sum();
        let described = operations(&document)
            .iter()
            .filter(|(_, _, operation)| operation["parameters"].to_string().contains("\"If-Match\""))
            .count();
        assert_eq!(asked, described);
        assert!(asked > 15, "{asked}");
    });
}

/// The first word in quotation marks after each place where an error is made.
fn codes_in(text: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for start in ["plain_problem(", " problem("] {
        for rest in text.split(start).skip(1) {
            let literals = rest.split('"').skip(1).step_by(2).take(1);
            codes.extend(
                literals
                    .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
                    .map(str::to_owned),
            );
        }
    }
    codes
}

#[test]
fn the_manual_knows_every_code() {
    let manual =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/http.md")).expect("it is there");
    let mut codes = BTreeSet::new();
    for (file, text) in source("src/web") {
        if !file.ends_with("pages/merchant.rs") {
            codes.extend(codes_in(&text));
        }
    }
    let outages = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/db/outage.rs"))
        .expect("it is there");
    let of_outages = outages.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next());
    codes.extend(
        of_outages
            .filter(|word| word.starts_with("database_") || *word == "outcome_unknown")
            .map(str::to_owned),
    );
    assert!(codes.len() > 25, "{codes:?}");
    let missing: Vec<&String> = codes.iter().filter(|code| !manual.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "docs/http.md does not tell of {missing:?}");
    // And tells of none that there is not.
    let rows = manual.lines().filter(|line| line.starts_with("| `"));
    let told = rows.flat_map(|row| row.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2));
    let table: Vec<&str> = told.take_while(|word| *word != "plan").collect();
    let invented: Vec<&&str> = table.iter().filter(|code| !codes.contains(**code)).collect();
    assert!(invented.is_empty(), "docs/http.md tells of {invented:?}");
}

async fn page(app: &TestApp) -> (StatusCode, Value) {
    app.send(Method::GET, "/api/v1/docs", None).await
}

#[test]
fn people_can_read_it() {
    on_sqlite(|app| async move {
        let (status, html) = page(&app).await;
        let html = html.as_str().expect("a page");
        assert_eq!(status, StatusCode::OK);
        assert!(
            !html.contains("<script") && !html.contains("style=\"") && !html.contains("http://"),
            "it is strict"
        );
        let document = app.get("/openapi.json").await;
        for (_, path, operation) in operations(&document) {
            let path = path.replace('/', "&#x2f;");
            assert!(html.contains(&path), "{path}");
            assert!(html.contains(&format!("id=\"{}\"", operation["operationId"].as_str().unwrap())));
        }
    });
}
