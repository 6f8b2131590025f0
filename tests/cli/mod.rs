//! What the command line prints, word for word. `SNAPSHOTS=overwrite cargo test cli` writes the golden files anew.

mod audit;
mod backup;
mod client;
mod doctor;
mod generated;
mod prefilled;
pub mod program;
mod running;
mod sandbox;
mod second_factor;
mod verbs;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use snapbox::cmd::{Command, cargo_bin};
use snapbox::{Data, IntoData as _, str};

/// The program, with nothing of this environment and in a folder without a configuration file.
fn kontor(arguments: &[&str]) -> Command {
    Command::new(cargo_bin!("kontor"))
        .env_clear()
        .current_dir(golden("mistakes"))
        .args(arguments)
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cli")
        .join(name)
}

/// The names, without their ending, of the golden files that end so.
fn names(folder: &str, ending: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(golden(folder)).expect("the folder of golden files");
    entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .filter_map(|name| name.strip_suffix(ending).map(str::to_owned))
        .collect()
}

/// Every verb with the words that call it, the program itself included.
fn collect(command: &clap::Command, words: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    found.push(words.clone());
    for verb in command
        .get_subcommands()
        .filter(|verb| verb.get_name() != "help")
    {
        words.push(verb.get_name().to_owned());
        collect(verb, words, found);
        words.pop();
    }
}

#[test]
fn every_verb_has_its_help() {
    let mut found = Vec::new();
    collect(&kontor::cli::Cli::command(), &mut Vec::new(), &mut found);
    let mut files = BTreeSet::new();
    for words in found {
        let file = ["kontor".to_owned()]
            .iter()
            .chain(&words)
            .cloned()
            .collect::<Vec<_>>()
            .join("-");
        let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let expected = Data::read_from(&golden(&format!("help/{file}.txt")), None).raw();
        kontor(&arguments)
            .assert()
            .success()
            .stdout_eq(expected)
            .stderr_eq("");
        files.insert(file);
    }
    assert_eq!(names("help", ".txt"), files, "a golden file without a verb");
}

#[test]
fn every_mistake_in_a_file_has_its_sentence() {
    let mistakes = names("mistakes", ".toml");
    for name in &mistakes {
        let file = format!("{name}.toml");
        let expected = Data::read_from(&golden(&format!("mistakes/{name}.txt")), None).raw();
        kontor(&["config", "check", "--config", &file])
            .assert()
            .code(3)
            .stdout_eq("")
            .stderr_eq(expected);
    }
    assert_eq!(
        names("mistakes", ".txt"),
        mistakes,
        "a golden file without a configuration file"
    );
}

