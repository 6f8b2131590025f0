//! References between the pages.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every page that people read, by its path below the root.
pub fn pages() -> BTreeMap<PathBuf, String> {
    let mut paths: Vec<PathBuf> = fs::read_dir(root().join("docs"))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    paths.extend(
        [
            "README.md",
            "CONTRIBUTING.md",
            "SECURITY.md",
            "CHANGELOG.md",
        ]
        .map(|name| root().join(name)),
    );
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a page");
        (path.strip_prefix(root()).expect("below").to_owned(), text)
    };
    paths.into_iter().map(read).collect()
}

/// The page without its blocks of code, which have no references.
fn prose(text: &str) -> String {
    let parts = text.split("```").step_by(2);
    let lines = parts.flat_map(str::lines);
    let prose = lines.filter(|line| !line.starts_with("    "));
    prose.collect::<Vec<_>>().join("\n")
}

/// Where the references of a page lead.
fn references(text: &str) -> Vec<&str> {
    let after = text.split("](").skip(1);
    after
        .map(|rest| rest.split_once(')').expect("the end of a reference").0)
        .filter(|target| !target.contains("://"))
        .collect()
}

/// The anchors of a page, as hosts of repositories make them of headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let kept = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        text.chars()
            .filter(|letter| kept(*letter))
            .collect::<String>()
            .replace(' ', "-")
    };
    headings.map(anchor).collect()
}

fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part.as_os_str().to_str() {
            Some("..") => assert!(parts.pop(), "{} leaves the repository", path.display()),
            Some(".") => {}
            _ => parts.push(part),
        }
    }
    parts
}

#[test]
fn every_reference_leads_somewhere() {
    let pages = pages();
    let mut wrong = Vec::new();
    for (page, text) in &pages {
        let prose = prose(text);
        for reference in references(&prose) {
            let (path, anchor) = reference.split_once('#').unwrap_or((reference, ""));
            let target = match path {
                "" => page.clone(),
                path => normal(&page.parent().expect("a folder").join(path)),
            };
            let found = match (anchor, pages.get(&target)) {
                ("", _) => root().join(&target).exists(),
                (anchor, Some(page)) => anchors(page).contains(anchor),
                (_, None) => false,
            };
            if !found {
                wrong.push(format!("{}: {reference}", page.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "these lead nowhere:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_contents_name_every_page() {
    let pages = pages();
    let contents = &pages[Path::new("docs/README.md")];
    let named = references(contents);
    for page in pages
        .keys()
        .filter_map(|page| page.strip_prefix("docs").ok())
    {
        let name = page.to_str().expect("text");
        assert!(
            name == "README.md" || named.contains(&name),
            "docs/README.md does not name {name}"
        );
    }
}
