//! How many validations one client has open, and which of them give way.

use std::time::Duration;

use kontor::config::Settings;
use serde_json::Value;

use super::support::{EMAIL, Scene, client, on_challenger_with};

#[tokio::test]
async fn a_client_has_so_many_validations_open() {
    let few = |settings: &mut Settings| settings.challenger.open_validations = 2;
    on_challenger_with(few, async |scene| {
        scene.nonce(&Value::Null).await;
        scene.app.clock.advance(Duration::from_secs(600));
        scene.nonce(&Value::Null).await;
        let refused = scene.setup(&Value::Null).await;
        let told = refused.refuses(429, 9757);
        assert_eq!(told["detail"], "this client has too many open validations");
        assert_eq!(refused.header("retry-after"), Some("3000"));
        // Another client is not concerned.
        let other = Scene {
            client: client(scene.app, "https://other.test/back", false).await,
            ..*scene
        };
        other.nonce(&Value::Null).await;
        // One that has ended makes room, before it is swept away.
        scene.app.clock.advance(Duration::from_secs(3_000));
        scene.nonce(&Value::Null).await;
        let refused = scene.setup(&Value::Null).await;
        refused.refuses(429, 9757);
        assert_eq!(refused.header("retry-after"), Some("600"));
    })
    .await;
}

#[tokio::test]
async fn an_address_that_is_proven_is_no_open_validation() {
    let few = |settings: &mut Settings| {
        settings.challenger.open_validations = 2;
        settings.challenger.token_lifetime = Duration::from_secs(30 * 86_400);
    };
    on_challenger_with(few, async |scene| {
        // Exchanged for tokens that live for a month, and solved without an exchange.
        for _ in 0..2 {
            let code = scene.code().await;
            scene.redeem(&scene.token_request(&code)).await.expect(200);
        }
        scene.code().await;
        for _ in 0..2 {
            scene.nonce(&Value::Null).await;
        }
        scene.setup(&Value::Null).await.refuses(429, 9757);
    })
    .await;
}

#[tokio::test]
async fn what_nobody_had_a_code_sent_for_gives_way_after_an_hour() {
    let letters = |settings: &mut Settings| {
        settings.challenger.open_validations = 2;
        settings.challenger.validation_duration = Duration::from_secs(40 * 86_400);
    };
    on_challenger_with(letters, async |scene| {
        let waiting = scene.begun().await;
        scene.give(&waiting, EMAIL).await.expect(200);
        let forgotten = scene.begun().await;
        let refused = scene.setup(&Value::Null).await;
        refused.refuses(429, 9757);
        assert_eq!(refused.header("retry-after"), Some("3600"));
        // As long as nobody needs its place, it stays.
        scene.app.clock.advance(Duration::from_secs(3_600));
        scene
            .authorize(&forgotten, &[("state", "a b&c")])
            .await
            .expect(200);
        let new = scene.begun().await;
        scene.give(&forgotten, EMAIL).await.refuses(404, 9755);
        scene.give(&new, "grace@example.com").await.expect(200);
        // Whose code is on its way keeps its place until its time is over.
        scene.app.clock.advance(Duration::from_secs(3_600));
        let refused = scene.setup(&Value::Null).await;
        refused.refuses(429, 9757);
        let left = 40 * 86_400 - 2 * 3_600;
        assert_eq!(refused.header("retry-after"), Some(&*left.to_string()));
        scene.give(&waiting, EMAIL).await.expect(200);
        scene.solve(&waiting, &scene.pin()).await.expect(200);
        scene.nonce(&Value::Null).await;
    })
    .await;
}
