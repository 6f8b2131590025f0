//! Codes in the sandbox: whoever plays reads them where it runs.

use serde_json::{Value, json};

use super::program::{Place, request, request_with};

const FORM: &str = r#"{"id":"books","name":"Corner Books","email":"eve@books.example","phone_number":"+41791234567",
    "auth":{"method":"token","password":"a shelf"},"address":{},"jurisdiction":{},"use_stefan":true}"#;

/// Signs up as far as the answer that asks for codes; returns the ids.
fn begin(url: &str) -> Vec<String> {
    let config: Value = serde_json::from_str(&request("GET", &format!("{url}config"), "", "").1)
        .expect("the configuration");
    assert_eq!(config["have_self_provisioning"], true);
    assert_eq!(config["mandatory_tan_channels"], json!(["email"]));
    let (status, challenged) = request("POST", &format!("{url}instances"), "", FORM);
    assert_eq!(status, 202, "{challenged}");
    let challenged: Value = serde_json::from_str(&challenged).expect("challenges");
    let challenges = challenged["challenges"].as_array().expect("a list");
    let id = |challenge: &Value| {
        challenge["challenge_id"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    challenges.iter().map(id).collect()
}

/// Has each code sent, takes it from what the sandbox prints, and signs up with all of them.
fn complete(url: &str, ids: &[String], code: impl Fn() -> String) {
    for id in ids {
        let challenge = format!("{url}challenge/{id}");
        let (status, sent) = request("POST", &challenge, "", "{}");
        assert_eq!(status, 200, "{sent}");
        let tan = json!({ "tan": code() }).to_string();
        let (status, solved) = request("POST", &format!("{challenge}/confirm"), "", &tan);
        assert_eq!(status, 204, "{solved}");
    }
    let header = ("Taler-Challenge-Ids", ids.join(","));
    let (status, created) = request_with(
        "POST",
        &format!("{url}instances"),
        (header.0, &header.1),
        FORM,
    );
    assert_eq!(status, 204, "{created}");
}

#[test]
fn whoever_signs_up_in_the_sandbox_reads_the_codes_there() {
    let place = Place::new();
    let sandbox = place.start(&["sandbox", "--json"], &[]);
    let told: Value = serde_json::from_str(&sandbox.line()).expect("one line of JSON");
    let url = told["merchant"].as_str().expect("a URL");
    complete(url, &begin(url), || {
        let sent: Value = serde_json::from_str(&sandbox.line()).expect("one line of JSON");
        assert_eq!(sent["purpose"], "sign-up");
        assert_eq!(sent["instance"], "books");
        let address = match sent["channel"].as_str() {
            Some("email") => "eve@books.example",
            _ => "+41791234567",
        };
        assert_eq!(sent["address"], address);
        let code = sent["tan"].as_str().expect("a code");
        assert!(
            sent["message"]
                .as_str()
                .is_some_and(|text| text.contains(code))
        );
        code.to_owned()
    });
    sandbox.stop("-INT");
}

#[test]
fn the_sandbox_prints_codes_for_people() {
    let place = Place::new();
    let sandbox = place.start(&["sandbox"], &[]);
    let url = sandbox.until("Merchant backend:");
    complete(&url, &begin(&url), || {
        let line = sandbox.until("Code");
        assert!(line.contains(" for books (sign-up), by "), "{line}");
        line.get(..9).expect("a code").to_owned()
    });
    sandbox.stop("-INT");
}
