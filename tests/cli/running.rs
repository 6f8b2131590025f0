//! The program from end to end: real processes, real requests, real signals.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use data_encoding::BASE64;
use serde_json::Value;

use super::program::{Place, names_in, on_place, request};

fn basic(id: &str, password: &str) -> String {
    format!(
        "Basic {}",
        BASE64.encode(format!("{id}:{password}").as_bytes())
    )
}

#[tokio::test]
async fn an_operator_makes_an_instance_and_a_token_and_serves_them() {
    on_place(async |place| {
        place.create_instance("admin");
        place.create_instance("shop");
        let token = place.output(&["token", "create", "shop", "--scope", "readonly"]);
        let bearer = format!("Bearer {}", token.trim_end());
        let server = place.start(&["serve"], &[]);
        let url = server.merchant_url();
        let management = server.until("management");
        let shop = format!("{url}instances/shop/private");
        let (status, body) = request("GET", &shop, &bearer, "");
        assert_eq!(status, 200, "{body}");
        let shown: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(shown["name"], "shop");

        let management = management.split(['/', ' ']).nth(2).expect("an address");
        let listen = format!("management.listen={management}");
        let health = place.output(&["health", "--set", &listen]);
        assert_eq!(health, "live: yes\nready: yes\n");

        // What the command line does beside the server holds at once.
        place.output(&["token", "revoke", "shop", "1"]);
        assert_eq!(request("GET", &shop, &bearer, "").0, 401);

        let (status, rest) = server.stop("-TERM");
        assert_eq!(status.code(), Some(0), "{}", place.log());
        assert!(
            rest.ends_with("Stop it with Ctrl-C or SIGTERM.\n"),
            "{rest}"
        );
        assert!(place.log().contains("operation.id=\"getOwnInstance\""));
        assert!(!place.log().contains("secret-token"));
    })
    .await;
}

#[tokio::test]
async fn the_environment_makes_the_admin_once() {
    on_place(async |place| {
        for password in ["first", "second"] {
            let server = place.start(&["serve"], &[("KONTOR_ADMIN_PASSWORD", password)]);
            let login = format!("{}private/token", server.merchant_url());
            let body = r#"{"scope":"readonly"}"#;
            let (status, answer) = request("POST", &login, &basic("admin", "first"), body);
            assert_eq!(status, 200, "{answer}");
            let (status, rest) = server.stop("-INT");
            assert_eq!(status.code(), Some(0));
            let created =
                "The instance \"admin\" was created with the password of KONTOR_ADMIN_PASSWORD.\n";
            assert_eq!(rest.ends_with(created), password == "first", "{rest}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_first_start_says_what_to_do_next() {
    on_place(async |place| {
        let server = place.start(&["serve"], &[]);
        let key_file = server.until("key file");
        assert_eq!(
            key_file,
            "kontor.key (new; keep a copy apart from the backups of the database)"
        );
        let (_, rest) = server.stop("-TERM");
        assert!(rest.ends_with("  kontor instance create admin\n"), "{rest}");
    })
    .await;
}

#[test]
fn the_sandbox_is_used_and_leaves_nothing() {
    let place = Place::new();
    let sandbox = place.start(&["sandbox", "--json"], &[]);
    let told: Value = serde_json::from_str(&sandbox.line()).expect("one line of JSON");
    assert!(
        names_in(place.folder.path())
            .iter()
            .any(|name| name.starts_with("kontor-sandbox-"))
    );
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let [admin, shop] = &told["instances"].as_array().expect("instances")[..] else {
        panic!("{told}");
    };
    let bearer = |of: &Value| format!("Bearer {}", text(&of["token"]));
    let all = format!("{}management/instances", text(&told["merchant"]));
    assert_eq!(request("GET", &all, &bearer(admin), "").0, 200);
    let own = format!("{}private", text(&shop["base_url"]));
    let (status, body) = request("GET", &own, &bearer(shop), "");
    assert_eq!(status, 200);
    assert!(body.contains("Corner Coffee"), "{body}");
    let login = basic("coffee-shop", &text(&shop["password"]));
    let body = r#"{"scope":"all"}"#;
    assert_eq!(
        request("POST", &format!("{own}/token"), &login, body).0,
        200
    );
    assert_eq!(request("GET", &text(&told["documentation"]), "", "").0, 200);
    let (status, rest) = sandbox.stop("-INT");
    assert_eq!(status.code(), Some(0));
    assert_eq!(rest, "");
    assert_eq!(names_in(place.folder.path()), ["log"]);
}

#[test]
fn the_commands_that_the_sandbox_prints_work() {
    let place = Place::new();
    let sandbox = place.start(&["sandbox"], &[]);
    sandbox.until("Try it in a shell:");
    for _ in 0..3 {
        let command = sandbox.line();
        let command = command.trim().replacen("curl", "curl -fsS", 1);
        let shell = std::process::Command::new("sh")
            .args(["-c", &command])
            .output();
        let shell = shell.expect("a shell with curl");
        assert!(
            shell.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&shell.stderr)
        );
    }
    assert_eq!(sandbox.stop("-INT").0.code(), Some(0));
}

#[test]
fn every_line_of_the_json_log_is_an_object() {
    let place = Place::new();
    let server = place.start(&["serve"], &[("KONTOR_LOG__FORMAT", "json")]);
    let listen = (0..500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let log = place.log();
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .filter_map(|line| line["merchant.url"].as_str().map(str::to_owned))
            .next()
    });
    let url = listen.expect("the address in the log");
    assert_eq!(request("GET", &format!("{url}config"), "", "").0, 200);
    let (status, output) = server.stop("-TERM");
    assert_eq!(status.code(), Some(0));
    assert_eq!(output, "", "only the log speaks");
    let log = place.log();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    let access = lines.iter().find(|line| line["target"] == "kontor::access");
    let access = access.expect("a line about the request");
    assert_eq!(access["operation.id"], "getConfig");
    assert_eq!(access["http.status"], 200);
}

#[test]
fn a_second_signal_does_not_wait_for_open_requests() {
    let place = Place::new();
    let mut server = place.start(&["serve"], &[]);
    let url = server.merchant_url();
    server.until("There is no instance");
    let address = url.split('/').nth(2).expect("an address");
    // A request whose body does not come keeps the server from ending.
    let mut open = TcpStream::connect(address).expect("a connection");
    write!(
        open,
        "POST /private/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"
    )
    .expect("half a request");
    let mut answer = [0; 12];
    open.read_exact(&mut answer).expect("an interim answer");
    assert_eq!(&answer, b"HTTP/1.1 100");
    server.signal("-TERM");
    place.until_logged("stopping: open requests are finished first");
    assert!(!server.has_ended_within(Duration::from_millis(500)));
    let (status, _) = server.stop("-TERM");
    assert_eq!(status.code(), Some(1));
    assert!(
        place
            .log()
            .ends_with("error: stopped by a second SIGTERM, before all requests were finished\n")
    );
}
