//! OAuth 2.0 libraries that know nothing of Kontor; `challenger/README.md` says how one talks to them.

use std::{
    io::{BufRead as _, BufReader, Lines, Read as _, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use super::{Client, Service};
use crate::{cli::program::on_place, support::browser::prove};

/// A client at work, in a process of its own.
struct Program {
    process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(name: &str, service: &Service<'_>, client: &Client, authentication: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/challenger.sh");
        let mut process = Command::new(script)
            .arg(name)
            .envs([
                ("CHALLENGER", service.url.as_str()),
                ("CLIENT_ID", &client.id),
                ("CLIENT_SECRET", &client.secret),
                ("REDIRECT_URI", client.redirect_uri),
                ("AUTHENTICATION", authentication),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("tests/clients/challenger.sh");
        let output = BufReader::new(process.stdout.take().expect("standard output"));
        Self {
            input: process.stdin.take().expect("standard input"),
            output: output.lines(),
            process,
        }
    }

    /// The next object that the client prints.
    #[track_caller]
    fn line(&mut self) -> Value {
        let Some(line) = self.output.next() else {
            let mut errors = String::new();
            let stderr = self.process.stderr.as_mut().expect("standard error");
            stderr.read_to_string(&mut errors).expect("text");
            panic!("the client ended: {errors}");
        };
        serde_json::from_str(&line.expect("text")).expect("JSON")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already in all tests that pass.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The library for Node.js leaves the query of its redirect URI out at the token endpoint, against RFC 6749 §4.1.3.
const BARE: &str = "https://client.example/done";
const WITH_QUERY: &str = "https://client.example/done?from=kontor";

/// Has an address proven to a client that is written with the library.
async fn goes_the_whole_way(library: &str, authentication: &str, redirect_uri: &'static str) {
    on_place(async |place| {
        let service = Service::start(place);
        let client = service.register(redirect_uri, &["--require-pkce"]);
        let mut program = Program::start(library, &service, &client, authentication);
        let link = program.line();
        let link = link["authorize"].as_str().expect("a link");
        let callback = prove(link, &[("CONTACT_EMAIL", "ada@tea.example")], || {
            service.code("ada@tea.example")
        });
        assert!(
            callback.starts_with(redirect_uri) && callback.contains("code="),
            "{callback}"
        );
        writeln!(program.input, "{callback}").expect("a client that listens");

        let wrong = program.line();
        assert_eq!(wrong["wrong_verifier"]["error"], "invalid_grant", "{wrong}");
        let description = wrong["wrong_verifier"]["description"].as_str();
        assert!(description.is_some_and(|text| !text.is_empty()), "{wrong}");
        let token = program.line();
        let token_type = token["token_type"].as_str().expect("a type");
        assert!(token_type.eq_ignore_ascii_case("Bearer"), "{token}");
        assert_eq!(token["expires_in"], 3600);
        let info = program.line();
        assert_eq!(
            info["info"]["address"],
            json!({"CONTACT_EMAIL": "ada@tea.example"})
        );
        assert_eq!(info["info"]["address_type"], "email");
        assert!(info["info"]["expires"]["t_s"].is_u64(), "{info}");
        let used = program.line();
        assert_eq!(used["used_code"]["error"], "invalid_grant", "{used}");
        assert!(program.process.wait().expect("its end").success());
        service.stop();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_gets_an_address() {
    goes_the_whole_way("authlib", "client_secret_basic", WITH_QUERY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_gets_an_address_with_its_secret_in_the_form() {
    goes_the_whole_way("authlib", "client_secret_post", WITH_QUERY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openid_client_gets_an_address() {
    goes_the_whole_way("openid-client", "client_secret_basic", BARE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openid_client_gets_an_address_with_its_secret_in_the_form() {
    goes_the_whole_way("openid-client", "client_secret_post", BARE).await;
}
