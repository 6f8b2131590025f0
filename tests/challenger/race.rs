//! What happens at the same time.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use kontor::config::Settings;
use serde_json::{Value, json};

use super::support::{EMAIL, on_challenger, on_challenger_with};
use crate::support::repetitions;

/// How many do the same.
const CROWD: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn right_guesses_at_once_give_one_code() {
    for _ in 0..repetitions() {
        on_challenger(async |scene| {
            let nonce = scene.begun().await;
            scene.give(&nonce, EMAIL).await.expect(200);
            let pin = scene.pin();
            let answers = join_all((0..CROWD).map(|_| scene.solve(&nonce, &pin))).await;
            let urls: BTreeSet<String> = answers
                .iter()
                .map(|answer| answer.expect(200)["redirect_url"].to_string())
                .collect();
            assert_eq!(urls.len(), 1);
            let reader = scene.app.app.database.read();
            let client = kontor::db::client::find(reader, 1).await.expect("a query");
            assert_eq!(client.expect("a client").validations, 1);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_guesses_at_once_cost_each_its_own() {
    for _ in 0..repetitions() {
        on_challenger(async |scene| {
            let nonce = scene.begun().await;
            scene.give(&nonce, EMAIL).await.expect(200);
            let wrong = scene.wrong_pin();
            let answers = join_all((0..CROWD).map(|_| scene.solve(&nonce, &wrong))).await;
            let mut left: Vec<_> = answers
                .iter()
                .filter(|answer| answer.status == 403)
                .map(|answer| answer.json()["auth_attempts_left"].clone())
                .collect();
            left.sort_by_key(|left| left.as_u64());
            assert_eq!(left, [json!(0), json!(1), json!(2)]);
            let refused = answers.iter().filter(|answer| answer.status == 429);
            assert_eq!(refused.count(), CROWD - 3);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn exchanges_at_once_give_one_token() {
    for _ in 0..repetitions() {
        on_challenger(async |scene| {
            let code = scene.code().await;
            let request = scene.token_request(&code);
            let answers = join_all((0..CROWD).map(|_| scene.redeem(&request))).await;
            let tokens: Vec<_> = answers
                .iter()
                .filter(|answer| answer.status == 200)
                .map(|answer| {
                    answer.json()["access_token"]
                        .as_str()
                        .expect("a token")
                        .to_owned()
                })
                .collect();
            assert_eq!(tokens.len(), 1);
            for answer in answers.iter().filter(|answer| answer.status != 200) {
                answer.refuses(400, 9753);
            }
            scene.info(&tokens[0]).await.expect(200);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn codes_asked_for_at_once_are_sent_once() {
    for _ in 0..repetitions() {
        on_challenger(async |scene| {
            let nonce = scene.begun().await;
            let answers = join_all((0..CROWD).map(|_| scene.give(&nonce, EMAIL))).await;
            let sent = answers
                .iter()
                .filter(|answer| answer.expect(200)["transmitted"] == true);
            assert_eq!(sent.count(), 1);
            assert_eq!(scene.sent().len(), 1);
            scene.solve(&nonce, &scene.pin()).await.expect(200);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn addresses_given_at_once_cost_each_its_own() {
    for _ in 0..repetitions() {
        on_challenger(async |scene| {
            let nonce = scene.begun().await;
            let addresses: Vec<_> = (0..CROWD)
                .map(|number| format!("a{number}@example.com"))
                .collect();
            let answers =
                join_all(addresses.iter().map(|address| scene.give(&nonce, address))).await;
            let taken = answers.iter().filter(|answer| answer.status == 200);
            assert_eq!(taken.count(), 3);
            assert_eq!(scene.sent().len(), 3);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_validation_is_bound_at_once_by_one_request() {
    for _ in 0..repetitions() {
        on_challenger(async |scene| {
            let nonce = scene.nonce(&json!({})).await;
            let states: Vec<_> = (0..CROWD).map(|number| number.to_string()).collect();
            let answers = join_all(
                states
                    .iter()
                    .map(async |state| scene.authorize(&nonce, &[("state", state)]).await),
            )
            .await;
            let bound = answers.iter().filter(|answer| answer.status == 200);
            assert_eq!(bound.count(), 1);
        })
        .await;
    }
}

/// A message as the helper got it.
fn code_in(file: &std::path::Path) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let is_code = |word: &&str| word.len() == 9 && word.as_bytes()[4] == b'-';
    let mut words = text.split_whitespace();
    words.find(is_code).map(str::to_owned)
}

async fn eventually(file: &std::path::Path) -> String {
    loop {
        match code_in(file) {
            Some(code) => return code,
            None => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
        }
    }
}

/// The clock of tests stands still: both codes begin to be sent in the same microsecond, as on two servers they can.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn codes_to_two_addresses_at_once_prove_each_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = ("ada@example.com", "grace@example.com");
    let script = format!(
        "cd {}; cat >$1.txt; while [ $1 = {first} ] && [ ! -e go ]; do sleep 0.02; done",
        folder.path().display()
    );
    let file = |address: &str| folder.path().join(format!("{address}.txt"));
    on_challenger_with(
        |settings| {
            settings.tan.email.spool = None;
            let helper = ["sh", "-c", &script, "helper"].map(str::to_owned);
            settings.tan.email.command = Some(helper.to_vec());
        },
        async |scene| {
            let nonce = scene.begun().await;
            let slow = scene.give(&nonce, first);
            let fast = async {
                let slow_code = eventually(&file(first)).await;
                scene.give(&nonce, second).await.expect(200);
                std::fs::write(folder.path().join("go"), "").expect("a file");
                slow_code
            };
            let (answer, slow_code) = futures_util::future::join(slow, fast).await;
            assert_eq!(answer.expect(200)["address"]["CONTACT_EMAIL"], second);
            scene.solve(&nonce, &slow_code).await.refuses(403, 9758);
            let right = code_in(&file(second)).expect("a code");
            scene.solve(&nonce, &right).await.expect(200);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_setups_at_once_no_more_get_through_than_may() {
    for _ in 0..repetitions() {
        let few = |settings: &mut Settings| settings.challenger.open_validations = 3;
        on_challenger_with(few, async |scene| {
            let answers = join_all((0..CROWD).map(|_| scene.setup(&Value::Null))).await;
            let granted = answers.iter().filter(|answer| answer.status == 200);
            assert_eq!(granted.count(), 3);
        })
        .await;
    }
}
