//! The pages that let operations be tried out, in the sandbox that they speak of.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cli::program::Place;
use crate::database::support::postgres_url;

#[test]
fn operations_are_tried_out_on_the_pages_of_the_sandbox() {
    // Pages know no database.
    if postgres_url().is_some() {
        return;
    }
    let place = Place::new();
    let sandbox = place.start(
        &["sandbox", "--json", "--client-listen", "127.0.0.1:0"],
        &[],
    );
    let told: Value = serde_json::from_str(&sandbox.line()).expect("one line of JSON");
    let text = |pointer: &str| {
        told.pointer(pointer)
            .and_then(Value::as_str)
            .expect(pointer)
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser.sh");
    let walked = Command::new(script)
        .arg("api_page")
        .env("MERCHANT_PAGE", text("/documentation"))
        .env("CHALLENGER_PAGE", text("/challenger_documentation"))
        .env("ADMIN_TOKEN", text("/instances/0/token"))
        .env("ADMIN_PASSWORD", text("/instances/0/password"))
        .env("CLIENT_SECRET", text("/example_client/client_secret"))
        .stdin(Stdio::null())
        .output()
        .expect("a journey");
    assert!(
        walked.status.success(),
        "{}{}\nlog of the sandbox:\n{}",
        String::from_utf8_lossy(&walked.stdout),
        String::from_utf8_lossy(&walked.stderr),
        place.log()
    );
    sandbox.stop("-INT");
}
