//! What a browser is answered: pages, with the statuses that programs get.

use std::time::Duration;

use serde_json::Value;

use super::support::{EMAIL, Scene, code_of, on_challenger};
use crate::support::Answer;

async fn page(scene: &Scene<'_>, path: &str) -> Answer {
    scene.get(path).browser().send().await
}

async fn submit(scene: &Scene<'_>, path: &str, field: (&str, &str)) -> Answer {
    scene.post(path).form(&[field]).browser().send().await
}

#[track_caller]
fn is_page(answer: &Answer, status: u16, heading: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    assert!(answer.is_page());
    let text = answer.text();
    assert!(text.contains(heading), "{heading}: {text}");
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(!text.contains("<script"));
    for name in ["content-language", "x-robots-tag", "vary"] {
        assert!(answer.header(name).is_some(), "{name}");
    }
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
}

#[tokio::test]
async fn a_person_is_led_through() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        let (ui, challenge, solve) = (
            format!("/ui/{nonce}"),
            format!("/challenge/{nonce}"),
            format!("/solve/{nonce}"),
        );
        let address = ("CONTACT_EMAIL", EMAIL);
        let form = page(scene, &ui).await;
        is_page(&form, 200, &format!("{}-{}", &nonce[..4], &nonce[4..8]));
        assert!(form.text().contains(&format!(
            "action=\"https://addresses.test/check/challenge/{nonce}\""
        )));
        assert!(
            form.header("content-security-policy")
                .expect("one")
                .contains("form-action 'self'")
        );

        let wrong = submit(scene, &challenge, ("CONTACT_EMAIL", "ada<b>")).await;
        is_page(&wrong, 400, "value=\"ada&#60;b&#62;\"");
        assert_eq!(wrong.code(), Some(26));
        let empty = submit(scene, &challenge, ("CONTACT_EMAIL", "")).await;
        is_page(&empty, 400, "aria-invalid");

        let code = submit(scene, &challenge, address).await;
        is_page(&code, 200, "autocomplete=\"one-time-code\"");
        assert!(
            !code
                .header("content-security-policy")
                .expect("one")
                .contains("form-action")
        );
        is_page(
            &page(scene, &ui).await,
            200,
            "autocomplete=\"one-time-code\"",
        );
        is_page(
            &page(scene, &format!("{ui}?step=code")).await,
            200,
            "autocomplete=\"one-time-code\"",
        );
        let change = page(scene, &format!("{ui}?step=address")).await;
        is_page(&change, 200, &format!("value=\"{EMAIL}\""));
        let again = submit(scene, &challenge, address).await;
        is_page(&again, 200, "autocomplete=\"one-time-code\"");

        let wrong = submit(scene, &solve, ("pin", "x")).await;
        is_page(&wrong, 400, "autocomplete=\"one-time-code\"");
        assert_eq!(wrong.code(), Some(26));
        for _ in 0..3 {
            let wrong = submit(scene, &solve, ("pin", &scene.wrong_pin())).await;
            is_page(&wrong, 403, "role=\"alert\"");
        }
        let over = submit(scene, &solve, ("pin", &scene.pin())).await;
        is_page(&over, 429, "role=\"alert\"");
        assert_eq!(over.code(), Some(9766));
        assert!(over.header("retry-after").is_some());

        scene.app.clock.advance(Duration::from_secs(30));
        is_page(
            &submit(scene, &challenge, address).await,
            200,
            "one-time-code",
        );
        let done = submit(scene, &solve, ("pin", &scene.pin())).await;
        done.expect(302);
        let url = done.header("location").expect("a location").to_owned();
        is_page(&page(scene, &ui).await, 200, "client.test");
        is_page(
            &submit(scene, &challenge, address).await,
            200,
            "client.test",
        );
        let code = code_of(&url);
        scene.redeem(&scene.token_request(&code)).await.expect(200);
        let after = page(scene, &ui).await;
        is_page(&after, 200, EMAIL);
        assert!(!after.text().contains("client.test"));
        for (path, field) in [(&challenge, address), (&solve, ("pin", "12345678"))] {
            let after = submit(scene, path, field).await;
            is_page(&after, 404, EMAIL);
            assert_eq!(after.code(), Some(9755));
            assert!(!after.text().contains("client.test"));
        }
    })
    .await;
}

