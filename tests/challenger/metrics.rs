//! What is counted.

use futures_util::future::join_all;
use serde_json::Value;

use super::support::{EMAIL, Scene, on_challenger_with};

/// How often somebody was refused for each reason, and what went well.
fn counted(scene: &Scene<'_>) -> Vec<String> {
    let metrics = kontor::server::metrics(&scene.app.app).render();
    let counters = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("kontor_challenger_"))
        .filter(|line| !line.ends_with(" 0"));
    let mut counters: Vec<String> = counters.map(str::to_owned).collect();
    counters.sort();
    counters
}

#[tokio::test]
async fn every_refusal_is_counted_by_its_reason() {
    let adjust = |settings: &mut kontor::config::Settings| {
        settings.challenger.address_changes = 1;
        settings.challenger.transmissions = 1;
        settings.tan.guesses = 1;
    };
    on_challenger_with(adjust, async |scene| {
        let code = scene.code().await;
        let stranger = scene.post(&format!("/setup/{}", scene.client.id));
        stranger
            .bearer("secret-token:of-somebody-else")
            .send()
            .await
            .refuses(404, 9750);
        let mut request = scene.token_request(&code);
        for parameter in &mut request {
            if parameter.0 == "client_secret" {
                parameter.1 = "secret-token:of-somebody-else";
            }
        }
        scene.redeem(&request).await.refuses(401, 9767);
        scene.redeem(&scene.token_request(&code)).await.expect(200);
        scene
            .redeem(&scene.token_request(&code))
            .await
            .refuses(400, 9753);

        let nonce = scene.begun().await;
        scene.give(&nonce, EMAIL).await.expect(200);
        scene
            .give(&nonce, "eve@example.com")
            .await
            .refuses(429, 9764);
        scene.give(&nonce, EMAIL).await.refuses(429, 9765);
        scene.solve(&nonce, &scene.wrong_pin()).await.expect(403);
        for _ in 0..2 {
            scene.solve(&nonce, &scene.pin()).await.refuses(410, 9772);
        }
        assert_eq!(
            counted(scene),
            [
                "refusals_total{reason=\"client\"} 2",
                "refusals_total{reason=\"code\"} 1",
                "refusals_total{reason=\"failed\"} 2",
                "refusals_total{reason=\"no_changes\"} 1",
                "refusals_total{reason=\"no_transmissions\"} 1",
                "refusals_total{reason=\"wrong_code\"} 1",
                "setups_total 2",
                "tokens_total 1",
                "validations_total 1",
            ]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_that_is_proven_at_once_by_many_is_counted_once() {
    on_challenger_with(
        |_| {},
        async |scene| {
            let nonce = scene.nonce(&Value::Null).await;
            scene.authorize(&nonce, &[]).await.expect(200);
            scene.give(&nonce, EMAIL).await.expect(200);
            let pin = scene.pin();
            for answer in join_all((0..20).map(|_| scene.solve(&nonce, &pin))).await {
                answer.expect(200);
            }
            assert!(counted(scene).contains(&"validations_total 1".to_owned()));
        },
    )
    .await;
}
