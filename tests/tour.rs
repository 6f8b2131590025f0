//! The commands that the README promises, run as they are printed there.

use std::{
    io::BufReader,
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use snapbox::cmd::cargo_bin;

const README: &str = include_str!("../README.md");

/// A sandbox on free ports, ended with the test.
struct Sandbox {
    process: Child,
    announced: Value,
}

impl Sandbox {
    fn start() -> Self {
        let mut process = Command::new(cargo_bin!("kontor"))
            .args(["sandbox", "--json", "--set", "merchant.listen=127.0.0.1:0"])
            .args(["--set", "management.listen=127.0.0.1:0"])
            .args(["--set", "challenger.listen=127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the sandbox starts");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let mut values = serde_json::Deserializer::from_reader(output).into_iter::<Value>();
        let announced = values
            .next()
            .expect("it says where it is")
            .expect("in JSON");
        Self { process, announced }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Interrupted rather than killed, so that it removes what it made.
        let interrupt = Command::new("kill")
            .args(["-INT", &self.process.id().to_string()])
            .status();
        if !interrupt.is_ok_and(|status| status.success()) {
            drop(self.process.kill());
        }
        drop(self.process.wait());
    }
}

#[test]
fn the_readme_tour_works_as_printed() {
    let (_, after) = README
        .split_once("```sh\n")
        .expect("the README has a block of commands");
    let (tour, _) = after.split_once("```").expect("the block ends");
    let sandbox = Sandbox::start();
    let url = sandbox.announced["merchant"]
        .as_str()
        .expect("a URL")
        .trim_end_matches('/');
    let admin = &sandbox.announced["instances"][0];
    assert_eq!(admin["id"], "admin");
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", tour])
        .env("KONTOR", url)
        .env("PASSWORD", admin["password"].as_str().expect("a password"))
        .output()
        .expect("bash runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{printed}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for expected in [
        "\"version\":\"32:0:20\"",
        "\"id\":\"tea-house\"",
        "Tea House by the river",
        "\"serial\":",
    ] {
        assert!(
            printed.contains(expected),
            "{expected} is missing in:\n{printed}"
        );
    }
}
