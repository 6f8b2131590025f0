//! Which test runs the commands of a page.

use super::references::pages;

/// Each page with blocks of `sh`, and the test that runs all of them. A block of `console` is run by hand: it takes minutes.
const RUN_BY: [(&str, &str); 14] = [
    ("README.md", "tests/tour.rs"),
    ("docs/audit.md", "tests/story/operator.rs"),
    ("docs/backup.md", "tests/story/backup.rs"),
    ("docs/challenger.md", "tests/story/challenger.rs"),
    ("docs/configuration.md", "tests/story/operator.rs"),
    ("docs/doctor.md", "tests/cli/doctor/page.rs"),
    ("docs/extend.md", "tests/extend.sh"),
    ("docs/install.md", "tests/story/install.rs"),
    ("docs/operate.md", "tests/story/operator.rs"),
    ("docs/otp-devices.md", "tests/story/operator.rs"),
    ("docs/sdk.md", "tests/story/sdk.rs"),
    ("docs/second-factor.md", "tests/story/second_factor.rs"),
    ("docs/sending-codes.md", "tests/tan/documentation.rs"),
    ("docs/shop.md", "tests/story/shop.rs"),
];

#[test]
fn every_command_is_run_by_a_test() {
    for (page, text) in pages() {
        let page = page.to_str().expect("text");
        let run_by = RUN_BY.iter().find(|(name, _)| *name == page);
        let has_commands = text.contains("```sh\n");
        match run_by {
            None => assert!(!has_commands, "no test runs the commands of {page}"),
            Some((_, test)) => {
                assert!(has_commands, "{page} has no commands for {test}");
                assert_names(test, page);
            }
        }
    }
}

/// The file, or one of the folder, reads the page.
fn assert_names(test: &str, page: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(test);
    let files = match path.is_dir() {
        true => std::fs::read_dir(&path)
            .expect("a folder")
            .map(|entry| entry.expect("a file").path())
            .collect(),
        false => vec![path],
    };
    let mut texts = files
        .iter()
        .map(|file| std::fs::read_to_string(file).expect("a test"));
    assert!(
        texts.any(|text| text.contains(page)),
        "{test} does not read {page}"
    );
}
