//! The log, and the file that codes are written to, are on a disk that is full: the server goes on without them.

use std::{io::Write as _, os::unix::fs::symlink, path::Path};

use serde_json::Value;

use super::{
    client::{Ask, Client},
    figures::{say, turn},
    service::{Service, Site, named, serve, text},
};
use crate::support::instance;

/// Starts the server with a log that cannot be written to: every attempt fails as on a full disk.
const LOG_TO_FULL_DISK: [&str; 4] = ["sh", "-c", r#"exec "$@" 2>/dev/full"#, "sh"];

/// Settings by which strangers sign up with a code that is written to a file.
fn sign_up_with(spool: &Path) -> [(&'static str, String); 3] {
    [
        ("KONTOR_MERCHANT__SELF_PROVISIONING", "true".to_owned()),
        (
            "KONTOR_MERCHANT__MANDATORY_TAN_CHANNELS",
            r#"["email"]"#.to_owned(),
        ),
        ("KONTOR_TAN__EMAIL__SPOOL", spool.display().to_string()),
    ]
}

fn start(site: &Site, spool: &Path) -> Service {
    let settings = sign_up_with(spool);
    let settings = settings
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    serve(&site.place, &[], &settings)
}

/// Begins to sign up; the challenge.
async fn sign_up(client: &mut Client, id: &str) -> String {
    let mut settings = instance(id);
    settings["email"] = Value::from(format!("{id}@shop.example"));
    let asked = client
        .send(Ask::post("/instances", &settings))
        .await
        .expect(202);
    text(&asked["challenges"][0]["challenge_id"])
}

fn send(challenge: &str) -> Ask {
    Ask::post(format!("/challenge/{challenge}"), &serde_json::json!({}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_log_serves() {
    let _turn = turn().await;
    let site = Site::new();
    let service = serve(
        &site.place,
        &LOG_TO_FULL_DISK,
        &[("KONTOR_LOG__LEVEL", "debug")],
    );
    let token = service.shop("shop").await;
    let mut client = service.client();
    for number in 0..20 {
        let rename = Ask::patch("/instances/shop/private", &named(&format!("name {number}")));
        client.send(rename.bearer(&token)).await.expect(204);
    }
    client.send(Ask::get("/nowhere")).await.refuses(404, 21);
    assert!(service.is_ready().await);
    assert!(service.process.stop("-TERM").0.success(), "a clean end");
    say("log on a full disk", "every line was lost, no request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_cannot_be_written_is_refused_until_there_is_room() {
    let _turn = turn().await;
    let site = Site::new();
    let spool = site.place.path("spool.jsonl");
    symlink("/dev/full", &spool).expect("a link");
    let service = start(&site, &spool);
    let mut client = service.client();
    let challenge = sign_up(&mut client, "shop").await;
    for _ in 0..3 {
        client.send(send(&challenge)).await.refuses(502, 2128);
    }
    std::fs::remove_file(&spool).expect("the link");
    client.send(send(&challenge)).await.expect(200);
    assert_eq!(lines(&spool), 1);
    assert!(service.process.stop("-TERM").0.success());
}

/// A limit on the length of files cuts a line off where it is reached, as a disk may that has some bytes left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_line_does_not_spoil_the_next_one() {
    let _turn = turn().await;
    let site = Site::new();
    let spool = site.place.path("spool.jsonl");
    let mut file = std::fs::File::create(&spool).expect("a file");
    // Longer than any other file of the server.
    let before = 32 * 1024;
    for _ in 0..before {
        writeln!(file, "{{\"padding\":\"{}\"}}", "x".repeat(1000)).expect("a line");
    }
    let service = start(&site, &spool);
    let mut client = service.client();
    let challenge = sign_up(&mut client, "shop").await;
    let length = file.metadata().expect("a file").len();
    service.limit("fsize", &(length + 100).to_string());
    client.send(send(&challenge)).await.refuses(502, 2128);
    assert_eq!(lines(&spool), before);
    service.limit("fsize", "unlimited");
    client.send(send(&challenge)).await.expect(200);
    assert_eq!(lines(&spool), before + 1);
    assert!(service.process.stop("-TERM").0.success());
}

/// How many lines there are, every one of them whole.
fn lines(spool: &Path) -> usize {
    let text = std::fs::read_to_string(spool).expect("a file");
    let values = text.lines().map(serde_json::from_str::<Value>);
    let values: Result<Vec<_>, _> = values.collect();
    values.expect("lines of JSON").len()
}
