//! How many codes are sent in a day, and how many challenges are open.

use std::time::Duration;

use entity::challenge::Channel;
use kontor::config::Settings;
use serde_json::json;

use super::{
    Codes, EMAIL, OWN, PHONE, code, confirm, confirmed, id, local_token, login,
    on_adjusted_app_with_codes, on_app_with_codes, send, set_contacts, shop, shop_with_factors,
    solve, with_ids, wrong,
};
use crate::support::{Answer, Call, TestApp};

const PAUSE: Duration = Duration::from_secs(30);
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Begins a request three times: whichever of them a code is for, it counts.
async fn begun<'a>(call: impl Fn() -> Call<'a>) -> Vec<String> {
    let mut begun = Vec::new();
    for _ in 0..3 {
        begun.push(id(&call().send().await));
    }
    begun
}

/// Asks for the codes of these challenges, one after the other, until no more are sent, and says how many were.
async fn send_all(app: &TestApp, begun: &[String]) -> (usize, Answer) {
    let mut sent = 0;
    loop {
        let answer = send(app, &begun[sent % begun.len()]).await;
        if answer.status != 200 {
            answer.refuses(429, 2130);
            return (sent, answer);
        }
        sent += 1;
        app.clock.advance(PAUSE);
    }
}

/// Uses up the codes of a day that the logins of an instance have.
async fn use_up_logins(app: &TestApp, instance: &str) -> Answer {
    let begun = begun(|| login(app, instance)).await;
    let (sent, refused) = send_all(app, &begun).await;
    assert_eq!(sent, 24);
    refused
}

fn retry_after(answer: &Answer) -> u64 {
    let seconds = answer.header("retry-after").expect("a time");
    seconds.parse().expect("seconds")
}

fn delete<'a>(app: &'a TestApp, token: &str) -> Call<'a> {
    app.delete(OWN).bearer(token)
}

fn validate<'a>(app: &'a TestApp, instance: &str, channel: &str, token: &str) -> Call<'a> {
    let path = format!("/instances/{instance}/auth-channels/{channel}/validate");
    app.call("POST", &path).bearer(token)
}

