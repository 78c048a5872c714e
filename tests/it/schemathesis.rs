//! The API keeps what its document says: Schemathesis makes up requests from the document, right ones and wrong ones,
//! and looks at every answer. `OFFPEAK_TEST_EXAMPLES` says how many it makes up for each operation.

use std::net::SocketAddr;
use std::process::Command;

use serde_json::json;
use tokio::sync::oneshot;

use crate::support::{TestApp, run};

const TOKEN: &str = "schemathesis-schemathesis-schemathesis";

/// A server over a fleet in which something of everything is there.
pub async fn serve_filled() -> (TestApp, SocketAddr, oneshot::Sender<()>) {
    let app = TestApp::new(None, |settings| {
        settings.api_token = Some(TOKEN.to_owned());
        settings.searches_at_once = 2;
    });
    crate::database_copy::fill(&app).await;
    app.post("/windows/preview", json!({"site": "S1"})).await;
    // The stream of events ends at once, or nobody would read on.
    app.state.workers().close();
    let (stop, stopped) = oneshot::channel::<()>();
    let (tell, told) = oneshot::channel();
    let state = app.state.clone();
    tokio::spawn(async move {
        let listening = move |address| tell.send(address).expect("somebody waits for it");
        let stop = async { drop(stopped.await) };
        offpeak::web::serve(state, "127.0.0.1:0", stop, listening).await.expect("it serves");
    });
    let address = told.await.expect("it listens");
    (app, address, stop)
}

#[test]
fn every_answer_is_as_the_document_says() {
    let python = std::env::var("OFFPEAK_TEST_PYTHON").expect("tests/run sets it");
    let program = std::path::Path::new(&python).with_file_name("schemathesis");
    let examples = std::env::var("OFFPEAK_TEST_EXAMPLES").unwrap_or_else(|_| "3".to_owned());
    run(async move {
        let (_app, address, stop) = serve_filled().await;
        let folder = tempfile::tempdir().expect("a folder");
        let output = tokio::task::spawn_blocking(move || {
            Command::new(program)
                .current_dir(folder.path())
                .arg("--config-file")
                .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemathesis.toml"))
                .args(["run", &format!("http://{address}/api/v1/openapi.json")])
                .args(["-H", &format!("Authorization: Bearer {TOKEN}")])
                .args(["--checks", "all", "--max-examples", &examples, "--seed", "1", "--no-color"])
                .output()
                .expect("tests/run installs it")
        })
        .await
        .expect("it ends");
        drop(stop);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let summary = said.rfind("SUMMARY").map_or("", |at| &said[at..]);
        println!("{summary}");
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    });
}
