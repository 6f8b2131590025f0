//! What the server asks of the kernel, which the unit must allow: no systemd runs here that would refuse it.

use std::{collections::BTreeSet, fs};

use data_encoding::BASE64;
use rustix::process::geteuid;

use super::units::{SERVICE, analyze};
use crate::cli::program::{on_place, request};

/// The calls that a group of systemd's stands for.
fn calls(group: &str) -> BTreeSet<String> {
    let listed = analyze(&["syscall-filter", group]);
    let words = listed.lines().skip(1).map(str::trim);
    let words = words.filter(|word| !word.is_empty() && !word.starts_with('#'));
    let each = words.flat_map(|word| match word.starts_with('@') {
        true => calls(word),
        false => BTreeSet::from([word.to_owned()]),
    });
    each.collect()
}

/// What the unit allows: the groups of the first line, without those of the second, and the calls of the third.
fn allowed() -> BTreeSet<String> {
    let mut lines = SERVICE
        .lines()
        .filter_map(|line| line.strip_prefix("SystemCallFilter="));
    let groups = |line: &str| -> BTreeSet<String> { line.split(' ').flat_map(calls).collect() };
    let granted = groups(lines.next().expect("what is allowed"));
    let refused = lines.next().and_then(|line| line.strip_prefix('~'));
    let given_back = lines.next().expect("what is given back").split(' ');
    let mut allowed = &granted - &groups(refused.expect("what is refused"));
    allowed.extend(given_back.map(str::to_owned));
    assert_eq!(lines.next(), None);
    allowed
}

/// The calls of a trace, each of whose lines begins with a process and a call.
fn seen(trace: &str) -> BTreeSet<String> {
    let calls = trace.lines().filter_map(|line| {
        let (call, _) = line.split_once(' ')?.1.trim().split_once('(')?;
        let is_name = call
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_name.then(|| call.to_owned())
    });
    calls.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unit_allows_what_the_server_asks_of_the_kernel() {
    let mut allowed = allowed();
    assert!(
        allowed.len() > 200 && !allowed.contains("mount"),
        "{allowed:?}"
    );
    if geteuid().is_root() {
        // SQLite gives its files to the owner of the database, as root alone.
        allowed.insert("fchown".to_owned());
    }
    on_place(async |place| {
        place.create_instance("shop");
        let trace = place.path("trace");
        let to = trace.display().to_string();
        // As a child of the server, so that signals reach the server.
        let traced = ["strace", "-D", "-f", "-qq", "-o", &to];
        let path = std::env::var("PATH").expect("a PATH");
        let environment = [
            ("PATH", &*path),
            ("KONTOR_CHALLENGER__ENABLED", "true"),
            ("KONTOR_TAN__EMAIL__COMMAND", "[\"/bin/cat\"]"),
        ];
        let server = place.start_under(&traced, &["serve"], &environment);
        let url = server.merchant_url();
        assert_eq!(request("GET", &format!("{url}config"), "", "").0, 200);
        let login = format!("Basic {}", BASE64.encode(b"shop:sesame"));
        let token = format!("{url}instances/shop/private/token");
        assert_eq!(request("POST", &token, &login, r#"{"scope":"all"}"#).0, 200);
        let reset = format!("{url}instances/shop/forgot-password");
        request(
            "POST",
            &reset,
            "",
            r#"{"method":"token","password":"open sesame"}"#,
        );
        assert!(server.stop("-TERM").0.success(), "{}", place.log());

        let trace = fs::read_to_string(&trace).expect("a trace");
        let seen = seen(&trace);
        assert!(seen.contains("accept4") && seen.len() > 30, "{seen:?}");
        let forbidden: Vec<_> = seen.difference(&allowed).collect();
        assert!(forbidden.is_empty(), "{forbidden:?}");
        // MemoryDenyWriteExecute
        let both = trace
            .lines()
            .find(|line| line.contains("PROT_WRITE") && line.contains("PROT_EXEC"));
        assert_eq!(both, None);
    })
    .await;
}