#[tokio::test]
async fn twenty_four_codes_a_day_are_sent_for_logins() {
    on_app_with_codes(async |app, _| {
        shop(app).await;
        let refused = use_up_logins(app, "shop").await;
        let of_first = DAY_SECONDS - 24 * PAUSE.as_secs();
        assert_eq!(retry_after(&refused), of_first);
        let answer = login(app, "shop").send().await;
        let refused = answer.refuses(403, 2131);
        assert_eq!(retry_after(&answer), of_first);
        assert!(
            refused["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains(&of_first.to_string()))
        );
    })
    .await;
}

#[tokio::test]
async fn the_day_moves_on_with_the_clock() {
    on_app_with_codes(async |app, _| {
        shop(app).await;
        let refused = use_up_logins(app, "shop").await;
        app.clock
            .advance(Duration::from_secs(retry_after(&refused) - 1));
        login(app, "shop").send().await.refuses(403, 2131);
        app.clock.advance(Duration::from_secs(1));
        let id = id(&login(app, "shop").send().await);
        // One code has become old, and thirty seconds later the next does.
        send(app, &id).await.expect(200);
        let refused = send(app, &id).await;
        assert_eq!(retry_after(&refused), 30);
        login(app, "shop").send().await.refuses(403, 2131);
        app.clock.advance(PAUSE);
        send(app, &id).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn logins_and_calls_with_a_bearer_and_other_instances_count_apart() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        shop_with_factors(app, "other", &[Channel::Email]).await;
        use_up_logins(app, "shop").await;
        let of_bearer = begun(|| delete(app, &token)).await;
        let (sent, _) = send_all(app, &of_bearer).await;
        assert_eq!(sent, 24);
        delete(app, &token).send().await.refuses(403, 2131);
        login(app, "shop").send().await.refuses(403, 2131);
        // The other one has the same address, proven for itself.
        confirmed(app, codes, || login(app, "other"))
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn both_factors_count_together() {
    on_app_with_codes(async |app, _| {
        shop_with_factors(app, "shop", &[Channel::Email, Channel::Sms]).await;
        let mut ids = super::ids(&login(app, "shop").send().await);
        ids.extend(super::ids(&login(app, "shop").send().await));
        for _ in 0..6 {
            for id in &ids {
                send(app, id).await.expect(200);
            }
            app.clock.advance(PAUSE);
        }
        for id in &ids {
            send(app, id).await.refuses(429, 2130);
        }
        login(app, "shop").send().await.refuses(403, 2131);
    })
    .await;
}

#[tokio::test]
async fn codes_that_were_right_do_not_count() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        for _ in 0..30 {
            confirmed(app, codes, || login(app, "shop"))
                .await
                .expect(200);
            let unused = id(&delete(app, &token).send().await);
            solve(app, codes, &unused).await;
            let change = || super::change_auth(app, OWN, crate::support::PASSWORD, &token);
            confirmed(app, codes, change).await.expect(204);
        }
    })
    .await;
}

#[tokio::test]
async fn wrong_codes_and_those_that_were_overtaken_count() {
    let three = |settings: &mut Settings| settings.tan.daily_limit = 3;
    on_adjusted_app_with_codes(three, async |app, codes| {
        shop(app).await;
        let id = id(&login(app, "shop").send().await);
        let first = code(app, codes, &id).await;
        for _ in 0..3 {
            confirm(app, &id, &wrong(&first)).await.expect(409);
        }
        app.clock.advance(PAUSE);
        send(app, &id).await.expect(200);
        app.clock.advance(PAUSE);
        solve(app, codes, &id).await;
        with_ids(login(app, "shop"), &[id]).send().await.expect(200);
        let next = super::id(&login(app, "shop").send().await);
        let (sent, _) = send_all(app, &[next]).await;
        assert_eq!(sent, 1);
    })
    .await;
}

#[tokio::test]
async fn codes_count_after_their_challenge_is_gone() {
    on_app_with_codes(async |app, _| {
        let token = shop(app).await;
        let one = id(&delete(app, &token).send().await);
        send(app, &one).await.expect(200);
        // The challenge ends with the hour, and the row with the next 202.
        app.clock.advance(Duration::from_secs(3600));
        let next = begun(|| delete(app, &token)).await;
        send(app, &one).await.refuses(404, 2126);
        assert_eq!(send_all(app, &next).await.0, 23);
    })
    .await;
}

#[tokio::test]
async fn a_request_that_was_confirmed_is_never_refused() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let of_login = id(&login(app, "shop").send().await);
        solve(app, codes, &of_login).await;
        let of_delete = id(&delete(app, &token).send().await);
        solve(app, codes, &of_delete).await;
        use_up_logins(app, "shop").await;
        send_all(app, &begun(|| delete(app, &token)).await).await;
        with_ids(login(app, "shop"), &[of_login])
            .send()
            .await
            .expect(200);
        with_ids(delete(app, &token), &[of_delete])
            .send()
            .await
            .expect(204);
    })
    .await;
}

#[tokio::test]
async fn a_code_that_is_out_can_be_tried_when_no_more_are_sent() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let begun = begun(|| login(app, "shop")).await;
        assert_eq!(send_all(app, &begun).await.0, 24);
        let last = &begun[2..];
        confirm(app, &last[0], &codes.last("email"))
            .await
            .expect(204);
        with_ids(login(app, "shop"), last).send().await.expect(200);
        // It was right, so that there is one more again.
        let next = id(&login(app, "shop").send().await);
        assert_eq!(send_all(app, &[next]).await.0, 1);
    })
    .await;
}

#[tokio::test]
async fn a_contact_counts_for_its_number_wherever_it_is_stated() {
    on_app_with_codes(async |app, codes| {
        let (one, other) = (app.shop("one").await, app.shop("other").await);
        shop_with_factors(app, "owner", &[Channel::Sms]).await;
        for (instance, number) in [("one", PHONE), ("other", "+41 79 123 45 67")] {
            set_contacts(app, instance, &json!({ "phone_number": number })).await;
        }
        let begun = begun(|| validate(app, "one", "sms", &one)).await;
        assert_eq!(send_all(app, &begun).await.0, 24);
        validate(app, "other", "sms", &other)
            .send()
            .await
            .refuses(403, 2131);
        // Whoever proved the number is not locked out by those who only state it.
        confirmed(app, codes, || login(app, "owner"))
            .await
            .expect(200);
        // Another number is another one.
        set_contacts(app, "other", &json!({ "phone_number": "+41790000000" })).await;
        confirmed(app, codes, || validate(app, "other", "sms", &other))
            .await
            .expect(204);
    })
    .await;
}

