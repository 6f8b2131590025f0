//! How often strangers may sign up and reset passwords, and what they cannot use up for others.

use std::time::Duration;

use kontor::config::{Settings, TanChannel};
use serde_json::json;

use super::{
    auth, factors, form, logged_in, login_with, on_open_server, reset, sign_up,
    sign_up::none_mandatory,
};
use crate::merchant::{
    instances::with,
    second_factor::{Codes, confirmed, id, ids, login, send, solve, with_ids},
};
use crate::support::{Answer, Call, TestApp};

const DAY: Duration = Duration::from_secs(86_400);
/// The pause between two codes of one challenge.
const PAUSE: Duration = Duration::from_secs(30);

const HERE: &str = "192.0.2.1";
const THERE: &str = "198.51.100.1";

#[track_caller]
fn limited(answer: &Answer, code: u16) {
    answer.refuses(429, code);
    assert!(answer.header("retry-after").is_some());
}

/// Fails unless one network may make just three such requests in a day.
async fn three_a_day<'a>(app: &TestApp, call: impl Fn(usize) -> Call<'a>, status: u16) {
    for number in 0..3 {
        call(number).from(HERE).send().await.expect(status);
    }
    limited(&call(3).from(HERE).send().await, 2131);
    call(3).from(THERE).send().await.expect(status);
    app.clock.advance(DAY - Duration::from_secs(1));
    let soon = call(4).from(HERE).send().await;
    limited(&soon, 2131);
    assert_eq!(soon.header("retry-after"), Some("1"));
    app.clock.advance(Duration::from_secs(1));
    call(4).from(HERE).send().await.expect(status);
}

fn three(settings: &mut Settings) {
    settings.limits.sign_ups = 3;
    settings.limits.resets = 3;
}

#[tokio::test]
async fn a_network_begins_so_many_sign_ups_a_day() {
    on_open_server(three, async |app, _| {
        let call = |number| app.post("/instances", &form(&format!("books{number}")));
        three_a_day(app, call, 202).await;
    })
    .await;
}

#[tokio::test]
async fn a_network_makes_so_many_sign_ups_a_day_that_need_no_code() {
    let none = |settings: &mut Settings| {
        three(settings);
        none_mandatory(settings);
    };
    on_open_server(none, async |app, _| {
        let call = |number| {
            let body = form(&format!("books{number}"));
            app.post("/instances", &with(body, &json!({ "email": null })))
        };
        three_a_day(app, call, 204).await;
    })
    .await;
}

