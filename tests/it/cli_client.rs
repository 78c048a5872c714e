//! The client against a small router of the test's own: called in this process, and over a real TCP port. Both
//! forms must give the same answers and the same errors.

use std::sync::{Arc, Mutex};

use axum::extract::{Multipart, Path, Query, Request};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use offpeak::api::problem::{Problem, RowProblem};
use offpeak::api::{Because, Page, PageQuery};
use offpeak::cli::client::{Client, InProcess, Remote, UploadFile, path_segment};
use offpeak::cli::error::ErrorKind;
use serde_json::{Value, json};

use crate::support::free_port;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime starts")
}

fn problem(problem: Problem) -> axum::response::Response {
    let status = StatusCode::from_u16(problem.status).expect("a test's status is valid");
    (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(problem)).into_response()
}

/// Numbers 0 to 2499 in pages.
async fn numbers(Query(query): Query<PageQuery>) -> Json<Page<u32>> {
    let from: u32 = query.after.as_deref().map_or(0, |after| after.parse().expect("an `after` of ours"));
    let limit = u32::try_from(query.limit.expect("the client always says how many")).expect("a small limit");
    assert!((1..=1000).contains(&limit), "{limit} rows are more than the API gives");
    let to = (from + limit).min(2500);
    Json(Page { items: (from..to).collect(), next: (to < 2500).then(|| to.to_string()) })
}

async fn parts(mut form: Multipart) -> Json<Value> {
    let mut seen = Vec::new();
    while let Some(field) = form.next_field().await.expect("a well-formed form") {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.expect("a whole part");
        seen.push(json!([name, file, String::from_utf8_lossy(&bytes)]));
    }
    Json(Value::from(seen))
}

fn router() -> Router {
    let api = Router::new()
        .route("/echo/{key}", get(|Path(key): Path<String>| async { Json(key) }))
        .route("/numbers", get(numbers))
        .route("/because", post(|Json(because): Json<Because>| async move { Json(because) }))
        .route("/upload", post(parts))
        .route("/raw", get(|| async { [0_u8, 159, 146, 150, 10].to_vec() }))
        .route("/thing/{id}", axum::routing::delete(|| async { StatusCode::NO_CONTENT }))
        .route("/broken", get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "<h1>proxy</h1>") }))
        .route("/wrong-shape", get(|| async { Json(json!({"items": [1, "two"]})) }))
        .route(
            "/whoami",
            get(|request: Request| async move {
                let header = request.headers().get(header::AUTHORIZATION);
                Json(header.map(|value| value.to_str().unwrap_or_default().to_owned()))
            }),
        )
        .route(
            "/import",
            post(|| async {
                problem(Problem {
                    kind: "/problems/bad_rows".into(),
                    title: "Bad rows".into(),
                    status: 422,
                    detail: "1 bad value; nothing was changed".into(),
                    code: "bad_rows".into(),
                    rows: vec![RowProblem {
                        file: "sites.csv".into(),
                        line: 7,
                        column: Some("time_zone".into()),
                        value: Some("Mars/Olympus".into()),
                        message: "is not an IANA zone".into(),
                        remedy: "write it as Europe/London".into(),
                    }],
                    ..Problem::default()
                })
            }),
        )
        .fallback(|| async {
            problem(Problem { status: 404, detail: "there is no such thing".into(), ..Problem::default() })
        });
    Router::new().nest("/api/v1", api)
}

/// Runs the same checks over both transports.
fn with_both(check: impl Fn(&Client)) {
    check(&Client::new(InProcess::new(Arc::new(runtime()), router())));

    let runtime = runtime();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let address = listener.local_addr().expect("a bound port has an address");
    runtime.spawn(async move { axum::serve(listener, router()).await });
    let remote = Remote::new(&format!("http://{address}/"), Some("s3cret")).expect("a valid address");
    check(&Client::new(remote));
}