async fn reset(app: &TestApp, codes: &Codes) {
    let auth = json!({ "method": "token", "password": crate::support::PASSWORD });
    let reset = || app.post("/instances/shop/forgot-password", &auth);
    confirmed(app, codes, reset).await.expect(204);
}

#[tokio::test]
async fn a_reset_gives_logins_and_bearers_their_numbers_back() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        use_up_logins(app, "shop").await;
        send_all(app, &begun(|| delete(app, &token)).await).await;
        reset(app, codes).await;
        use_up_logins(app, "shop").await;
        let token = local_token(app, "shop").await;
        let of_bearer = begun(|| delete(app, &token)).await;
        assert_eq!(send_all(app, &of_bearer).await.0, 24);
    })
    .await;
}

#[tokio::test]
async fn an_operators_change_gives_no_numbers_back() {
    on_app_with_codes(async |app, _| {
        shop(app).await;
        use_up_logins(app, "shop").await;
        let admin = local_token(app, "admin").await;
        let password = crate::support::PASSWORD;
        let change = super::change_auth(app, "/management/instances/shop", password, &admin);
        change.send().await.expect(204);
        login(app, "shop").send().await.refuses(403, 2131);
    })
    .await;
}

#[tokio::test]
async fn of_more_than_sixteen_challenges_the_oldest_that_was_not_used_gives_way() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let used = id(&login(app, "shop").send().await);
        send(app, &used).await.expect(200);
        let mut open = Vec::new();
        for _ in 0..15 {
            open.push(id(&login(app, "shop").send().await));
        }
        let of_bearer = id(&delete(app, &token).send().await);
        for _ in 0..2 {
            open.push(id(&login(app, "shop").send().await));
        }
        for gone in &open[..2] {
            send(app, gone).await.refuses(404, 2126);
        }
        for id in [&used, &of_bearer, &open[2], &open[16]] {
            app.clock.advance(PAUSE);
            solve(app, codes, id).await;
        }
    })
    .await;
}

#[tokio::test]
async fn beside_sixteen_challenges_with_codes_no_other_gets_one() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let mut open = Vec::new();
        for _ in 0..17 {
            open.push(id(&login(app, "shop").send().await));
            if open.len() <= 16 {
                send(app, open.last().expect("one")).await.expect(200);
            }
            app.clock.advance(Duration::from_secs(60));
        }
        let refused = send(app, &open[16]).await;
        refused.refuses(429, 2130);
        // Until the first of them ends.
        let wait = retry_after(&refused);
        assert_eq!(wait, 3600 - 17 * 60);
        // They themselves get further codes, and calls of another kind have places of their own.
        solve(app, codes, &open[0]).await;
        solve(app, codes, &id(&delete(app, &token).send().await)).await;
        app.clock.advance(Duration::from_secs(wait));
        solve(app, codes, &open[16]).await;
        with_ids(login(app, "shop"), &open[16..])
            .send()
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_place_is_free_when_a_challenge_was_used() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let mut open = Vec::new();
        for _ in 0..16 {
            open.push(id(&login(app, "shop").send().await));
            send(app, open.last().expect("one")).await.expect(200);
        }
        let next = id(&login(app, "shop").send().await);
        send(app, &next).await.refuses(429, 2130);
        app.clock.advance(PAUSE);
        solve(app, codes, &open[3]).await;
        with_ids(login(app, "shop"), &open[3..4])
            .send()
            .await
            .expect(200);
        send(app, &next).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn what_is_refused_at_the_operation_leaves_no_trace() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        use_up_logins(app, "shop").await;
        let rows = async || {
            use sea_orm::EntityTrait as _;
            let rows = entity::challenge::Entity::find()
                .all(app.app.database.read())
                .await;
            rows.expect("rows").len()
        };
        let before = rows().await;
        for _ in 0..20 {
            login(app, "shop").send().await.refuses(403, 2131);
        }
        assert_eq!(rows().await, before);
        assert_eq!(codes.messages().len(), 24);
        assert!(
            codes
                .messages()
                .iter()
                .all(|message| message["address"] == EMAIL)
        );
    })
    .await;
}
