//! What an operator sees of second factors, and does for owners who lost theirs.

use data_encoding::BASE64;
use serde_json::{Value, json};
use snapbox::str;

use super::program::{Place, on_place, request};

const CHANNELS: &str = "\
CHANNEL  CONTACT           FACTOR             VALIDATED  CONFIGURED  MANDATORY
email    ada@shop.example  eve@books.example  no         yes         yes
sms      +41791234567      -                  no         no          no
";

/// The variable that makes mail go into a file.
const MAIL: (&str, &str) = ("KONTOR_TAN__EMAIL__SPOOL", "sent.jsonl");

/// An instance with a factor that is not its contact.
async fn instance_with_factor(place: &Place, id: &str) {
    let create = ["instance", "create", id, "--password-stdin"];
    let contacts = [
        "--email",
        "ada@shop.example",
        "--phone-number",
        "+41791234567",
    ];
    let create = place.kontor(&[&create[..], &contacts].concat());
    create.stdin("sesame\n").assert().success();
    let factor = "UPDATE instance SET email_factor = 'eve@books.example' WHERE instance_id = ";
    place.execute(&format!("{factor}'{id}'")).await;
}

/// Logs in with a password; returns the status.
fn login(url: &str, id: &str, password: &str) -> u16 {
    let credential = BASE64.encode(format!("{id}:{password}").as_bytes());
    let path = format!("{url}instances/{id}/private/token");
    let body = r#"{"scope":"readonly"}"#;
    let (status, _) = request("POST", &path, &format!("Basic {credential}"), body);
    status
}

#[tokio::test]
async fn show_lists_the_channels() {
    on_place(async |place| {
        instance_with_factor(place, "shop").await;
        let show = |arguments: &[&str]| {
            let show = place.kontor(arguments).env(MAIL.0, MAIL.1);
            let output = show.assert().success().get_output().stdout.clone();
            String::from_utf8(output).expect("text")
        };
        let text = show(&["instance", "show", "shop"]);
        assert!(text.ends_with(CHANNELS), "{text}");
        assert!(text.contains("self_provisioned"), "{text}");

        let shown = show(&["instance", "show", "shop", "--json"]);
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(shown["self_provisioned"], false);
        let email = json!({
            "channel": "email", "contact": "ada@shop.example", "factor": "eve@books.example",
            "validated": false, "configured": true, "mandatory": true,
        });
        let sms = json!({
            "channel": "sms", "contact": "+41791234567", "factor": null,
            "validated": false, "configured": false, "mandatory": false,
        });
        assert_eq!(shown["channels"], json!([email, sms]));

        let bound = "UPDATE instance SET is_bound = TRUE, email = email_factor";
        place.execute(bound).await;
        let shown = show(&["instance", "show", "shop", "--json"]);
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(shown["self_provisioned"], true);
        assert_eq!(shown["channels"][0]["validated"], true);
        assert_eq!(shown["email_validated"], true);
    })
    .await;
}

#[tokio::test]
async fn a_locked_out_admin_gets_in_again() {
    on_place(async |place| {
        instance_with_factor(place, "admin").await;
        let server = place.start(&["serve"], &[MAIL]);
        let url = server.merchant_url();
        assert_eq!(login(&url, "admin", "sesame"), 202);
        // A new password alone leaves the factor where it is.
        let passwd = ["instance", "passwd", "admin", "--password-stdin"];
        place.kontor(&passwd).stdin("open\n").assert().success();
        assert_eq!(login(&url, "admin", "open"), 202);
        let clear = [&passwd[..], &["--clear-second-factor"]].concat();
        let cleared = place.kontor(&clear).stdin("wide open\n").assert();
        cleared.success().stdout_eq(str![[r#"
Set the password of the instance "admin" and ended its access tokens. Its second factors are gone: its owner should prove its contacts anew.

"#]]);
        assert_eq!(login(&url, "admin", "wide open"), 200);
        // The contacts are still there, to be proven again.
        let shown = place.output(&["instance", "show", "admin", "--json"]);
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(shown["email"], "ada@shop.example");
        assert_eq!(shown["channels"][0]["factor"], Value::Null);
        server.stop("-TERM");
    })
    .await;
}

#[tokio::test]
async fn the_second_factor_goes_with_the_password_alone() {
    on_place(async |place| {
        instance_with_factor(place, "shop").await;
        let clear = ["instance", "passwd", "shop", "--clear-second-factor"];
        let clear = [&clear[..], &["--password-stdin"]].concat();
        place.kontor(&clear).stdin("\n").assert().failure();
        let shown = place.output(&["instance", "show", "shop", "--json"]);
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(shown["channels"][0]["factor"], "eve@books.example");
    })
    .await;
}

#[tokio::test]
async fn serve_does_not_start_where_nobody_could_sign_up() {
    on_place(async |place| {
        let serve = ["serve", "--set", "merchant.self_provisioning=true"];
        let refused = place.kontor(&serve).assert().code(3);
        let stderr = String::from_utf8(refused.get_output().stderr.clone()).expect("text");
        assert!(
            stderr.contains("\"merchant.mandatory_tan_channels\""),
            "{stderr}"
        );
        assert!(stderr.contains("\"tan.email\""), "{stderr}");
    })
    .await;
}

#[tokio::test]
async fn serve_tells_of_owners_that_no_code_can_reach() {
    on_place(async |place| {
        instance_with_factor(place, "shop").await;
        let server = place.start(&["serve"], &[MAIL]);
        assert_eq!(server.until("codes"), "by email");
        assert_eq!(server.until("sign-up"), "off");
        server.stop("-TERM");
        assert!(
            !place.log().contains("no code can be sent"),
            "{}",
            place.log()
        );

        place.execute("UPDATE instance SET is_bound = TRUE").await;
        let sign_up = [
            ("KONTOR_MERCHANT__SELF_PROVISIONING", "true"),
            ("KONTOR_MERCHANT__MANDATORY_TAN_CHANNELS", "[\"sms\"]"),
            ("KONTOR_TAN__SMS__SPOOL", "sent.jsonl"),
        ];
        let server = place.start(&["serve"], &sign_up);
        assert_eq!(server.until("codes"), "by sms");
        assert_eq!(
            server.until("sign-up"),
            "open to anybody who proves an address"
        );
        server.stop("-TERM");
        for told in ["that no code can be sent to", "have yet to prove a contact"] {
            let log = place.log();
            let line = log.lines().find(|line| line.contains(told));
            assert!(
                line.is_some_and(|line| line.contains("instances=\"shop\"")),
                "{log}"
            );
        }
    })
    .await;
}
