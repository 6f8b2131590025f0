//! Codes that are tried.

use std::time::Duration;

use entity::challenge::Channel;
use kontor::config::Settings;
use serde_json::json;

use super::{
    code, confirm, id, ids, login, on_adjusted_app_with_codes, on_app_with_codes, send, shop,
    shop_with_factors, with_ids, wrong,
};
use crate::support::{Answer, TestApp};

/// Fails unless the code was wrong and so many attempts are left.
#[track_caller]
fn leaves(answer: &Answer, attempts: u64) {
    let refusal = answer.refuses(409, 2125);
    assert_eq!(refusal["retry_counter"], attempts);
}

/// Fails unless there is nothing to be guessed, and the answer says when there may be.
#[track_caller]
fn is_used_up(answer: &Answer, seconds: u64) {
    answer.refuses(429, 2127);
    assert_eq!(answer.header("retry-after"), Some(&*seconds.to_string()));
}

async fn challenge(app: &TestApp) -> String {
    id(&login(app, "shop").send().await)
}

#[tokio::test]
async fn three_wrong_codes_use_up_the_right_one() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let id = challenge(app).await;
        let right = code(app, codes, &id).await;
        for left in [2, 1, 0] {
            leaves(&confirm(app, &id, &wrong(&right)).await, left);
        }
        app.clock.advance(Duration::from_secs(10));
        is_used_up(&confirm(app, &id, &wrong(&right)).await, 20);
        is_used_up(&confirm(app, &id, &right).await, 20);
        app.clock.advance(Duration::from_secs(20));
        is_used_up(&confirm(app, &id, &right).await, 1);
        let next = code(app, codes, &id).await;
        leaves(&confirm(app, &id, &right).await, 2);
        confirm(app, &id, &next).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn a_right_code_after_wrong_ones_is_right() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        for mistakes in 0..3 {
            let id = challenge(app).await;
            let right = code(app, codes, &id).await;
            for _ in 0..mistakes {
                confirm(app, &id, &wrong(&right)).await.expect(409);
            }
            confirm(app, &id, &right).await.expect(204);
            with_ids(login(app, "shop"), &[id]).send().await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn without_a_code_there_is_nothing_to_guess() {
    on_app_with_codes(async |app, _| {
        shop(app).await;
        let id = challenge(app).await;
        is_used_up(&confirm(app, &id, "1234-5678").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_code_lives_five_minutes() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let (good, late) = (challenge(app).await, challenge(app).await);
        let code_of_good = code(app, codes, &good).await;
        let code_of_late = code(app, codes, &late).await;
        confirm(app, &late, &wrong(&code_of_late)).await.expect(409);
        app.clock.advance(Duration::from_secs(299));
        confirm(app, &good, &code_of_good).await.expect(204);
        app.clock.advance(Duration::from_secs(1));
        for tan in [&code_of_late, &wrong(&code_of_late)] {
            for _ in 0..4 {
                leaves(&confirm(app, &late, tan).await, 0);
            }
        }
        let next = code(app, codes, &late).await;
        leaves(&confirm(app, &late, &code_of_late).await, 2);
        confirm(app, &late, &next).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn a_channel_may_give_its_codes_another_life() {
    let longer = |settings: &mut Settings| {
        settings.tan.sms.lifetime = Some(Duration::from_secs(600));
    };
    on_adjusted_app_with_codes(longer, async |app, codes| {
        shop_with_factors(app, "shop", &[Channel::Email, Channel::Sms]).await;
        let ids = ids(&login(app, "shop").send().await);
        let by_mail = code(app, codes, &ids[0]).await;
        let by_phone = code(app, codes, &ids[1]).await;
        app.clock.advance(Duration::from_secs(599));
        leaves(&confirm(app, &ids[0], &by_mail).await, 0);
        confirm(app, &ids[1], &by_phone).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn a_code_may_be_written_with_or_without_the_hyphen() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        for form in 0..3 {
            let id = challenge(app).await;
            let printed = code(app, codes, &id).await;
            assert!(
                printed.len() == 9 && printed.as_bytes()[4] == b'-',
                "{printed}"
            );
            let written = match form {
                0 => printed,
                1 => printed.replace('-', ""),
                _ => format!(" {printed}\n"),
            };
            confirm(app, &id, &written).await.expect(204);
        }
    })
    .await;
}

#[tokio::test]
async fn any_text_is_a_guess() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let texts = ["", "abc", "１２３４-５６７８", "-", &"9".repeat(255), "0"];
        for texts in texts.chunks(3) {
            let id = challenge(app).await;
            let right = code(app, codes, &id).await;
            for (text, left) in texts.iter().zip([2, 1, 0]) {
                leaves(&confirm(app, &id, text).await, left);
            }
            confirm(app, &id, &right).await.refuses(429, 2127);
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_text_is_no_guess() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let id = challenge(app).await;
        let right = code(app, codes, &id).await;
        let path = format!("/challenge/{id}/confirm");
        for body in [
            json!({}),
            json!({ "tan": 12345678 }),
            json!({ "tan": null }),
            json!([]),
        ] {
            for _ in 0..4 {
                assert_eq!(app.post(&path, &body).send().await.status, 400);
            }
        }
        confirm(app, &id, &right).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn a_challenge_is_solved_once() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let id = challenge(app).await;
        let right = code(app, codes, &id).await;
        confirm(app, &id, &right).await.expect(204);
        for tan in [&right, &wrong(&right)] {
            confirm(app, &id, tan).await.refuses(410, 2129);
        }
        with_ids(login(app, "shop"), &[&id])
            .send()
            .await
            .expect(200);
        confirm(app, &id, &right).await.refuses(404, 2126);
    })
    .await;
}

#[tokio::test]
async fn the_code_of_one_challenge_is_wrong_for_another() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let (one, other) = (challenge(app).await, challenge(app).await);
        let code_of_one = code(app, codes, &one).await;
        send(app, &other).await.expect(200);
        leaves(&confirm(app, &other, &code_of_one).await, 2);
        confirm(app, &one, &code_of_one).await.expect(204);
    })
    .await;
}
