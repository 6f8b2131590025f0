//! Parts of pages that are made from the code.

use std::{env, fs, path::Path};

/// Holds the part of a page between `<!-- generated: NAME -->` and `<!-- end of NAME -->` against what the code makes of it now, or
/// writes it anew where `SNAPSHOTS=overwrite` is set, as for the golden files of the command line.
pub fn check(page: &str, name: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(&path).expect("the page");
    let (begin, end) = (
        format!("<!-- generated: {name} -->\n"),
        format!("<!-- end of {name} -->"),
    );
    let (before, rest) = text.split_once(&begin).expect("where the part begins");
    let (_, after) = rest.split_once(&end).expect("where the part ends");
    let now = format!("{before}{begin}\n{}\n\n{end}{after}", content.trim());
    if env::var("SNAPSHOTS").is_ok_and(|action| action == "overwrite") {
        fs::write(&path, now).expect("the page is written");
        return;
    }
    assert_eq!(
        text, now,
        "{page} is out of date: write it anew with SNAPSHOTS=overwrite cargo test --test suite book::"
    );
}

/// Text as it stands in a cell of a table.
pub fn cell(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}
