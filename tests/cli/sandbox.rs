//! Codes in the sandbox: whoever plays reads them where it runs.

use std::process::Command;

use serde_json::{Value, json};

use super::program::{Place, request, request_with};
use crate::support::browser::prove;

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

/// What the sandbox prints about its client.
fn member<'a>(told: &'a Value, name: &str) -> &'a str {
    told["client"][name].as_str().expect("text")
}

/// Runs commands of the sandbox.
fn run(commands: &str) -> String {
    let shell = Command::new("sh").args(["-euc", commands]).output();
    let shell = shell.expect("a shell with curl");
    let errors = String::from_utf8_lossy(&shell.stderr);
    assert!(shell.status.success(), "{commands}: {errors}");
    String::from_utf8(shell.stdout).expect("text")
}

/// What a browser shows instead of the characters that HTML cannot have.
fn unescaped(html: &str) -> String {
    let entities = [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
    ];
    let mut text = html.to_owned();
    for (entity, character) in entities {
        text = text.replace(entity, character);
    }
    text
}

/// What stands in the element with this id.
fn element(page: &str, id: &str) -> String {
    let (_, after) = page
        .split_once(&format!("id=\"{id}\">"))
        .expect("an element");
    unescaped(after.split_once("</").expect("its end").0)
}

#[test]
fn an_address_is_proven_by_the_link_of_the_sandbox() {
    let place = Place::new();
    let sandbox = place.start(
        &["sandbox", "--json", "--client-listen", "127.0.0.1:0"],
        &[],
    );
    let told: Value = serde_json::from_str(&sandbox.line()).expect("one line of JSON");
    let challenger = told["challenger"].as_str().expect("a URL");
    let link = member(&told, "link");
    assert!(
        link.starts_with(&format!("{challenger}authorize/")),
        "{link}"
    );
    let callback = prove(link, &[("CONTACT_EMAIL", "Ada@Tea.example")], || {
        let sent: Value = serde_json::from_str(&sandbox.line()).expect("one line of JSON");
        assert_eq!(sent["purpose"], "validate-address");
        assert_eq!(sent["address"], "Ada@tea.example");
        sent["tan"].as_str().expect("a code").to_owned()
    });
    let redirect_uri = member(&told, "redirect_uri");
    assert!(
        callback.starts_with(&format!("{redirect_uri}?code=")),
        "{callback}"
    );
    let (status, page) = request("GET", &callback, "", "");
    assert_eq!(status, 200);
    assert_eq!(element(&page, "state"), member(&told, "state"));
    assert!(
        !page.contains("not the one that the sandbox made"),
        "{page}"
    );
    let info: Value = serde_json::from_str(&run(&element(&page, "commands"))).expect("JSON");
    assert_eq!(info["address"], json!({"CONTACT_EMAIL": "Ada@tea.example"}));
    assert_eq!(info["address_type"], "email");
    sandbox.stop("-INT");
}

#[test]
fn the_sandbox_prints_how_a_client_goes_on() {
    let place = Place::new();
    let phone = [
        "--set",
        "challenger.address_type=phone",
        "--set",
        "challenger.phone_country=CH",
    ];
    let sandbox = place.start(&[&["sandbox"], &phone[..]].concat(), &[]);
    sandbox.until("Prove an address:");
    let ready = sandbox.line();
    sandbox.until("Be the client in a shell:");
    let [set_up, echo, _, token, info] = [(); 5].map(|()| sandbox.line());
    let link = run(&[set_up, echo].concat());
    assert_ne!(link.trim(), ready.trim());
    for link in [ready, link] {
        let callback = prove(link.trim(), &[("CONTACT_PHONE", "079 123 45 67")], || {
            let line = sandbox.until("Code");
            assert!(
                line.ends_with(" (validate-address), by sms to +41791234567"),
                "{line}"
            );
            line.get(..9).expect("a code").to_owned()
        });
        let (_, code) = callback.split_once("code=").expect("a code");
        let (code, _) = code.split_once('&').expect("a state");
        let shown = run(&format!("CODE={code}\n{token}{info}"));
        assert!(
            shown.contains("{\"CONTACT_PHONE\":\"+41791234567\"}"),
            "{shown}"
        );
    }
    sandbox.stop("-INT");
}