#[tokio::test]
async fn the_limits_have_pages() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        let challenge = format!("/challenge/{nonce}");
        let give = async |address| submit(scene, &challenge, ("CONTACT_EMAIL", address)).await;
        let solved = submit(scene, &format!("/solve/{nonce}"), ("pin", "12345678")).await;
        is_page(&solved, 409, "role=\"alert\"");
        for address in ["a@example.com", "b@example.com", "c@example.com"] {
            is_page(&give(address).await, 200, "one-time-code");
        }
        let refused = give("d@example.com").await;
        is_page(&refused, 429, "role=\"alert\"");
        assert_eq!(refused.code(), Some(9764));
        for _ in 0..2 {
            scene.app.clock.advance(Duration::from_secs(30));
            is_page(&give("c@example.com").await, 200, "one-time-code");
        }
        scene.app.clock.advance(Duration::from_secs(30));
        let refused = give("c@example.com").await;
        is_page(&refused, 429, "role=\"alert\"");
        assert_eq!(refused.code(), Some(9765));
        for _ in 0..3 {
            submit(
                scene,
                &format!("/solve/{nonce}"),
                ("pin", &scene.wrong_pin()),
            )
            .await;
        }
        for path in [format!("/solve/{nonce}"), challenge.clone()] {
            let refused = submit(scene, &path, ("pin", "12345678")).await;
            is_page(&refused, 410, "<h1");
        }
    })
    .await;
}

#[tokio::test]
async fn dead_ends_are_pages_in_three_languages() {
    on_challenger(async |scene| {
        let unknown = format!("/ui/{}", "0".repeat(52));
        for language in ["en", "de", "fr"] {
            let answer = scene
                .get(&unknown)
                .browser()
                .header("accept-language", &format!("{language}-CH, x;q=0.1"))
                .send()
                .await;
            is_page(&answer, 404, &format!("<html lang=\"{language}\""));
            assert_eq!(answer.header("content-language"), Some(language));
        }
        let nonce = scene.begun().await;
        for (method, path, status) in [
            ("GET", "/nowhere".to_owned(), 404),
            ("GET", format!("/challenge/{nonce}"), 405),
            ("GET", format!("/solve/{nonce}"), 405),
            ("GET", format!("/ui/{nonce}?step=x"), 400),
            ("GET", format!("/ui/{nonce}?step=code&step=code"), 400),
            ("GET", "/?x&x".to_owned(), 400),
        ] {
            let answer = scene.app.challenger(method, &path).browser().send().await;
            is_page(&answer, status, "<h1");
        }
        let wrong = scene.post(&format!("/challenge/{nonce}")).browser();
        let wrong = wrong
            .header("content-type", "text/csv")
            .body("a")
            .send()
            .await;
        is_page(&wrong, 415, "<h1");
        // Programs, and what is for programs, get JSON.
        scene.get("/nowhere").send().await.refuses(404, 21);
        let refused = scene.get("/terms").browser().send().await;
        refused.refuses(501, 76);
        scene
            .post("/setup/1")
            .browser()
            .send()
            .await
            .refuses(400, 25);
    })
    .await;
}

#[tokio::test]
async fn the_root_says_what_this_is() {
    on_challenger(async |scene| {
        is_page(&page(scene, "/").await, 200, "<h1");
        is_page(&scene.get("/").send().await, 200, "<h1");
    })
    .await;
}

#[tokio::test]
async fn faults_are_pages_that_show_nothing_of_them() {
    on_challenger(async |scene| {
        let nonce = scene.nonce(&Value::Null).await;
        scene.app.app.database.close().await;
        let answer = page(scene, &format!("/ui/{nonce}")).await;
        is_page(&answer, 500, "<h1");
        assert!(!answer.text().contains("pool"));
    })
    .await;
}
