//! The log, in which nobody finds what would let them go on in somebody's place, or who somebody is.

use super::support::{EMAIL, code_of, on_challenger};
use crate::http::support::Events;

#[tokio::test]
async fn the_log_tells_of_requests_and_not_of_people() {
    on_challenger(async |scene| {
        let events = Events::collect();
        let nonce = scene.begun().await;
        scene.give(&nonce, "no address").await.refuses(400, 26);
        scene.give(&nonce, EMAIL).await.expect(200);
        let pin = scene.pin();
        let wrong = scene.wrong_pin();
        scene.solve(&nonce, &wrong).await.refuses(403, 9758);
        let solved = scene.solve(&nonce, &pin).await.expect(200);
        let code = code_of(solved["redirect_url"].as_str().expect("a URL"));
        for path in [
            format!("/challenge/{nonce}"),
            format!("/solve/{nonce}/"),
            format!("/ui/{nonce}/nowhere"),
            format!("//ui/{nonce}"),
        ] {
            let answer = scene.get(&path).browser().send().await;
            assert!(answer.status.is_client_error(), "{path}");
        }
        scene
            .get(&format!("/ui/{nonce}"))
            .browser()
            .send()
            .await
            .expect(200);
        let mut wrong_request = scene.token_request(&code);
        wrong_request.push((
            "code_verifier",
            "a verifier that nobody asked for, long enough to be one",
        ));
        scene.redeem(&wrong_request).await.refuses(400, 9754);
        let token = scene.token(&code).await;
        scene.info(&token).await.expect(200);

        let log = events.text();
        for line in [
            "setUpValidation",
            "startValidation",
            "requestCode",
            "solveValidation",
            "redeemCode",
        ] {
            assert!(log.contains(line), "{line}: {log}");
        }
        let digits = pin.replace('-', "");
        let secret = scene.client.secret.trim_start_matches("secret-token:");
        for hidden in [
            &nonce,
            EMAIL,
            "no address",
            &pin,
            &digits,
            &wrong,
            &code,
            &token,
            secret,
            "a verifier",
            "a b&c",
            "a+b",
        ] {
            assert!(!log.contains(hidden), "{hidden}: {log}");
        }
    })
    .await;
}
