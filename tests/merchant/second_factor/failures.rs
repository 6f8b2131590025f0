//! How often one tries to send a code that does not go out, and what the log says of it.

use std::time::Duration;

use entity::challenge::Channel;
use kontor::config::Settings;
use serde_json::json;

use super::{
    id, login, on_adjusted_app_with_codes, on_app_with_codes, send, shop, shop_with_factors,
};
use crate::{
    http::support::Events,
    support::{Answer, TestApp},
};

const PAUSE: Duration = Duration::from_secs(30);
const HOUR_SECONDS: u64 = 60 * 60;

/// Mail cannot be delivered now: nothing was sent, for sure.
pub(in crate::merchant) fn unreachable(settings: &mut Settings) {
    let command = ["/bin/sh", "-c", "exit 69"].map(str::to_owned);
    settings.tan.email.spool = None;
    settings.tan.email.command = Some(command.to_vec());
}

/// Fails unless the answer says to wait so many seconds.
#[track_caller]
fn waits(answer: &Answer, seconds: u64) {
    answer.refuses(429, 2130);
    assert_eq!(answer.header("retry-after"), Some(&*seconds.to_string()));
}

/// Tries ten times to have a code sent that never goes out.
pub(in crate::merchant) async fn try_ten_times(app: &TestApp, id: &str) {
    for _ in 0..10 {
        send(app, id).await.refuses(503, 2133);
    }
}

#[tokio::test]
async fn a_challenge_ends_with_ten_codes_that_were_not_sent() {
    on_adjusted_app_with_codes(unreachable, async |app, _| {
        shop(app).await;
        let one = id(&login(app, "shop").send().await);
        try_ten_times(app, &one).await;
        waits(&send(app, &one).await, HOUR_SECONDS);
        app.clock.advance(Duration::from_secs(HOUR_SECONDS - 1));
        waits(&send(app, &one).await, 1);
        app.clock.advance(Duration::from_secs(1));
        send(app, &one).await.refuses(404, 2126);
        // None of them cost the owner a code.
        for _ in 0..3 {
            try_ten_times(app, &id(&login(app, "shop").send().await)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn each_challenge_of_a_request_counts_its_own_failures() {
    on_adjusted_app_with_codes(unreachable, async |app, codes| {
        shop_with_factors(app, "shop", &[Channel::Email, Channel::Sms]).await;
        let ids = super::ids(&login(app, "shop").send().await);
        try_ten_times(app, &ids[0]).await;
        waits(&send(app, &ids[0]).await, HOUR_SECONDS);
        super::solve(app, codes, &ids[1]).await;
    })
    .await;
}

#[tokio::test]
async fn messages_that_were_sent_are_no_failures() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let one = id(&login(app, "shop").send().await);
        for _ in 0..24 {
            send(app, &one).await.expect(200);
            app.clock.advance(PAUSE);
        }
        // Only the number of codes in a day ends it.
        waits(&send(app, &one).await, 23 * HOUR_SECONDS + 48 * 60);
        let code = codes.last("email");
        super::confirm(app, &one, &code).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn the_log_names_the_request_whose_code_was_not_delivered() {
    on_adjusted_app_with_codes(unreachable, async |app, _| {
        shop(app).await;
        let one = id(&login(app, "shop").send().await);
        let events = Events::collect();
        let wish = app.post(&format!("/challenge/{one}"), &json!({}));
        let wish = wish.header("x-request-id", "r-undelivered");
        wish.send().await.refuses(503, 2133);
        let lines = events.of("kontor::tan::delivery");
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0]["level"], "WARN");
        assert_eq!(lines[0]["span"]["request.id"], "r-undelivered");
        assert_eq!(lines[0]["fields"]["tan.address"], "a***@s***.example");
    })
    .await;
}
