//! The ids that a request brings: which are good, which count as absent, and how a request of several challenges goes on.

use std::time::Duration;

use entity::challenge::Channel;
use serde_json::json;

use super::{
    Codes, EMAIL, OWN, PHONE, challenges, change_auth, code, confirm, confirmed, id, ids,
    local_token, login, on_app_with_codes, send, set_contacts, set_factor, shop, shop_with_factors,
    solve, with_ids,
};
use crate::support::{Call, TestApp};

const HOUR: Duration = Duration::from_secs(3600);
/// What looks like an id.
const UNHEARD_OF: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ0123456789ABCDEFGHJG";

/// A login that was asked for and solved.
async fn solved_login(app: &TestApp, codes: &Codes) -> String {
    let id = id(&login(app, "shop").send().await);
    solve(app, codes, &id).await;
    id
}

/// Fails unless a login with this id is asked for a new challenge.
async fn is_absent(app: &TestApp, presented: &str) {
    let answer = with_ids(login(app, "shop"), &[presented]).send().await;
    assert_ne!(id(&answer), presented);
}

#[tokio::test]
async fn every_202_makes_an_id_of_its_own() {
    on_app_with_codes(async |app, _| {
        shop(app).await;
        let mut seen = Vec::new();
        for _ in 0..5 {
            let id = id(&login(app, "shop").send().await);
            assert_eq!(id.len(), 52);
            assert!(!seen.contains(&id));
            seen.push(id);
        }
    })
    .await;
}

#[tokio::test]
async fn unknown_and_malformed_ids_count_as_absent() {
    on_app_with_codes(async |app, _| {
        shop(app).await;
        for presented in [
            UNHEARD_OF,
            "",
            ",",
            "1",
            "a b",
            "é",
            &"A".repeat(2000),
            "' OR 1=1",
        ] {
            is_absent(app, presented).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_unsolved_id_counts_as_absent() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let unsent = id(&login(app, "shop").send().await);
        is_absent(app, &unsent).await;
        let tried = id(&login(app, "shop").send().await);
        let code = code(app, codes, &tried).await;
        is_absent(app, &tried).await;
        confirm(app, &tried, &super::wrong(&code)).await.expect(409);
        is_absent(app, &tried).await;
    })
    .await;
}

#[tokio::test]
async fn an_id_is_good_once() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let used = solved_login(app, codes).await;
        with_ids(login(app, "shop"), &[&used])
            .send()
            .await
            .expect(200);
        is_absent(app, &used).await;
        send(app, &used).await.refuses(404, 2126);
        confirm(app, &used, "1234-5678").await.refuses(404, 2126);
    })
    .await;
}

#[tokio::test]
async fn a_request_that_fails_after_all_leaves_its_id_good() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let solved = solved_login(app, codes).await;
        let wrong = app.post("/instances/shop/private/token", &json!({ "scope": "all" }));
        let wrong = with_ids(wrong, &[&solved]).basic("shop", "wrong");
        wrong.send().await.refuses(401, 2015);
        with_ids(login(app, "shop"), &[&solved])
            .send()
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_challenge_lives_one_hour_from_its_202() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let (good, late) = (
            id(&login(app, "shop").send().await),
            id(&login(app, "shop").send().await),
        );
        app.clock.advance(HOUR - Duration::from_secs(10));
        for id in [&good, &late] {
            solve(app, codes, id).await;
        }
        app.clock.advance(Duration::from_secs(9));
        with_ids(login(app, "shop"), &[&good])
            .send()
            .await
            .expect(200);
        app.clock.advance(Duration::from_secs(1));
        is_absent(app, &late).await;
        send(app, &late).await.refuses(404, 2126);
        confirm(app, &late, "1234-5678").await.refuses(404, 2126);
    })
    .await;
}

#[tokio::test]
async fn a_change_of_the_credential_ends_challenges() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let delete = || app.delete(OWN).bearer(&token);
        let (solved, unsolved) = (id(&delete().send().await), id(&delete().send().await));
        solve(app, codes, &solved).await;
        // To the same password: the version of the credential is what counts.
        let change = || change_auth(app, OWN, crate::support::PASSWORD, &token);
        confirmed(app, codes, change).await.expect(204);
        assert_ne!(id(&with_ids(delete(), &[&solved]).send().await), solved);
        send(app, &unsolved).await.refuses(404, 2126);
        let of_login = solved_login(app, codes).await;
        let admin = local_token(app, "admin").await;
        let reset = change_auth(
            app,
            "/management/instances/shop",
            crate::support::PASSWORD,
            &admin,
        );
        reset.send().await.expect(204);
        is_absent(app, &of_login).await;
    })
    .await;
}

