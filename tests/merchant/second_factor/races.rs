//! What happens at the same time. `KONTOR_TEST_REPETITIONS` says how often each test is repeated; `make soak` does so a hundred times.

use std::{collections::HashMap, time::Duration};

use entity::challenge::Channel;
use futures_util::future::join_all;
use kontor::config::Settings;
use serde_json::json;

use super::{
    Codes, EMAIL, OWN, change_auth, code, confirm, id, local_token, login,
    on_adjusted_app_with_codes, send, set_factor, solve, with_ids, wrong,
};
use crate::support::{Answer, Call, PASSWORD, TestApp, instance, repetitions};

/// How many do so at once.
const MANY: usize = 50;
/// So that no limit of a day is met by the repetitions.
const DAY: Duration = Duration::from_secs(86_400);

/// Repeats a test on one application, a day later each time.
async fn repeated(test: impl AsyncFn(&TestApp, &Codes, usize)) {
    let wide = |settings: &mut Settings| {
        settings.limits.request_timeout = Duration::from_secs(120);
    };
    on_adjusted_app_with_codes(wide, async |app, codes| {
        for repetition in 0..repetitions() {
            test(app, codes, repetition).await;
            app.clock.advance(DAY);
        }
    })
    .await;
}

/// The instance of all repetitions, with a factor for mail; returns a token that never ends.
async fn shop(app: &TestApp, repetition: usize) -> String {
    if repetition == 0 {
        new_shop(app, "shop").await
    } else {
        local_token(app, "shop").await
    }
}

/// Another instance with a factor for mail.
async fn new_shop(app: &TestApp, id: &str) -> String {
    let admin = local_token(app, "admin").await;
    let create = app.post("/management/instances", &instance(id));
    create.bearer(&admin).send().await.expect(204);
    set_factor(app, id, Channel::Email, EMAIL).await;
    local_token(app, id).await
}

/// The same many times at once, each from an address of its own, so that no limit of one address is met.
async fn at_once<'a>(request: impl Fn() -> Call<'a>) -> Vec<Answer> {
    let requests = (0..MANY).map(|number| request().from(&format!("192.0.2.{number}")).send());
    join_all(requests).await
}

/// How often each status with its code was answered.
fn outcomes(answers: &[Answer]) -> HashMap<(u16, u16), usize> {
    let mut outcomes = HashMap::new();
    for answer in answers {
        let outcome = (answer.status.as_u16(), answer.code().unwrap_or_default());
        *outcomes.entry(outcome).or_default() += 1;
    }
    outcomes
}

/// Fails unless one took effect with this status, and the others were asked for new challenges.
#[track_caller]
fn one_wins(answers: &[Answer], status: u16, used: &str) {
    let expected = HashMap::from([((status, 0), 1), ((202, 0), MANY - 1)]);
    assert_eq!(outcomes(answers), expected);
    let mut fresh: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 202)
        .map(id)
        .collect();
    assert!(!fresh.iter().any(|id| id == used));
    fresh.sort();
    fresh.dedup();
    assert_eq!(fresh.len(), MANY - 1, "ids are shared between callers");
}

