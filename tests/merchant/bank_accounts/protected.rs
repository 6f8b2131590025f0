//! Adding an account takes a code where the instance has a second factor; nothing else does.

use entity::challenge::Channel;
use kontor::config::Settings;
use serde_json::json;

use super::{ACCOUNTS, PAYTO, add, with_facade};
use crate::{
    merchant::second_factor::{
        challenges, confirmed, ids, on_adjusted_app_with_codes, on_app_with_codes, send,
        set_factor, shop, solve, with_ids,
    },
    support::{on_app_with, repetitions},
};

#[tokio::test]
async fn adding_takes_a_code_that_says_what_it_is_for() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let account = with_facade();
        let request = || app.post(ACCOUNTS, &account).bearer(&token);
        challenges(&request().send().await);
        let none = app.get(ACCOUNTS).bearer(&token).send().await.expect(200);
        assert_eq!(none, json!({ "accounts": [] }));
        let added = confirmed(app, codes, request).await.expect(200);
        let message = codes.messages().pop().expect("a message");
        let text = message["message"].as_str().expect("a text");
        assert!(text.contains("bank account"), "{text}");
        // The same again takes a code too, and finds the same account.
        let again = confirmed(app, codes, request).await.expect(200);
        assert_eq!(again, added);
        // Changing and deactivating do not.
        let path = format!("{ACCOUNTS}/{}", added["h_wire"].as_str().expect("a hash"));
        let patch = app.patch(&path, &json!({})).bearer(&token);
        patch.send().await.expect(204);
        app.delete(&path).bearer(&token).send().await.expect(204);
        // Bringing it back does.
        ids(&request().send().await);
    })
    .await;
}

#[tokio::test]
async fn a_code_is_for_one_account() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let account = json!({ "payto_uri": PAYTO });
        let wanted = ids(&app.post(ACCOUNTS, &account).bearer(&token).send().await);
        solve(app, codes, &wanted[0]).await;
        for other in [
            json!({ "payto_uri": "payto://void/thief" }),
            json!({ "payto_uri": PAYTO, "extra_wire_subject_metadata": "x" }),
            with_facade(),
        ] {
            let other = app.post(ACCOUNTS, &other).bearer(&token);
            challenges(&with_ids(other, &wanted).send().await);
        }
        let request = app.post(ACCOUNTS, &account).bearer(&token);
        with_ids(request, &wanted).send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn what_can_never_be_added_is_refused_before_a_code() {
    on_app_with_codes(async |app, codes| {
        let token = app.shop("shop").await;
        add(app, &token, &with_facade()).await.expect(200);
        set_factor(app, "shop", Channel::Email, "alice@shop.example").await;
        let bad = json!({ "payto_uri": "payto://iban/x" });
        add(app, &token, &bad).await.refuses(400, 24);
        let other = json!({ "payto_uri": PAYTO });
        add(app, &token, &other).await.refuses(409, 2627);
        // Whether a guess at the credentials is right, only the owner learns.
        let mut guess = with_facade();
        guess["credit_facade_credentials"]["password"] = json!("a guess");
        let request = || app.post(ACCOUNTS, &guess).bearer(&token);
        confirmed(app, codes, request).await.refuses(409, 2627);
    })
    .await;
}

#[tokio::test]
async fn a_factor_that_no_code_reaches_closes_it() {
    on_app_with(
        |_| {},
        async |app| {
            app.create_admin().await;
            let token = shop(app).await;
            add(app, &token, &with_facade()).await.refuses(403, 2031);
        },
    )
    .await;
}

#[tokio::test]
async fn of_solved_repeats_at_once_all_name_one_account() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        for round in 0..repetitions().min(10) {
            let account = json!({ "payto_uri": format!("payto://void/{round}") });
            let request = || app.post(ACCOUNTS, &account).bearer(&token);
            let wanted = ids(&request().send().await);
            solve(app, codes, &wanted[0]).await;
            let repeats = (0..8).map(|_| with_ids(request(), &wanted).send());
            let answers = futures_util::future::join_all(repeats).await;
            let done = answers.iter().filter(|answer| answer.status == 200);
            assert_eq!(done.count(), 1, "{answers:?}");
            let asked = answers.iter().filter(|answer| answer.status == 202);
            assert_eq!(asked.count(), 7, "{answers:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn so_many_codes_a_day_are_sent_for_accounts() {
    let two = |settings: &mut Settings| settings.tan.daily_limit = 2;
    on_adjusted_app_with_codes(two, async |app, _| {
        let token = shop(app).await;
        let account = with_facade();
        let request = || app.post(ACCOUNTS, &account).bearer(&token);
        for _ in 0..2 {
            let wanted = ids(&request().send().await);
            send(app, &wanted[0]).await.expect(200);
        }
        request().send().await.refuses(403, 2131);
    })
    .await;
}
