//! Terms of service and privacy policy.

use std::fs;

use kontor::config::Settings;
use kontor_openapi::scalar::base32;
use sha2::{Digest as _, Sha512};
use tempfile::TempDir;

use crate::support::{Answer, TestApp, on_app, on_app_with};

const PATHS: [&str; 2] = ["/terms", "/privacy"];
const TEXTS: [(&str, &str); 6] = [
    ("en.txt", "Terms\n"),
    ("de.txt", "Bedingungen für alle\n"),
    ("de-AT.txt", "Bedingungen, bitte\n"),
    ("fr.html", "<p>Conditions</p>"),
    ("en.html", "<p>Terms</p>"),
    ("fr.pdf", "%PDF-1.7"),
];

/// Runs a test on a server that has both documents.
async fn on_documents(test: impl AsyncFnOnce(&TestApp)) {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in TEXTS {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    fs::write(folder.path().join(".hidden"), "x").expect("a file");
    let settings = |settings: &mut Settings| {
        let merchant = &mut settings.merchant;
        merchant.terms = Some(folder.path().to_owned());
        merchant.terms_version = Some("v7".to_owned());
        merchant.privacy = Some(folder.path().to_owned());
        merchant.privacy_version = Some("p1".to_owned());
    };
    on_app_with(settings, test).await;
}

fn text(name: &str) -> &'static str {
    TEXTS
        .iter()
        .find(|(file, _)| *file == name)
        .expect("a file")
        .1
}

fn etag(name: &str) -> String {
    let digest = Sha512::digest(text(name).as_bytes());
    format!("\"{}\"", base32::encode(&digest[..32]))
}

async fn get(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Answer {
    let call = headers.iter().fold(app.get(path), |call, (name, value)| {
        call.header(name, value)
    });
    call.send().await
}

#[track_caller]
fn is(answer: &Answer, name: &str) {
    answer.expect(200);
    assert_eq!(answer.text(), text(name));
    assert_eq!(answer.header("etag"), Some(etag(name).as_str()));
}

#[tokio::test]
async fn get_terms_is_501_where_there_are_none() {
    on_app(async |app| {
        app.shop("coffee").await;
        for path in PATHS {
            app.get(path).send().await.refuses(501, 76);
            let below = format!("/instances/coffee{path}");
            app.get(&below).send().await.refuses(501, 76);
            let nobody = format!("/instances/nobody{path}");
            app.get(&nobody).send().await.refuses(404, 2000);
        }
    })
    .await;
}

#[tokio::test]
async fn get_privacy_policy_is_apart_from_the_terms() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("it.md"), "# Privacy").expect("a file");
    let settings =
        |settings: &mut Settings| settings.merchant.privacy = Some(folder.path().to_owned());
    on_app_with(settings, async |app| {
        app.get("/terms").send().await.refuses(501, 76);
        let answer = app.get("/privacy").send().await;
        answer.expect(200);
        assert_eq!(answer.text(), "# Privacy");
        assert!(
            answer
                .header("content-type")
                .is_some_and(|value| value.starts_with("text/markdown"))
        );
        assert_eq!(answer.header("avail-languages"), Some("it"));
        assert!(answer.header("taler-terms-version").is_none());
    })
    .await;
}

