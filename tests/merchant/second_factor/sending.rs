//! Codes on their way: how often, by which program, and what is said where that fails.

use std::{fs, path::PathBuf, time::Duration};

use entity::challenge::{Channel, Column, Entity};
use kontor::{config::Settings, error::Error};
use sea_orm::{EntityTrait as _, QueryFilter as _, sea_query::Expr};
use serde_json::json;
use tempfile::TempDir;

use super::{
    code, confirm, id, login, on_adjusted_app_with_codes, on_app_with_codes, send, shop,
    shop_with_factors, solve, with_ids,
};
use crate::{
    database::support::NOW,
    support::{Answer, TestApp},
};

const PAUSE: Duration = Duration::from_secs(30);

/// A program that sends mail, and does what the test says.
struct Helper(TempDir);

impl Helper {
    fn new() -> Self {
        let helper = Self(tempfile::tempdir().expect("a folder"));
        helper.does("exit 0");
        helper
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What it does once it has written the message down.
    fn does(&self, script: &str) {
        fs::write(self.path("behaviour"), script).expect("a script");
    }

    fn configure(&self, settings: &mut Settings) {
        let folder = self.0.path().display();
        let script = format!("cat >>'{folder}/messages'; . '{folder}/behaviour'");
        let command = ["/bin/sh", "-c", &script, "helper"].map(str::to_owned);
        settings.tan.email.spool = None;
        settings.tan.email.command = Some(command.to_vec());
    }

    /// The codes of all messages, sent or not.
    fn codes(&self) -> Vec<String> {
        let messages = fs::read_to_string(self.path("messages")).unwrap_or_default();
        let words = messages.split_whitespace();
        let codes = words.filter(|word| word.len() == 9 && word.as_bytes()[4] == b'-');
        let codes = codes.filter(|word| word.bytes().filter(u8::is_ascii_digit).count() == 8);
        codes.map(str::to_owned).collect()
    }
}

/// Runs a test with the helper as the way of mail.
async fn on_app_with_helper(
    adjust: impl FnOnce(&mut Settings),
    test: impl AsyncFnOnce(&TestApp, &Helper),
) {
    let helper = Helper::new();
    let settings = |settings: &mut Settings| {
        helper.configure(settings);
        adjust(settings);
    };
    on_adjusted_app_with_codes(settings, async |app, _| test(app, &helper).await).await;
}

/// Fails unless the answer says to wait so many seconds.
#[track_caller]
fn waits(answer: &Answer, seconds: u64) {
    answer.refuses(429, 2130);
    assert_eq!(answer.header("retry-after"), Some(&*seconds.to_string()));
}

#[tokio::test]
async fn an_answer_says_where_the_code_went_and_how_long_it_lives() {
    on_app_with_codes(async |app, codes| {
        shop_with_factors(app, "shop", &[Channel::Email, Channel::Sms]).await;
        let ids = super::ids(&login(app, "shop").send().await);
        let now = NOW / 1_000_000;
        for (id, channel, info) in [
            (&ids[0], "email", "a***@s***.example"),
            (&ids[1], "sms", "***4567"),
        ] {
            let expected = json!({
                "solve_expiration": { "t_s": now + 300 }, "earliest_retransmission": { "t_s": now + 30 },
                "tan_channel": channel, "tan_info": info,
            });
            assert_eq!(send(app, id).await.expect(200), expected);
            assert_eq!(codes.of(channel).len(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn the_body_of_the_wish_may_be_left_out() {
    on_app_with_codes(async |app, _| {
        shop(app).await;
        let id = id(&login(app, "shop").send().await);
        let bare = app.call("POST", &format!("/challenge/{id}"));
        bare.send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn another_code_is_sent_after_thirty_seconds() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let id = id(&login(app, "shop").send().await);
        send(app, &id).await.expect(200);
        waits(&send(app, &id).await, 30);
        app.clock.advance(Duration::from_millis(29_500));
        waits(&send(app, &id).await, 1);
        assert_eq!(codes.of("email").len(), 1);
        app.clock.advance(Duration::from_millis(500));
        send(app, &id).await.expect(200);
        assert_eq!(codes.of("email").len(), 2);
        // Another challenge has a pause of its own.
        let other = super::id(&login(app, "shop").send().await);
        send(app, &other).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_new_code_ends_the_old_one() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let id = id(&login(app, "shop").send().await);
        let old = code(app, codes, &id).await;
        confirm(app, &id, &super::wrong(&old)).await.expect(409);
        app.clock.advance(PAUSE);
        let new = code(app, codes, &id).await;
        assert_ne!(old, new);
        // With three attempts of its own.
        let refusal = confirm(app, &id, &old).await.expect(409);
        assert_eq!(refusal["retry_counter"], 2);
        confirm(app, &id, &new).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn a_helper_that_sends_nothing_gives_its_place_back() {
    let one_a_day = |settings: &mut Settings| settings.tan.daily_limit = 2;
    on_app_with_helper(one_a_day, async |app, helper| {
        shop(app).await;
        let id = id(&login(app, "shop").send().await);
        send(app, &id).await.expect(200);
        let old = helper.codes().pop().expect("a code");
        app.clock.advance(PAUSE);
        for (status, answer, code) in [
            (65, 400, 2132),
            (67, 400, 2132),
            (68, 400, 2132),
            (69, 503, 2133),
            (75, 502, 2128),
            (77, 500, 2134),
            (78, 500, 2134),
        ] {
            helper.does(&format!("exit {status}"));
            // Neither the pause nor the number of a day is used up.
            let refused = send(app, &id).await;
            refused.refuses(answer, code);
            assert_eq!(refused.headers.contains_key("retry-after"), answer == 503);
        }
        // A code that did not go out solves nothing, and the old one does.
        let unsent = helper.codes().pop().expect("a code");
        let refusal = confirm(app, &id, &unsent).await.expect(409);
        assert_eq!(refusal["retry_counter"], 2);
        helper.does("exit 0");
        confirm(app, &id, &old).await.expect(204);
        let second = super::id(&login(app, "shop").send().await);
        send(app, &second).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn the_pause_is_that_of_the_code_that_went_out() {
    on_app_with_helper(
        |_| {},
        async |app, helper| {
            shop(app).await;
            let id = id(&login(app, "shop").send().await);
            send(app, &id).await.expect(200);
            app.clock.advance(PAUSE);
            helper.does("exit 75");
            send(app, &id).await.refuses(502, 2128);
            helper.does("exit 0");
            send(app, &id).await.expect(200);
            waits(&send(app, &id).await, 30);
        },
    )
    .await;
}

#[tokio::test]
async fn what_may_have_gone_out_keeps_its_place() {
    let hasty = |settings: &mut Settings| {
        settings.tan.command_timeout = Duration::from_millis(1000);
        settings.tan.daily_limit = 4;
    };
    on_app_with_helper(hasty, async |app, helper| {
        shop(app).await;
        let id = id(&login(app, "shop").send().await);
        send(app, &id).await.expect(200);
        let old = helper.codes().pop().expect("a code");
        for behaviour in ["exit 1", "kill -TERM $$", "sleep 60"] {
            app.clock.advance(PAUSE);
            helper.does(behaviour);
            send(app, &id).await.refuses(502, 2128);
            helper.does("exit 0");
            waits(&send(app, &id).await, 30);
        }
        // It was not handed over, as far as is known: the old code counts.
        let lost = helper.codes().pop().expect("a code");
        confirm(app, &id, &lost).await.expect(409);
        confirm(app, &id, &old).await.expect(204);
        // Of the four a day, one was right, and three may be guessed at: one is left.
        let next = super::id(&login(app, "shop").send().await);
        send(app, &next).await.expect(200);
        app.clock.advance(PAUSE);
        send(app, &next).await.refuses(429, 2130);
    })
    .await;
}

#[tokio::test]
async fn a_helper_that_is_gone_has_sent_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("send-mail");
    let is_there = |settings: &mut Settings| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::write(&program, "#!/bin/sh\n").expect("a program");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
        settings.tan.email.spool = None;
        settings.tan.email.command = Some(vec![program.display().to_string()]);
    };
    on_adjusted_app_with_codes(is_there, async |app, _| {
        shop(app).await;
        fs::remove_file(&program).expect("a program");
        let id = id(&login(app, "shop").send().await);
        for _ in 0..10 {
            send(app, &id).await.refuses(502, 2128);
        }
    })
    .await;
}

#[tokio::test]
async fn an_address_that_cannot_be_one_is_refused() {
    on_app_with_codes(async |app, codes| {
        app.shop("shop").await;
        super::set_factor(app, "shop", Channel::Sms, "call me").await;
        let id = id(&login(app, "shop").send().await);
        for _ in 0..2 {
            send(app, &id).await.refuses(400, 2132);
        }
        assert!(codes.messages().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_channel_that_is_gone_is_said_so() {
    let without_sms = |settings: &mut Settings| settings.tan.sms.spool = None;
    on_adjusted_app_with_codes(without_sms, async |app, _| {
        shop(app).await;
        let id = id(&login(app, "shop").send().await);
        // As after a start without the channel that it was made for.
        let changed = app.app.database.write(|transaction| {
            Box::pin(async move {
                let sms = Expr::value(Channel::Sms);
                let update = Entity::update_many().col_expr(Column::Channel, sms);
                let update = update.filter(Expr::value(true));
                update
                    .exec(transaction)
                    .await
                    .map_err(kontor::db::DatabaseError::from)?;
                Ok::<_, Error>(())
            })
        });
        changed.await.expect("a write");
        send(app, &id).await.refuses(501, 76);
    })
    .await;
}

#[tokio::test]
async fn a_solved_challenge_needs_no_code() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let id = id(&login(app, "shop").send().await);
        solve(app, codes, &id).await;
        app.clock.advance(PAUSE);
        send(app, &id).await.refuses(410, 2129);
        assert_eq!(codes.messages().len(), 1);
        with_ids(login(app, "shop"), &[&id])
            .send()
            .await
            .expect(200);
        send(app, &id).await.refuses(404, 2126);
    })
    .await;
}

#[tokio::test]
async fn a_code_that_took_longer_than_the_next_is_not_the_one_that_counts() {
    on_app_with_helper(
        |_| {},
        async |app, helper| {
            shop(app).await;
            let id = id(&login(app, "shop").send().await);
            let folder = helper.0.path().display().to_string();
            helper.does(&format!(
                ": >'{folder}/begun'; while [ ! -e '{folder}/go' ]; do sleep 0.02; done"
            ));
            let slow = send(app, &id);
            let fast = async {
                while !helper.path("begun").exists() {
                    tokio::task::yield_now().await;
                }
                helper.does("exit 0");
                app.clock.advance(PAUSE);
                send(app, &id).await.expect(200);
                fs::write(helper.path("go"), "").expect("a file");
            };
            let (slow, ()) = tokio::join!(slow, fast);
            waits(&slow, 30);
            let codes = helper.codes();
            confirm(app, &id, &codes[0]).await.expect(409);
            confirm(app, &id, &codes[1]).await.expect(204);
        },
    )
    .await;
}

#[tokio::test]
async fn a_code_that_was_confirmed_while_the_next_was_sent_is_enough() {
    on_app_with_helper(
        |_| {},
        async |app, helper| {
            shop(app).await;
            let id = id(&login(app, "shop").send().await);
            send(app, &id).await.expect(200);
            let code = helper.codes().pop().expect("a code");
            app.clock.advance(PAUSE);
            let folder = helper.0.path().display().to_string();
            helper.does(&format!(
                ": >'{folder}/begun'; while [ ! -e '{folder}/go' ]; do sleep 0.02; done"
            ));
            let sending = send(app, &id);
            let confirming = async {
                while !helper.path("begun").exists() {
                    tokio::task::yield_now().await;
                }
                confirm(app, &id, &code).await.expect(204);
                fs::write(helper.path("go"), "").expect("a file");
            };
            let (sent, ()) = tokio::join!(sending, confirming);
            sent.refuses(410, 2129);
            with_ids(login(app, "shop"), &[&id])
                .send()
                .await
                .expect(200);
        },
    )
    .await;
}