#[tokio::test]
async fn a_network_begins_so_many_resets_a_day() {
    on_open_server(three, async |app, codes| {
        sign_up(app, codes, &form("books")).await.expect(204);
        three_a_day(app, |_| reset(app, "books", "new"), 202).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_being_proven_goes_on_beyond_the_limit() {
    let one = |settings: &mut Settings| {
        super::both_mandatory(settings);
        settings.limits.sign_ups = 1;
    };
    on_open_server(one, async |app, codes| {
        let body = super::full_form("books");
        let post = || app.post("/instances", &body);
        let first = ids(&post().send().await);
        solve(app, codes, &first[0]).await;
        let more = with_ids(post(), &first[..1]).send().await;
        more.expect(202);
        solve(app, codes, &id(&more)).await;
        with_ids(post(), &first).send().await.expect(204);
    })
    .await;
}

/// Fails unless one network holds four open challenges, and its fifth takes the place of its own oldest one.
async fn four_open<'a>(app: &TestApp, call: impl Fn() -> Call<'a>) {
    let other = id(&call().from(THERE).send().await);
    let mut open = Vec::new();
    for _ in 0..5 {
        open.push(id(&call().from(HERE).send().await));
    }
    send(app, &open[0]).await.refuses(404, 2126);
    for id in &open[1..] {
        send(app, id).await.expect(200);
    }
    // What was sent does not give way, and no more is sent.
    let sixth = id(&call().from(HERE).send().await);
    limited(&send(app, &sixth).await, 2130);
    send(app, &other).await.expect(200);
    app.clock.advance(Duration::from_secs(3600));
    let later = id(&call().from(HERE).send().await);
    send(app, &later).await.expect(200);
}

#[tokio::test]
async fn a_network_holds_four_open_sign_ups_for_one_id() {
    on_open_server(
        |_| {},
        async |app, _| four_open(app, || app.post("/instances", &form("books"))).await,
    )
    .await;
}

#[tokio::test]
async fn a_network_holds_four_open_resets_of_one_instance() {
    on_open_server(
        |_| {},
        async |app, codes| {
            sign_up(app, codes, &form("books")).await.expect(204);
            four_open(app, || reset(app, "books", "new")).await;
        },
    )
    .await;
}

/// Fails unless one network has six codes a day sent about one instance.
async fn six_codes<'a>(app: &TestApp, call: impl Fn() -> Call<'a>) {
    let wanted = id(&call().from(HERE).send().await);
    for _ in 0..6 {
        send(app, &wanted).await.expect(200);
        app.clock.advance(PAUSE);
    }
    limited(&send(app, &wanted).await, 2130);
    call().from(HERE).send().await.refuses(403, 2131);
    let other = id(&call().from(THERE).send().await);
    send(app, &other).await.expect(200);
    app.clock.advance(DAY);
    let later = id(&call().from(HERE).send().await);
    send(app, &later).await.expect(200);
}

#[tokio::test]
async fn a_network_has_six_codes_a_day_for_the_sign_ups_of_one_id() {
    on_open_server(
        |_| {},
        async |app, _| {
            six_codes(app, || app.post("/instances", &form("books"))).await;
            let other = app.post("/instances", &form("other")).from(HERE);
            other.send().await.expect(202);
        },
    )
    .await;
}

#[tokio::test]
async fn a_network_has_six_codes_a_day_for_the_resets_of_one_instance() {
    on_open_server(
        |_| {},
        async |app, codes| {
            sign_up(app, codes, &form("books")).await.expect(204);
            six_codes(app, || reset(app, "books", "new")).await;
        },
    )
    .await;
}

#[tokio::test]
async fn an_unproven_address_gets_so_many_codes_a_day_whatever_the_id_and_its_spelling() {
    let two = |settings: &mut Settings| settings.tan.daily_limit = 2;
    on_open_server(two, async |app, codes| {
        let call = |number: usize, email: &str| {
            let body = with(form(&format!("books{number}")), &json!({ "email": email }));
            app.post("/instances", &body)
                .from(&format!("192.0.2.{number}"))
        };
        let begun = id(&call(0, "eve@books.example").send().await);
        for (number, email) in [(1, "eve@books.example"), (2, "EVE@books.example")] {
            send(app, &id(&call(number, email).send().await))
                .await
                .expect(200);
        }
        limited(&send(app, &begun).await, 2130);
        let full = call(3, "Eve@Books.Example").send().await;
        full.refuses(403, 2131);
        call(4, "mallory@books.example").send().await.expect(202);
        assert_eq!(codes.messages().len(), 2);
        app.clock.advance(DAY);
        call(3, "eve@books.example").send().await.expect(202);
    })
    .await;
}

#[tokio::test]
async fn a_phone_number_counts_once_however_it_is_dialled() {
    let two = |settings: &mut Settings| {
        settings.tan.daily_limit = 2;
        settings.merchant.mandatory_tan_channels = vec![TanChannel::Sms];
    };
    on_open_server(two, async |app, codes| {
        let call = |number: usize, phone: &str| {
            let contacts = json!({ "email": null, "phone_number": phone });
            let body = with(form(&format!("books{number}")), &contacts);
            app.post("/instances", &body)
                .from(&format!("192.0.2.{number}"))
        };
        let begun = id(&call(0, "041791234567").send().await);
        for (number, phone) in [(1, "+41791234567"), (2, "0041791234567")] {
            send(app, &id(&call(number, phone).send().await))
                .await
                .expect(200);
        }
        limited(&send(app, &begun).await, 2130);
        for phone in ["041791234567", "41 79 123 45 67", "+041 (79) 123-45-67"] {
            call(3, phone).send().await.refuses(403, 2131);
        }
        call(4, "+41791234568").send().await.expect(202);
        assert_eq!(codes.messages().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn strangers_cannot_use_up_the_number_of_a_factor() {
    let two = |settings: &mut Settings| settings.tan.daily_limit = 2;
    on_open_server(two, async |app, codes| {
        sign_up(app, codes, &form("books")).await.expect(204);
        // The address has one sign-up left, which somebody else takes for another id.
        let other = id(&app.post("/instances", &form("other")).send().await);
        send(app, &other).await.expect(200);
        let full = app.post("/instances", &form("third")).from(THERE);
        full.send().await.refuses(403, 2131);
        // Its owner is not touched.
        logged_in(app, codes, "books").await;
        confirmed(app, codes, || reset(app, "books", "new"))
            .await
            .expect(204);
    })
    .await;
}

#[tokio::test]
async fn the_server_sends_so_many_codes_a_day_for_sign_ups() {
    let one = |settings: &mut Settings| settings.tan.daily_sign_ups = 2;
    on_open_server(one, async |app, codes| {
        sign_up(app, codes, &form("books")).await.expect(204);
        let (second, third) = (form("second"), form("third"));
        let begun = id(&app.post("/instances", &third).send().await);
        let solved = id(&app.post("/instances", &second).from(THERE).send().await);
        solve(app, codes, &solved).await;
        limited(&send(app, &begun).await, 2130);
        let refused = app.post("/instances", &form("fourth")).from(THERE);
        refused.send().await.refuses(403, 2131);
        // Whoever has a code already gets what it is for; logins and resets have numbers of their own.
        let proven = with_ids(app.post("/instances", &second), &[solved]);
        proven.send().await.expect(204);
        logged_in(app, codes, "books").await;
        confirmed(app, codes, || reset(app, "books", "new"))
            .await
            .expect(204);
        app.clock.advance(DAY);
        sign_up(app, codes, &third).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn the_server_sends_so_many_codes_a_day_for_resets() {
    let one = |settings: &mut Settings| settings.tan.daily_resets = 1;
    on_open_server(one, async |app, codes| {
        sign_up(app, codes, &form("books")).await.expect(204);
        sign_up(app, codes, &form("paper")).await.expect(204);
        let solved = id(&reset(app, "books", "new").send().await);
        solve(app, codes, &solved).await;
        let refused = reset(app, "paper", "new").from(THERE).send().await;
        refused.refuses(403, 2131);
        sign_up(app, codes, &form("third")).await.expect(204);
        logged_in(app, codes, "paper").await;
        let proven = with_ids(reset(app, "books", "new"), &[solved]);
        proven.send().await.expect(204);
    })
    .await;
}

/// Begins so many logins whose codes nobody enters.
async fn unsolved_logins(app: &TestApp, codes: &Codes, count: usize) {
    let before = codes.messages().len();
    for _ in 0..count {
        let begun = id(&login(app, "books").send().await);
        send(app, &begun).await.expect(200);
    }
    assert_eq!(codes.messages().len(), before + count);
}

#[tokio::test]
async fn a_reset_gives_back_the_codes_that_somebody_used_up() {
    let three = |settings: &mut Settings| settings.tan.daily_limit = 3;
    on_open_server(three, async |app, codes| {
        sign_up(app, codes, &form("books")).await.expect(204);
        let token = logged_in(app, codes, "books").await;
        unsolved_logins(app, codes, 3).await;
        login(app, "books").send().await.refuses(403, 2131);
        let change = || {
            let path = "/instances/books/private/auth";
            app.post(path, &auth("changed")).bearer(&token)
        };
        for _ in 0..3 {
            send(app, &id(&change().send().await)).await.expect(200);
        }
        change().send().await.refuses(403, 2131);

        confirmed(app, codes, || reset(app, "books", "new"))
            .await
            .expect(204);
        let login = || login_with(app, "books", "new");
        let granted = confirmed(app, codes, login).await.expect(200);
        let token = granted["access_token"].as_str().expect("a token");
        let change = app.post("/instances/books/private/auth", &auth("changed"));
        change.bearer(token).send().await.expect(202);
        assert!(factors(app, "books").await[0].is_some());
    })
    .await;
}