#[test]
fn typed_answers_come_back() {
    with_both(|client| {
        let key = "SN 4/2?ä&x=1#%";
        let echoed: String = client.get(&format!("/echo/{}", path_segment(key))).expect("echo");
        assert_eq!(echoed, key);
        let because = Because { reason: Some("it's “late”".into()) };
        let back: Because = client.post("/because", &because).expect("post");
        assert_eq!(back.reason, because.reason);
        client.delete("/thing/3").expect("delete without an answer's body");
        assert_eq!(client.download("/raw", &()).expect("raw bytes"), [0, 159, 146, 150, 10]);
    });
}

#[test]
fn lists_follow_their_pages_up_to_the_limit() {
    with_both(|client| {
        let whole: Page<u32> = client.list("/numbers", &PageQuery::default(), None, None).expect("all");
        assert_eq!(whole.items.len(), 2500);
        assert!(whole.next.is_none());
        let some: Page<u32> = client.list("/numbers", &(), Some("10"), Some(1500)).expect("some");
        assert_eq!((some.items.first(), some.items.last()), (Some(&10), Some(&1509)));
        assert_eq!(some.next.as_deref(), Some("1510"));
    });
}

#[test]
fn files_arrive_whole_with_their_names() {
    let content = "code,name\r\n--boundary\r\n\r\n".repeat(2000);
    with_both(|client| {
        let files = [
            UploadFile { name: "a \"b\".csv".into(), content: content.clone().into_bytes() },
            UploadFile { name: "empty.csv".into(), content: Vec::new() },
        ];
        let seen: Value = client.upload("/upload", &(), files.to_vec()).expect("upload");
        assert_eq!(seen[0][0], "file");
        assert!(seen[0][1].as_str().is_some_and(|name| name.starts_with("a ") && name.ends_with(".csv")));
        assert_eq!(seen[0][2], content);
        assert_eq!(seen[1], json!(["file", "empty.csv", ""]));
    });
}

#[test]
fn problem_documents_become_errors_of_their_kind() {
    with_both(|client| {
        let error = client.get::<Value>("/nothing/here").expect_err("not found");
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert_eq!(error.detail, "there is no such thing");

        let error = client.upload::<Value>("/import", &(), Vec::new()).expect_err("bad rows");
        assert_eq!(error.kind, ErrorKind::Refused);
        let rows = &error.problem.as_ref().expect("the document is kept").rows;
        assert_eq!((rows[0].line, rows[0].column.as_deref()), (7, Some("time_zone")));

        let error = client.get::<Value>("/broken").expect_err("not our words");
        assert_eq!(error.kind, ErrorKind::Internal);
        assert!(error.hints.iter().any(|hint| hint.contains("Offpeak")), "{error:?}");

        let error = client.get::<Page<u32>>("/wrong-shape").expect_err("another version");
        assert!(error.detail.contains("items[1]"), "{error}");
    });
}

#[test]
fn the_token_travels_only_over_the_network() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    with_both(|client| {
        let header: Option<String> = client.get("/whoami").expect("whoami");
        seen.lock().expect("no test panics while it holds this").push(header);
    });
    let seen = seen.lock().expect("no test panics while it holds this");
    assert_eq!(*seen, [None, Some("Bearer s3cret".to_owned())]);
}

#[test]
fn a_server_that_is_not_there_is_unavailable() {
    let server = format!("http://127.0.0.1:{}", free_port());
    let client = Client::new(Remote::new(&server, None).expect("a valid address"));
    let error = client.get::<Value>("/fleet").expect_err("nobody listens");
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.hints[0].contains("offpeak serve"), "{error:?}");
}

#[test]
fn an_address_without_a_scheme_is_refused_before_anything_is_sent() {
    for address in ["localhost:8080", "ftp://x", "", "http://"] {
        let error = Remote::new(address, None).err().unwrap_or_else(|| panic!("`{address}` was taken"));
        assert_eq!(error.kind, ErrorKind::Usage, "{address}");
    }
}