#[test]
fn the_page_of_the_client_offers_no_commands_but_its_own() {
    let place = Place::new();
    let sandbox = place.start(
        &["sandbox", "--json", "--client-listen", "127.0.0.1:0"],
        &[],
    );
    let told: Value = serde_json::from_str(&sandbox.line()).expect("one line of JSON");
    let redirect_uri = member(&told, "redirect_uri");
    for query in [
        "",
        "?code=$(halt)&state=x",
        "?error=access_denied",
        "?code=1.%3Cb%3E",
    ] {
        let (status, page) = request("GET", &format!("{redirect_uri}{query}"), "", "");
        assert_eq!(status, 200, "{query}");
        assert!(!page.contains("curl") && !page.contains("halt"), "{page}");
    }
    let code = format!("1.{}", "0".repeat(64));
    let url = format!("{redirect_uri}?code={code}&state=%3Cscript%3E");
    let (_, page) = request("GET", &url, "", "");
    if page.contains("curl") {
        assert_eq!(element(&page, "state"), "<script>");
        assert!(page.contains("not the one that the sandbox made"), "{page}");
    }
    assert!(!page.contains("<script>"), "{page}");
    sandbox.stop("-INT");
}

#[test]
fn a_port_that_nobody_chose_keeps_nobody_from_playing() {
    let place = Place::new();
    let told = [(); 2].map(|()| {
        let sandbox = place.start(&["sandbox", "--json"], &[]);
        let told: Value = serde_json::from_str(&sandbox.line()).expect("one line of JSON");
        (sandbox, member(&told, "redirect_uri").to_owned())
    });
    assert_ne!(told[0].1, told[1].1);
    for (sandbox, redirect_uri) in told {
        assert_eq!(request("GET", &redirect_uri, "", "").0, 200);
        sandbox.stop("-INT");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().expect("its address").to_string();
    let chosen = place.kontor(&["sandbox", "--client-listen", &taken]);
    let chosen = chosen.assert().code(1).stdout_eq("");
    chosen.stderr_eq(snapbox::str![[r#"
error: cannot listen on 127.0.0.1:[..]: Address already in use (os error 98); give "--client-listen" another address

"#]]);
}

#[test]
fn a_configuration_neither_opens_the_sandbox_to_others_nor_has_it_send_anything() {
    let place = Place::new();
    let configuration = r#"
        [merchant]
        public_url = "https://shop.example/"
        [tan.email]
        smtp_url = "smtps://kontor:secret@mail.example"
        from = "noreply@shop.example"
        [tan.sms]
        command = ["/bin/false"]
        [tan.post]
        command = ["/bin/false"]
        format = "pdf"
    "#;
    std::fs::write(place.path("kontor.toml"), configuration).expect("a configuration");
    let everywhere = [
        ("KONTOR_MERCHANT__LISTEN", "0.0.0.0:0"),
        ("KONTOR_CHALLENGER__LISTEN", "[::]:0"),
    ];
    let sandbox = place.start(&["sandbox", "--json"], &everywhere);
    let told: Value = serde_json::from_str(&sandbox.line()).expect("one line of JSON");
    for service in ["merchant", "challenger"] {
        let url = told[service].as_str().expect("a URL");
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    }
    let url = told["merchant"].as_str().expect("a URL");
    complete(url, &begin(url), || {
        let sent: Value = serde_json::from_str(&sandbox.line()).expect("one line of JSON");
        sent["tan"].as_str().expect("a code").to_owned()
    });
    sandbox.stop("-INT");
    let warning = "warning: only this machine reaches the sandbox, and it sends no codes: of the configuration it leaves out merchant.listen, challenger.listen, \
                   merchant.public_url, tan.email.smtp_url, tan.sms.command, tan.post.command; what is meant for it, say with --set\n";
    assert!(place.log().starts_with(warning), "{}", place.log());

    // Whoever says so is meant.
    let said = ["--set", "merchant.public_url=https://play.example/"];
    let sandbox = place.start(&[&["sandbox", "--json"], &said[..]].concat(), &everywhere);
    let told: Value = serde_json::from_str(&sandbox.line()).expect("one line of JSON");
    assert_eq!(told["merchant"], "https://play.example/");
    sandbox.stop("-INT");
}