/// Makes the present contact of a channel the factor.
fn validate<'a>(app: &'a TestApp, channel: &str, token: &str) -> Call<'a> {
    let path = format!("/instances/shop/auth-channels/{channel}/validate");
    app.call("POST", &path).bearer(token)
}

#[tokio::test]
async fn another_factor_ends_the_challenges_of_the_old_one() {
    on_app_with_codes(async |app, codes| {
        let token = shop_with_factors(app, "shop", &[Channel::Email, Channel::Sms]).await;
        let answer = login(app, "shop").send().await;
        let of_login = ids(&answer);
        solve(app, codes, &of_login[0]).await;
        set_contacts(app, "shop", &json!({ "email": "new@shop.example" })).await;
        confirmed(app, codes, || validate(app, "email", &token))
            .await
            .expect(204);
        let answer = with_ids(login(app, "shop"), &of_login).send().await;
        assert_eq!(challenges(&answer)[0]["tan_info"], "n***@s***.example");
        // That of the other factor went on meanwhile.
        send(app, &of_login[0]).await.refuses(404, 2126);
        send(app, &of_login[1]).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_factor_that_goes_ends_its_challenges() {
    on_app_with_codes(async |app, codes| {
        let token = shop_with_factors(app, "shop", &[Channel::Email, Channel::Sms]).await;
        let of_login = ids(&login(app, "shop").send().await);
        solve(app, codes, &of_login[0]).await;
        set_contacts(app, "shop", &json!({ "email": null })).await;
        app.clock.advance(Duration::from_secs(30));
        confirmed(app, codes, || validate(app, "email", &token))
            .await
            .expect(204);
        let answer = with_ids(login(app, "shop"), &of_login[..1]).send().await;
        assert_eq!(challenges(&answer)[0]["tan_channel"], "sms");
    })
    .await;
}

#[tokio::test]
async fn a_change_of_the_contact_ends_its_challenges() {
    on_app_with_codes(async |app, codes| {
        let token = app.shop("shop").await;
        set_contacts(app, "shop", &json!({ "email": EMAIL })).await;
        let proven = id(&validate(app, "email", &token).send().await);
        solve(app, codes, &proven).await;
        for contact in ["new@shop.example", EMAIL] {
            set_contacts(app, "shop", &json!({ "email": contact })).await;
            let answer = with_ids(validate(app, "email", &token), &[&proven])
                .send()
                .await;
            assert_ne!(id(&answer), proven);
        }
        send(app, &proven).await.refuses(404, 2126);
        let shown = app.get(OWN).bearer(&token).send().await.expect(200);
        assert_eq!(shown["email_validated"], false);
    })
    .await;
}

#[tokio::test]
async fn another_contact_leaves_the_challenges_of_factors() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let solved = solved_login(app, codes).await;
        let contacts = json!({ "email": "new@shop.example", "phone_number": PHONE });
        set_contacts(app, "shop", &contacts).await;
        with_ids(login(app, "shop"), &[solved])
            .send()
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn several_ids_may_stand_between_blanks_and_garbage() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        for around in [
            ["", ""],
            [" ", " "],
            ["\t,", " ,\t"],
            ["nonsense, ,,", ",<b>"],
            [UNHEARD_OF, UNHEARD_OF],
        ] {
            let solved = solved_login(app, codes).await;
            let [before, after] = around;
            let list = match before == UNHEARD_OF {
                true => format!("{before} , {solved},{after}"),
                false => format!("{before}{solved}{after}"),
            };
            let login = login(app, "shop").header("taler-challenge-ids", &list);
            login.send().await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn ids_in_lower_case_and_under_the_older_name_are_the_same() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        let solved = solved_login(app, codes).await;
        with_ids(login(app, "shop"), &[solved.to_lowercase()])
            .send()
            .await
            .expect(200);
        let solved = solved_login(app, codes).await;
        login(app, "shop")
            .header("x-challenge-id", &solved)
            .send()
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn solved_ids_of_a_request_go_on_and_the_last_alone_completes_it() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        set_contacts(app, "shop", &json!({ "phone_number": PHONE })).await;
        let answer = validate(app, "sms", &token).send().await;
        assert_eq!(answer.json()["combi_and"], true);
        let both = ids(&answer);
        let [first, second] = &both[..] else {
            panic!("{both:?}")
        };
        solve(app, codes, first).await;
        // With both named, the missing one keeps its id.
        let answer = with_ids(validate(app, "sms", &token), &both).send().await;
        assert_eq!(
            (&id(&answer), &answer.json()["combi_and"]),
            (second, &json!(true))
        );
        // Without its name it cannot: only hashes are stored. The request goes on nevertheless.
        let answer = with_ids(validate(app, "sms", &token), &[first])
            .send()
            .await;
        let third = id(&answer);
        assert!(third != *first && third != *second);
        assert_eq!(challenges(&answer)[0]["tan_channel"], "sms");
        solve(app, codes, &third).await;
        with_ids(validate(app, "sms", &token), &[&third])
            .send()
            .await
            .expect(204);
        for used in [first, second, &third] {
            send(app, used).await.refuses(404, 2126);
        }
        let shown = app.get(OWN).bearer(&token).send().await.expect(200);
        assert_eq!(shown["phone_validated"], true);
    })
    .await;
}

#[tokio::test]
async fn one_of_several_that_are_all_needed_is_not_enough() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        set_contacts(app, "shop", &json!({ "phone_number": PHONE })).await;
        for solved in [0, 1] {
            let both = ids(&validate(app, "sms", &token).send().await);
            solve(app, codes, &both[solved]).await;
            let answer = with_ids(validate(app, "sms", &token), &both).send().await;
            assert_eq!(id(&answer), both[1 - solved]);
        }
        let shown = app.get(OWN).bearer(&token).send().await.expect(200);
        assert_eq!(shown["phone_validated"], false);
    })
    .await;
}

