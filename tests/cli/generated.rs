//! What the program makes of its own arguments: completions and manual pages.

use std::io::Write as _;
use std::process::{Command, Stdio};

use clap::CommandFactory as _;
use kontor::cli::Cli;

use super::program::{Place, names_in};
use super::{collect, kontor};

/// What a program of the system says to a text, where the system has it: whether it is content, and its words.
fn judged(program: &str, arguments: &[&str], text: &str) -> Option<(bool, String)> {
    let started = Command::new(program)
        .args(arguments)
        .env("MANROFFSEQ", "")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = started.ok()?;
    let mut input = child.stdin.take().expect("its input");
    input.write_all(text.as_bytes()).expect("a reader");
    drop(input);
    let output = child.wait_with_output().expect("its end");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    Some((output.status.success(), words))
}

fn completions(shell: &str) -> String {
    let assert = kontor(&["completions", shell]).assert().success();
    String::from_utf8(assert.get_output().stdout.clone()).expect("text")
}

#[test]
fn completions_know_every_verb() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = completions(shell);
        for verb in Cli::command().get_subcommands() {
            assert!(script.contains(verb.get_name()), "{shell}: {verb}");
        }
    }
    kontor(&["completions", "tcsh"]).assert().code(2);
}

#[test]
fn shells_read_their_completions() {
    for (shell, arguments) in [
        ("bash", &["-n"][..]),
        ("zsh", &["-n"]),
        ("fish", &["--no-execute"]),
    ] {
        let Some((is_content, words)) = judged(shell, arguments, &completions(shell)) else {
            continue;
        };
        assert!(is_content && words.is_empty(), "{shell}: {words}");
    }
}

#[test]
fn bash_completes_a_verb() {
    let script = completions("bash");
    let asked = "\nCOMP_WORDS=(kontor config sh)\nCOMP_CWORD=2\n_kontor kontor sh config\n[[ ${COMPREPLY[*]} == show ]]\n";
    let answer = judged("bash", &["-s"], &format!("{script}{asked}"));
    assert_eq!(answer.expect("bash"), (true, String::new()));
}

#[test]
fn every_verb_has_its_page() {
    let place = Place::new();
    let printed = place.output(&["man", "--out", "pages/man1"]);
    let mut verbs = Vec::new();
    collect(&Cli::command(), &mut Vec::new(), &mut verbs);
    let mut expected: Vec<String> = verbs
        .iter()
        .map(|words| {
            let words: Vec<&str> = ["kontor"]
                .into_iter()
                .chain(words.iter().map(String::as_str))
                .collect();
            format!("{}.1", words.join("-"))
        })
        .collect();
    expected.sort();
    let folder = place.path("pages/man1");
    assert_eq!(names_in(&folder), expected);
    assert_eq!(
        printed,
        format!("Wrote {} pages to pages/man1.\n", expected.len())
    );
    for page in &expected {
        let text = std::fs::read_to_string(folder.join(page)).expect("a page");
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "\"EXIT STATUS\""] {
            assert!(text.contains(&format!(".SH {section}\n")), "{page}");
        }
        let synopsis = text.split(".SH SYNOPSIS\n").nth(1).expect("a synopsis");
        let synopsis = synopsis.lines().next().expect("its line");
        for value in ["[\\-\\-config <FILE>]", "[\\-\\-set <KEY=VALUE>]..."] {
            assert!(synopsis.contains(value), "{page}: {synopsis}");
        }
        // Where there is no formatter, nobody reads pages either.
        let formatters: [(&str, &[&str]); 2] = [
            ("groff", &["-man", "-Tutf8", "-Kutf8", "-ww"]),
            ("mandoc", &["-T", "lint", "-W", "warning"]),
        ];
        for (formatter, arguments) in formatters {
            if let Some((_, words)) = judged(formatter, arguments, &text) {
                assert_eq!(words, "", "{formatter} {page}");
            }
        }
    }
    let own = std::fs::read_to_string(folder.join("kontor.1")).expect("a page");
    assert_eq!(place.output(&["man"]), own);
    assert!(own.contains("\\fB3\\fR\nwrong configuration\n"), "{own}");
    assert_eq!(own.matches("wrong configuration").count(), 1, "{own}");
    let health = std::fs::read_to_string(folder.join("kontor-health.1")).expect("a page");
    assert!(
        health.contains("\nExit code 0: ready; 1: not ready"),
        "{health}"
    );
    let copy = std::fs::read_to_string(folder.join("kontor-copy.1")).expect("a page");
    assert!(copy.contains(".SH EXAMPLES\n.nf\nkontor copy"), "{copy}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let place = Place::new();
    std::fs::write(place.path("file"), "").expect("a file");
    let assert = place.kontor(&["man", "--out", "file"]).assert().code(1);
    let words = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(
        words.starts_with("error: cannot write the pages to file: "),
        "{words}"
    );
}