#[test]
fn a_missing_file_is_named() {
    kontor(&["config", "check", "--config", "no-such.toml"])
        .assert()
        .code(3)
        .stderr_eq(str![[r#"
error: cannot read the configuration file no-such.toml: No such file or directory (os error 2)

"#]]);
    kontor(&["config", "check"])
        .env("KONTOR_CONFIG", "nor-this.toml")
        .assert()
        .code(3)
        .stderr_eq(str![[r#"
error: cannot read the configuration file nor-this.toml: No such file or directory (os error 2)

"#]]);
}

#[test]
fn mistakes_in_the_environment_name_the_variable() {
    let check = kontor(&["config", "check"]);
    check
        .env("KONTOR_MERCHANT__CURENCY", "EUR")
        .env("KONTOR_LIMITS__LOGIN_FAILURES", "ten")
        .env("KONTOR_ADMIN_PASSWORD", "not a setting")
        .assert()
        .code(3)
        .stderr_eq(str![[r#"
error: environment KONTOR_MERCHANT__CURENCY: unknown key "merchant.curency"; did you mean "merchant.currency"?
error: environment KONTOR_LIMITS__LOGIN_FAILURES: "limits.login_failures": must be a whole number from 0 to 4294967295, not "ten"

"#]]);
}

#[test]
fn mistakes_in_flags_name_the_flag() {
    kontor(&[
        "config",
        "check",
        "--set",
        "log.level=a=b=c",
        "--set",
        "log.fromat=json",
    ])
    .assert()
    .code(3)
    .stderr_eq(str![[r#"
error: flag --set log.fromat: unknown key "log.fromat"; did you mean "log.format"?

"#]]);
    kontor(&[
        "config",
        "check",
        "--set",
        "merchant.currencies.euro.name=Euro",
    ])
    .assert()
    .code(3)
    .stderr_eq(str![[r#"
error: flag --set merchant.currencies.euro.name: "merchant.currencies.euro": "euro" is not a currency code: 1 to 11 upper-case letters

"#]]);
    kontor(&["config", "check", "--set", "log.level"])
        .assert()
        .code(2)
        .stderr_eq(str![[r#"
error: invalid value 'log.level' for '--set <KEY=VALUE>': write KEY=VALUE, such as log.level=debug

For more information, try '--help'.

"#]]);
}

#[test]
fn check_says_that_all_is_right() {
    kontor(&["config", "check"])
        .assert()
        .success()
        .stdout_eq(str![[r#"
The configuration is right (no configuration file; keys set: 0).

"#]]);
    kontor(&["config", "check", "--json"])
        .assert()
        .success()
        .stdout_eq(str![[r#"
{
  "valid": true,
  "mistakes": []
}

"#]]);
    kontor(&["config", "check", "--json", "--config", "several.toml"])
        .assert()
        .code(3)
        .stdout_eq(str![[r#"
{
  "valid": false,
  "mistakes": [
    {
      "origin": "several.toml:2",
      "problem": "unknown key \"merchant.curency\"; did you mean \"merchant.currency\"?"
    },
    {
      "origin": "several.toml:3",
      "problem": "\"merchant.enabled\": must be true or false, not 1"
    },
    {
      "origin": "several.toml:6",
      "problem": "\"limits.request_timeout\": \"soon\" is not a duration; write for example \"30 s\", \"5 min\" or \"1 day\""
    }
  ]
}

"#]].raw())
        .stderr_eq(str![[r#"
error: the configuration cannot be used

"#]]);
}

#[test]
fn show_names_origins_and_hides_secrets() {
    let show = |arguments: &[&str]| {
        kontor(arguments)
            .env(
                "KONTOR_DATABASE__URL",
                "postgres://kontor:hunter2@db/kontor",
            )
            .env("KONTOR_MERCHANT__CURRENCIES__EUR__NAME", "Euro")
            .assert()
            .success()
    };
    show(&[
        "config",
        "show",
        "--config",
        "../right.toml",
        "--set",
        "log.format=json",
    ])
    .stdout_eq(Data::read_from(&golden("show.txt"), None).raw());
    show(&["config", "show", "--config", "../right.toml", "--json"])
        .stdout_eq(Data::read_from(&golden("show.json"), None).raw());
}

#[test]
fn the_example_and_the_schema_are_as_printed_before() {
    kontor(&["config", "example"])
        .assert()
        .success()
        .stdout_eq(Data::read_from(&golden("example.txt"), None).raw());
    kontor(&["config", "schema"])
        .assert()
        .success()
        .stdout_eq(Data::read_from(&golden("schema.txt"), None).raw());
}

#[test]
fn health_fails_where_nobody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    drop(listener);
    let set = format!("management.listen={address}");
    let assert = kontor(&["health", "--set", &set])
        .assert()
        .code(1)
        .stdout_eq("");
    let stderr = String::from_utf8(assert.get_output().stderr.clone()).expect("text");
    assert_eq!(
        stderr,
        format!(
            "error: cannot ask {address}: Connection refused (os error 111); is \"kontor serve\" running?\n"
        )
    );
    kontor(&["health", "--set", "management.enabled=false"])
        .assert()
        .code(1)
        .stderr_eq(
            str![[r#"
error: the management listener is off (management.enabled = false), so there is nothing to ask

"#]]
            .into_data(),
        );
}

#[test]
fn health_reads_the_answers() {
    let address = answer(&["200 OK", "503 Service Unavailable", "200 OK", "200 OK"]);
    let set = format!("management.listen={address}");
    kontor(&["health", "--set", &set])
        .assert()
        .code(1)
        .stdout_eq("live: yes\nready: no\n");
    kontor(&["health", "--set", &set])
        .assert()
        .success()
        .stdout_eq("live: yes\nready: yes\n");
}

/// A listener that answers one request per connection with these statuses, one after the other.
fn answer(statuses: &'static [&'static str]) -> std::net::SocketAddr {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for status in statuses {
            let (mut stream, _) = listener.accept().expect("a connection");
            let _ = stream.read(&mut [0; 1024]).expect("a request");
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").expect("an answer");
        }
    });
    address
}
