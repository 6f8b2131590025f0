//! The libraries in TypeScript and Python against a started server: a shop's first day, and the proof of an address.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use serde_json::Value;

use super::{Libraries, output};
use crate::cli::program::{Place, Running, on_place};

const REDIRECT_URI: &str = "https://client.example/done";

/// A server with both services, an operator, a client of the Challenger, and codes in a file.
fn start(place: &Place) -> (Running, Vec<(&'static str, String)>) {
    place.create_instance("admin");
    let spool = place.path("sent.jsonl").display().to_string();
    let server = place.start(
        &["serve"],
        &[
            ("KONTOR_CHALLENGER__ENABLED", "true"),
            ("KONTOR_TAN__EMAIL__SPOOL", &spool),
        ],
    );
    let [merchant, challenger] = ["merchant", "challenger"].map(|service| {
        let url = server.url_of(service);
        url.trim_end_matches('/').to_owned()
    });
    let client = place.output(&["client", "add", "--json", "--redirect-uri", REDIRECT_URI]);
    let client: Value = serde_json::from_str(&client).expect("JSON");
    let told = |name: &str| client[name].as_str().expect("text").to_owned();
    let environment = vec![
        ("KONTOR", merchant),
        ("CHALLENGER", challenger),
        ("PASSWORD", "sesame".to_owned()),
        ("SPOOL", spool),
        ("CLIENT_ID", told("client_id")),
        ("CLIENT_SECRET", told("client_secret")),
        ("REDIRECT_URI", REDIRECT_URI.to_owned()),
    ];
    (server, environment)
}

fn journey(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/sdk")
        .join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn typescript_lives_through_a_first_day() {
    let libraries = Libraries::of_this_program();
    on_place(async |place| {
        let here = place.folder.path();
        for file in ["merchant.d.ts", "challenger.d.ts"] {
            fs::copy(
                libraries.folder.join("typescript").join(file),
                here.join(file),
            )
            .expect(file);
        }
        fs::copy(journey("journey.mts"), here.join("journey.mts")).expect("the journey");
        let modules = libraries.generators().join("typescript/node_modules");
        symlink(&modules, here.join("node_modules")).expect("a link");
        let options = ["--strict", "--target", "es2023", "--module", "nodenext"];
        let mut compiler = Command::new(modules.join(".bin/tsc"));
        output(compiler.args(options).arg("journey.mts").current_dir(here));

        let (server, environment) = start(place);
        let mut node = Command::new("node");
        node.arg("journey.mjs").envs(environment).current_dir(here);
        assert_eq!(output(&mut node), "done\n");
        assert!(server.stop("-TERM").0.success(), "{}", place.log());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_lives_through_a_first_day() {
    let libraries = Libraries::of_this_program();
    on_place(async |place| {
        let (server, environment) = start(place);
        let mut python = python(&libraries);
        python.arg(journey("journey.py")).envs(environment);
        assert_eq!(output(&mut python), "done\n");
        assert!(server.stop("-TERM").0.success(), "{}", place.log());
    })
    .await;
}

/// Python, with the libraries and what they need.
fn python(libraries: &Libraries) -> Command {
    let packages = [
        libraries.folder.join("python/merchant"),
        libraries.folder.join("python/challenger"),
        libraries.generators().join("python"),
    ];
    let mut python = Command::new("python3");
    let packages = std::env::join_paths(packages).expect("a path");
    python.arg("-B").env("PYTHONPATH", packages);
    python
}

#[tokio::test(flavor = "multi_thread")]
async fn the_packages_for_python_say_how_to_begin() {
    let libraries = Libraries::of_this_program();
    on_place(async |place| {
        let (server, environment) = start(place);
        for (api, expected) in [("merchant", "admin"), ("challenger", "/authorize/")] {
            let readme = libraries.read(&format!("python/{api}/README.md"));
            let failure = match api {
                "merchant" => "MerchantChallengeFailedResponse",
                _ => "InvalidPinResponse",
            };
            assert!(readme.contains(failure), "{readme}");
            let (_, program) = readme.split_once("```python\n").expect("a program");
            let (program, _) = program.split_once("```").expect("its end");
            let mut python = python(&libraries);
            python.args(["-c", program]).env("INSTANCE_ID", "admin");
            let printed = output(python.envs(environment.iter().cloned()));
            assert!(printed.contains(expected), "{printed}");
        }
        assert!(server.stop("-TERM").0.success(), "{}", place.log());
    })
    .await;
}
