//! What holds for every page, in every language.

mod content;
mod contrast;
mod samples;

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use poem::http::header;
use regex::Regex;
use sha2::{Digest, Sha256};

use self::samples::{BASE, CLIENT, every_page, pages};
use super::*;

/// The values of the attributes that lead somewhere.
fn targets(html: &str) -> Vec<String> {
    let attribute = Regex::new(r#" (?:href|src|action)="([^"]*)""#).unwrap();
    attribute
        .captures_iter(html)
        .map(|found| found[1].to_owned())
        .collect()
}

#[test]
fn nothing_leads_elsewhere_but_back_to_the_client() {
    let tags = Regex::new("<[^>]*>").unwrap();
    for (name, _, page) in every_page() {
        let targets = targets(&page.html);
        assert!(targets.len() >= 4, "{name}");
        for target in targets {
            let is_ours = target.starts_with(BASE) || target.starts_with("data:image/svg+xml;");
            let is_client = name.starts_with("done") && target.starts_with(CLIENT);
            assert!(is_ours || is_client, "{name}: {target}");
        }
        for tag in tags.find_iter(&page.html) {
            let tag = tag.as_str();
            for word in ["<script", "http-equiv", " style=", " on"] {
                assert!(!tag.contains(word), "{name}: {tag}");
            }
        }
    }
    for word in ["@import", "url(", "</"] {
        assert!(!STYLE.contains(word), "{word}");
    }
}

#[test]
fn every_page_is_whole_and_can_be_read_out() {
    let heading = Regex::new("<h1>([^<]+)</h1>").unwrap();
    for (name, language, page) in every_page() {
        let html = &page.html;
        assert!(html.starts_with("<!DOCTYPE html>"), "{name}");
        assert!(html.trim_end().ends_with("</html>"), "{name}");
        assert!(
            html.contains(&format!("<html lang=\"{}\">", language.tag())),
            "{name}"
        );
        let headings: Vec<_> = heading.captures_iter(html).collect();
        assert_eq!(headings.len(), 1, "{name}: one h1");
        let title = html
            .split_once("<title>")
            .unwrap()
            .1
            .split_once("</title>")
            .unwrap()
            .0;
        assert!(title.contains(&headings[0][1]), "{name}: {title}");
        assert!(title.ends_with(" – proof.example"), "{name}: {title}");
        assert!(html.matches(" autofocus").count() <= 1, "{name}");
        for rest in ["{{", "{%", "{}"] {
            assert!(
                !html.replace(STYLE, "").contains(rest),
                "{name}: {rest} is left"
            );
        }
    }
}

#[test]
fn labels_and_descriptions_name_what_is_there() {
    let reference = Regex::new(r#" (?:for|aria-describedby|aria-labelledby)="([^"]*)""#).unwrap();
    let id = Regex::new(r#" id="([^"]*)""#).unwrap();
    let field = Regex::new("<(input|textarea)[^>]*>").unwrap();
    for (name, _, page) in every_page() {
        let ids: Vec<String> = id
            .captures_iter(&page.html)
            .map(|found| found[1].to_owned())
            .collect();
        let unique: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{name}: {ids:?}");
        for found in reference.captures_iter(&page.html) {
            for word in found[1].split_whitespace() {
                assert!(ids.iter().any(|id| id == word), "{name}: {word}");
            }
        }
        for tag in field.find_iter(&page.html) {
            let tag = tag.as_str();
            let id = id.captures(tag).map(|found| found[1].to_owned());
            let is_labelled =
                id.is_some_and(|id| page.html.contains(&format!("<label for=\"{id}\">")));
            assert!(
                is_labelled || tag.contains("type=\"hidden\""),
                "{name}: {tag}"
            );
        }
    }
}

#[test]
fn the_policy_knows_the_style() {
    for (name, _, page) in every_page() {
        let style = page
            .html
            .split_once("<style>")
            .unwrap()
            .1
            .split_once("</style>")
            .unwrap()
            .0;
        let hash = STANDARD.encode(Sha256::digest(style));
        let policy = page.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(
            policy.starts_with(&format!(
                "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
            )),
            "{name}: {policy}"
        );
        // The form with the code ends at the client: browsers would hold that against it.
        let is_code_form = name.starts_with("code");
        assert_eq!(
            policy.ends_with("; form-action 'self'"),
            !is_code_form,
            "{name}: {policy}"
        );
    }
}

#[test]
fn a_page_has_its_headers() {
    let headers = pages().landing(Language::Fr).headers;
    for (name, expected) in [
        (header::CACHE_CONTROL.as_str(), "no-store"),
        (header::CONTENT_LANGUAGE.as_str(), "fr"),
        (header::VARY.as_str(), "Accept, Accept-Language"),
        ("x-robots-tag", "noindex"),
    ] {
        assert_eq!(headers[name], expected, "{name}");
    }
}