#[tokio::test]
async fn ids_of_two_tries_of_one_request_complete_each_other() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        set_contacts(app, "shop", &json!({ "phone_number": PHONE })).await;
        let one = ids(&validate(app, "sms", &token).send().await);
        let other = ids(&validate(app, "sms", &token).send().await);
        solve(app, codes, &one[0]).await;
        solve(app, codes, &other[1]).await;
        let used = [&one[0], &other[1]];
        with_ids(validate(app, "sms", &token), &used)
            .send()
            .await
            .expect(204);
        for id in one.iter().chain(&other) {
            send(app, id).await.refuses(404, 2126);
        }
    })
    .await;
}

#[tokio::test]
async fn a_reset_takes_a_code_to_each_factor() {
    on_app_with_codes(async |app, codes| {
        let token = shop_with_factors(app, "shop", &[Channel::Email, Channel::Sms]).await;
        let auth = json!({ "method": "token", "password": "another" });
        let reset = || app.post("/instances/shop/forgot-password", &auth);
        let answer = reset().send().await;
        assert_eq!(answer.json()["combi_and"], true);
        let both = ids(&answer);
        solve(app, codes, &both[1]).await;
        assert_eq!(id(&with_ids(reset(), &both).send().await), both[0]);
        app.get(OWN).bearer(&token).send().await.expect(200);
        solve(app, codes, &both[0]).await;
        with_ids(reset(), &both[..1]).send().await.expect(204);
        app.get(OWN).bearer(&token).send().await.refuses(401, 2015);
    })
    .await;
}

#[tokio::test]
async fn ids_work_below_the_root_and_below_their_instance_alone() {
    on_app_with_codes(async |app, codes| {
        shop(app).await;
        set_factor(app, "admin", Channel::Sms, PHONE).await;
        let admin = local_token(app, "admin").await;
        let other = app.post("/management/instances", &crate::support::instance("other"));
        other.bearer(&admin).send().await.expect(204);
        let at = async |base: &str, id: &str, rest: &str| {
            let body = json!({ "tan": codes.of("email").pop().unwrap_or_default() });
            app.post(&format!("{base}/challenge/{id}{rest}"), &body)
                .send()
                .await
        };
        for base in ["", "/instances/shop"] {
            let id = id(&login(app, "shop").send().await);
            at("/instances/other", &id, "").await.refuses(404, 2126);
            at(base, &id, "").await.expect(200);
            at("/instances/other", &id, "/confirm")
                .await
                .refuses(404, 2126);
            at("/instances/nobody", &id, "/confirm")
                .await
                .refuses(404, 2000);
            at(base, &id, "/confirm").await.expect(204);
            at("/instances/other", &id, "/confirm")
                .await
                .refuses(404, 2126);
            with_ids(login(app, "shop"), &[id]).send().await.expect(200);
        }
        // Nor does one of the root work below an instance.
        let of_admin = id(&change_auth(app, "/private", "x", &admin).send().await);
        at("/instances/shop", &of_admin, "")
            .await
            .refuses(404, 2126);
        at("", &of_admin, "").await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_id_is_no_challenge() {
    on_app_with_codes(async |app, _| {
        for id in [UNHEARD_OF, "1", "%20", "a%2Fb"] {
            send(app, id).await.refuses(404, 2126);
            confirm(app, id, "1234-5678").await.refuses(404, 2126);
        }
    })
    .await;
}
