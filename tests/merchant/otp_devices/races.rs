//! What happens at the same time.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{change, create, delete, device, get, list, with};
use crate::support::{Answer, TestApp, on_app, repetitions};

fn count(answers: &[Answer], status: u16) -> usize {
    let same = |answer: &&Answer| answer.status.as_u16() == status;
    answers.iter().filter(same).count()
}

async fn create_all(app: &TestApp, token: &str, bodies: &[Value]) -> Vec<Answer> {
    join_all(bodies.iter().map(|body| create(app, token, body))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_otp_device_at_once_with_different_values_lets_one_win() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        for round in 0..repetitions() {
            let id = format!("till-{round}");
            let body = |number| {
                let description = format!("Device {number}");
                with(
                    device(&id),
                    &json!({ "otp_device_description": description }),
                )
            };
            let bodies: Vec<_> = (0..12).map(body).collect();
            let answers = create_all(app, &shop, &bodies).await;
            assert_eq!((count(&answers, 204), count(&answers, 409)), (1, 11));
            let winner = answers.iter().position(|answer| answer.status == 204);
            let winner = &bodies[winner.expect("one of them")];
            let shown = get(app, &shop, &id).await.expect(200);
            assert_eq!(
                shown["device_description"],
                winner["otp_device_description"]
            );
            create(app, &shop, winner).await.expect(204);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_otp_device_at_once_with_the_same_values_makes_one() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        for round in 0..repetitions() {
            let bodies = vec![device(&format!("till-{round}")); 12];
            let answers = create_all(app, &shop, &bodies).await;
            assert_eq!(count(&answers, 204), 12);
            let devices = list(app, &shop).await;
            assert_eq!(devices.as_array().map(Vec::len), Some(round + 1));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_change_and_delete_otp_device_at_once_is_no_fault() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let patch = json!({ "otp_device_description": "New", "otp_algorithm": 2 });
        for _ in 0..repetitions() {
            let calls = (0..6).map(|_| async {
                let body = device("till");
                let made = create(app, &shop, &body).await;
                let (changed, deleted) = tokio::join!(
                    change(app, &shop, "till", &patch),
                    delete(app, &shop, "till")
                );
                [made, changed, deleted]
            });
            let answers: Vec<_> = join_all(calls).await.into_iter().flatten().collect();
            let good = |answer: &Answer| [204, 404, 409].contains(&answer.status.as_u16());
            assert!(answers.iter().all(good), "{answers:?}");
            let deleted = delete(app, &shop, "till").await;
            assert!([204, 404].contains(&deleted.status.as_u16()));
            assert_eq!(list(app, &shop).await, json!([]));
        }
    })
    .await;
}