fn confirmation<'a>(app: &'a TestApp, id: &str, tan: &str) -> Call<'a> {
    app.post(&format!("/challenge/{id}/confirm"), &json!({ "tan": tan }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_right_codes_at_once_one_solves_the_challenge() {
    repeated(async |app, codes, repetition| {
        shop(app, repetition).await;
        let id = id(&login(app, "shop").send().await);
        let code = code(app, codes, &id).await;
        let answers = at_once(|| confirmation(app, &id, &code)).await;
        let expected = HashMap::from([((204, 0), 1), ((410, 2129), MANY - 1)]);
        assert_eq!(outcomes(&answers), expected);
        with_ids(login(app, "shop"), &[id]).send().await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_wrong_codes_at_once_three_are_looked_at() {
    repeated(async |app, codes, repetition| {
        shop(app, repetition).await;
        let id = id(&login(app, "shop").send().await);
        let code = code(app, codes, &id).await;
        let answers = at_once(|| confirmation(app, &id, &wrong(&code))).await;
        let expected = HashMap::from([((409, 2125), 3), ((429, 2127), MANY - 3)]);
        assert_eq!(outcomes(&answers), expected);
        let looked_at = answers.iter().filter(|answer| answer.status == 409);
        let mut left: Vec<_> = looked_at
            .map(|answer| answer.json()["retry_counter"].as_u64())
            .collect();
        left.sort();
        assert_eq!(left, [Some(0), Some(1), Some(2)]);
        confirm(app, &id, &code).await.refuses(429, 2127);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sendings_at_once_one_sends() {
    repeated(async |app, codes, repetition| {
        shop(app, repetition).await;
        let id = id(&login(app, "shop").send().await);
        let before = codes.messages().len();
        let answers = at_once(|| app.post(&format!("/challenge/{id}"), &json!({}))).await;
        let expected = HashMap::from([((200, 0), 1), ((429, 2130), MANY - 1)]);
        assert_eq!(outcomes(&answers), expected);
        assert_eq!(codes.messages().len(), before + 1);
        confirm(app, &id, &codes.last("email")).await.expect(204);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_logins_at_once_with_one_challenge_one_gets_a_token() {
    repeated(async |app, codes, repetition| {
        shop(app, repetition).await;
        let used = id(&login(app, "shop").send().await);
        solve(app, codes, &used).await;
        let answers = at_once(|| with_ids(login(app, "shop"), &[&used])).await;
        one_wins(&answers, 200, &used);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_repeats_without_a_body_at_once_one_gets_a_token() {
    repeated(async |app, codes, repetition| {
        shop(app, repetition).await;
        let used = id(&login(app, "shop").send().await);
        solve(app, codes, &used).await;
        let answers = at_once(|| {
            let call = app
                .call("POST", &format!("{OWN}/token"))
                .basic("shop", PASSWORD);
            call.header("x-challenge-id", &used)
        });
        let answers = answers.await;
        // Who comes when the first body is gone has sent none.
        let outcomes = outcomes(&answers);
        assert_eq!(outcomes.get(&(200, 0)), Some(&1), "{outcomes:?}");
        let others = [(202, 0), (400, 22)].map(|other| outcomes.get(&other).unwrap_or(&0));
        assert_eq!(others.into_iter().sum::<usize>(), MANY - 1, "{outcomes:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_auth_changes_at_once_with_one_challenge_one_takes_effect() {
    repeated(async |app, codes, repetition| {
        if repetition == 0 {
            set_factor(app, "admin", Channel::Email, EMAIL).await;
            new_shop(app, "shop").await;
        }
        let admin = local_token(app, "admin").await;
        let change = || change_auth(app, "/management/instances/shop", PASSWORD, &admin);
        let used = id(&change().send().await);
        solve(app, codes, &used).await;
        let answers = at_once(|| with_ids(change(), &[&used])).await;
        one_wins(&answers, 204, &used);
    })
    .await;
}

/// What an own change of the credential does to others with the same right: whoever is written later was let in by a credential that is
/// gone, and whoever comes later still is asked anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_own_auth_changes_at_once_with_one_challenge_one_takes_effect() {
    repeated(async |app, codes, repetition| {
        let token = shop(app, repetition).await;
        let change = || change_auth(app, OWN, PASSWORD, &token);
        let used = id(&change().send().await);
        solve(app, codes, &used).await;
        let answers = at_once(|| with_ids(change(), &[&used])).await;
        let outcomes = outcomes(&answers);
        assert_eq!(outcomes.get(&(204, 0)), Some(&1), "{outcomes:?}");
        let others = [(202, 0), (401, 2015)].map(|other| outcomes.get(&other).unwrap_or(&0));
        assert_eq!(others.into_iter().sum::<usize>(), MANY - 1, "{outcomes:?}");
    })
    .await;
}

/// Whoever comes after it finds no instance, or not the credential that opened the door.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_own_deletions_at_once_with_one_challenge_one_takes_effect() {
    repeated(async |app, codes, repetition| {
        for (purge, code) in [("", 2016), ("?purge=YES", 2000)] {
            let shop = format!("shop{repetition}{}", purge.len());
            let token = new_shop(app, &shop).await;
            let path = format!("/instances/{shop}/private{purge}");
            let delete = || app.delete(&path).bearer(&token);
            let used = id(&delete().send().await);
            solve(app, codes, &used).await;
            let answers = at_once(|| with_ids(delete(), &[&used])).await;
            let outcomes = outcomes(&answers);
            assert_eq!(outcomes.get(&(204, 0)), Some(&1), "{outcomes:?}");
            let others = [(202, 0), (401, 2015), (404, code)]
                .map(|other| outcomes.get(&other).unwrap_or(&0));
            assert_eq!(others.into_iter().sum::<usize>(), MANY - 1, "{outcomes:?}");
            app.get(&path)
                .bearer(&token)
                .send()
                .await
                .refuses(404, code);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_the_operators_deletions_at_once_with_one_challenge_one_takes_effect() {
    repeated(async |app, codes, repetition| {
        if repetition == 0 {
            set_factor(app, "admin", Channel::Email, EMAIL).await;
        }
        let shop = format!("shop{repetition}");
        new_shop(app, &shop).await;
        let admin = local_token(app, "admin").await;
        let path = format!("/management/instances/{shop}");
        let delete = || app.delete(&path).bearer(&admin);
        let used = id(&delete().send().await);
        solve(app, codes, &used).await;
        let answers = at_once(|| with_ids(delete(), &[&used])).await;
        one_wins(&answers, 204, &used);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_challenge_is_not_used_at_once_with_the_end_of_what_it_rests_on() {
    repeated(async |app, codes, repetition| {
        shop(app, repetition).await;
        let admin = local_token(app, "admin").await;
        let used = id(&login(app, "shop").send().await);
        solve(app, codes, &used).await;
        let reset = change_auth(app, "/management/instances/shop", PASSWORD, &admin);
        let logins = at_once(|| with_ids(login(app, "shop"), &[&used]));
        let (reset, answers) = tokio::join!(reset.send(), logins);
        reset.expect(204);
        let outcomes = outcomes(&answers);
        // Before the change one login wins; what was let in by the old password and comes later is refused.
        let got = outcomes.get(&(200, 0)).copied().unwrap_or_default();
        assert!(got <= 1, "{outcomes:?}");
        assert!(
            outcomes
                .keys()
                .all(|found| [(200, 0), (202, 0), (401, 2015)].contains(found)),
            "{outcomes:?}"
        );
        for answer in answers.iter().filter(|answer| answer.status == 200) {
            let token = answer.json()["access_token"]
                .as_str()
                .expect("a token")
                .to_owned();
            app.get(OWN).bearer(&token).send().await.refuses(401, 2015);
        }
        let late = with_ids(login(app, "shop"), &[&used]).send().await;
        assert_ne!(id(&late), used);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_codes_asked_for_at_once_no_more_are_sent_than_a_day_allows() {
    let wide = |settings: &mut Settings| settings.tan.daily_limit = 5;
    on_adjusted_app_with_codes(wide, async |app, codes| {
        for repetition in 0..repetitions() {
            shop(app, repetition).await;
            let mut open = Vec::new();
            for _ in 0..16 {
                open.push(id(&login(app, "shop").send().await));
            }
            let before = codes.messages().len();
            let answers = join_all(open.iter().map(|id| send(app, id))).await;
            let expected = HashMap::from([((200, 0), 5), ((429, 2130), 11)]);
            assert_eq!(outcomes(&answers), expected);
            assert_eq!(codes.messages().len(), before + 5);
            app.clock.advance(DAY);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_requests_at_once_sixteen_challenges_stay_open() {
    repeated(async |app, _, repetition| {
        shop(app, repetition).await;
        let answers = at_once(|| login(app, "shop")).await;
        assert_eq!(outcomes(&answers), HashMap::from([((202, 0), MANY)]));
        let mut open = 0;
        for answer in &answers {
            let answer = send(app, &id(answer)).await;
            open += usize::from(answer.status == 200);
        }
        assert_eq!(open, 16);
    })
    .await;
}

/// Anybody can ask for a reset, and one network address has four places of the sixteen.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_codes_for_strangers_at_once_no_more_are_sent_than_challenges_may_be_open() {
    repeated(async |app, codes, repetition| {
        shop(app, repetition).await;
        let auth = json!({ "method": "token", "password": "another" });
        let mut open = Vec::new();
        for number in 0..20 {
            let reset = app.post("/instances/shop/forgot-password", &auth);
            let reset = reset.from(&format!("198.51.100.{}", number / 4));
            open.push(id(&reset.send().await));
        }
        let before = codes.messages().len();
        let answers = join_all(open.iter().map(|id| send(app, id))).await;
        let expected = HashMap::from([((200, 0), 16), ((429, 2130), 4)]);
        assert_eq!(outcomes(&answers), expected);
        assert_eq!(codes.messages().len(), before + 16);
    })
    .await;
}
