//! The example that `kontor config example` prints.

use super::*;

#[test]
fn the_example_is_the_defaults() {
    let text = example();
    let shown = show(&Files::new(&text).load());
    assert!(
        shown.iter().all(|key| key.origin == Origin::Default),
        "{shown:?}"
    );
    // Taking the comment sign away from every key that has a default changes nothing.
    let defaults: String = text
        .split("\n\n")
        .filter(|block| !block.contains("Not set by default"))
        .filter(|block| !block.contains("\n#["))
        .flat_map(str::lines)
        .filter(|line| !line.starts_with("# "))
        .map(|line| format!("{}\n", line.trim_start_matches('#')))
        .collect();
    let files = Files::new(&defaults);
    let mut expected = Settings::default();
    expected.secrets.key_file = files.path("kontor.key");
    expected.database.url = DatabaseUrl::sqlite_file(&files.path("kontor.db"));
    assert_eq!(files.load().settings, expected);
    // And every line that is commented out, examples included, is a key that exists.
    let all: String = text
        .lines()
        .filter(|line| !line.starts_with("# "))
        .map(|line| format!("{}\n", line.trim_start_matches('#')))
        .collect();
    // Of a secret and its file, and of the ways to send, only one can be set; authorities need certificates,
    // a country of phone numbers addresses that are phone numbers, and traces a build of their own.
    let others = [
        "url_file = ",
        "smtp_url_file = ",
        "spool = ",
        "smtp_authority = ",
        "ca_file = ",
        "smtp_url = ",
        "from = ",
        "phone_country = ",
        "otlp_endpoint = ",
    ];
    let all: String = all
        .split_inclusive('\n')
        .filter(|line| !others.iter().any(|other| line.starts_with(other)))
        .map(|line| line.replace("/usr/local/lib/kontor/", "/bin/../bin/"))
        .map(|line| {
            line.replace("send-mail", "sh")
                .replace("send-sms", "sh")
                .replace("send-letter", "sh")
        })
        .collect();
    let files = Files::new(&all);
    for folder in ["terms", "privacy", "challenger-terms", "challenger-privacy"] {
        std::fs::create_dir(files.path(folder)).expect("a folder");
        std::fs::write(files.path(folder).join("en.md"), "Terms").expect("a file");
    }
    std::fs::create_dir(files.path("templates")).expect("a folder");
    files.load();
}