#[tokio::test]
async fn get_terms_says_what_it_is() {
    on_documents(async |app| {
        for (path, version) in [("/terms", "v7"), ("/privacy", "p1")] {
            let answer = app.get(path).send().await;
            is(&answer, "en.txt");
            assert_eq!(
                answer.header("content-type"),
                Some("text/plain; charset=utf-8")
            );
            assert_eq!(answer.header("taler-terms-version"), Some(version));
            assert_eq!(answer.header("avail-languages"), Some("en, de, de-AT"));
            let vary = answer.header("vary").expect("Vary");
            assert!(
                vary.contains("Accept") && vary.contains("Accept-Language"),
                "{vary}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn get_terms_takes_the_format_that_is_preferred() {
    on_documents(async |app| {
        for path in PATHS {
            for (accept, name) in [
                ("*/*", "en.txt"),
                ("text/*", "en.txt"),
                ("text/html", "en.html"),
                ("TEXT/HTML", "en.html"),
                ("text/html, */*;q=0.1", "en.html"),
                ("text/html;q=0.5, text/plain;q=0.6", "en.txt"),
                ("text/html;q=0.5, text/plain;q=0.4", "en.html"),
                ("text/markdown, text/html;q=0.1", "en.html"),
                ("text/plain;q=0, */*", "en.html"),
                ("text/html; charset=utf-8", "en.html"),
                ("application/pdf", "fr.pdf"),
                ("application/*", "fr.pdf"),
                ("", "en.txt"),
                ("nonsense", "en.txt"),
            ] {
                let answer = get(app, path, &[("accept", accept)]).await;
                assert_eq!(answer.text(), text(name), "{accept}");
                is(&answer, name);
            }
            for accept in [
                "image/png",
                "application/json",
                "text/markdown",
                "text/plain;q=0",
                "application/pdf;q=0, text/markdown",
            ] {
                let answer = get(app, path, &[("accept", accept)]).await;
                answer.refuses(406, 78);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn get_terms_takes_the_language_that_is_preferred() {
    on_documents(async |app| {
        for path in PATHS {
            for (languages, name) in [
                ("de", "de.txt"),
                ("DE", "de.txt"),
                ("de-CH", "de.txt"),
                ("de-AT", "de-AT.txt"),
                ("de-AT-vorarl, en;q=0.1", "de-AT.txt"),
                ("en;q=0.4, de;q=0.5", "de.txt"),
                ("fr, de;q=0.3, en;q=0.2", "de.txt"),
                ("fr", "en.txt"),
                ("*", "en.txt"),
                ("*;q=0.5, de", "de.txt"),
                ("en;q=0, *", "de.txt"),
            ] {
                let answer = get(app, path, &[("accept-language", languages)]).await;
                answer.expect(200);
                assert_eq!(answer.text(), text(name), "{languages}");
            }
            // The format is chosen first.
            let headers = [("accept", "text/html"), ("accept-language", "de, fr;q=0.1")];
            let answer = get(app, path, &headers).await;
            is(&answer, "fr.html");
            assert_eq!(answer.header("avail-languages"), Some("en, fr"));
        }
    })
    .await;
}

#[tokio::test]
async fn get_terms_is_304_where_the_client_has_them() {
    on_documents(async |app| {
        let english = etag("en.txt");
        for path in PATHS {
            for condition in [
                english.clone(),
                format!("W/{english}"),
                format!("\"other\", {english}"),
                format!("W/\"other\",W/{english}"),
                "*".to_owned(),
                etag("de-AT.txt"),
                etag("fr.html"),
            ] {
                let answer = get(app, path, &[("if-none-match", &condition)]).await;
                answer.expect(304);
                assert!(answer.body.is_empty());
                assert_eq!(answer.header("etag"), Some(english.as_str()));
                assert!(
                    answer
                        .header("vary")
                        .is_some_and(|vary| vary.contains("Accept-Language"))
                );
            }
            let headers = [
                ("if-none-match", english.as_str()),
                ("accept-language", "de"),
            ];
            get(app, path, &headers).await.expect(304);
            for condition in ["\"other\"", "W/\"other\", \"another\"", "x"] {
                let answer = get(app, path, &[("if-none-match", condition)]).await;
                is(&answer, "en.txt");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn get_terms_are_there_below_an_instance_and_for_head() {
    on_documents(async |app| {
        app.create_admin().await;
        app.shop("coffee").await;
        for path in PATHS {
            is(
                &app.get(&format!("/instances/coffee{path}")).send().await,
                "en.txt",
            );
            let whole = app.get(path).send().await;
            let head = app.call("HEAD", path).send().await;
            head.expect(200);
            assert!(head.body.is_empty());
            for name in [
                "etag",
                "content-type",
                "taler-terms-version",
                "avail-languages",
                "vary",
            ] {
                assert_eq!(head.header(name), whole.header(name), "{name}");
            }
            let condition = etag("en.txt");
            let head = app.call("HEAD", path).header("if-none-match", &condition);
            head.send().await.expect(304);
        }
    })
    .await;
}
