//! A validation goes on after the server was lost and a backup restored elsewhere.

use super::support::{EMAIL, code_of, email, on_challenger};

#[tokio::test]
async fn people_and_clients_go_on_where_they_were() {
    on_challenger(async |scene| {
        let nonce = scene.begun().await;
        scene.give(&nonce, EMAIL).await.expect(200);
        let unredeemed = scene.code().await;
        let redeemed = scene.code().await;
        let token = scene.token(&redeemed).await;
        let first = scene.sent()[0]["tan"].clone();

        scene
            .app
            .restored(async |restored| {
                let scene = scene.on(restored);
                let solved = scene.solve(&nonce, first.as_str().expect("a code")).await;
                let solved = solved.expect(200);
                let code = code_of(solved["redirect_url"].as_str().expect("a URL"));
                for code in [&code, &unredeemed] {
                    scene.redeem(&scene.token_request(code)).await.expect(200);
                }
                let info = scene.info(&token).await.expect(200);
                assert_eq!(info["address"], email(EMAIL));
                scene.nonce(&serde_json::Value::Null).await;
            })
            .await;
    })
    .await;
}
