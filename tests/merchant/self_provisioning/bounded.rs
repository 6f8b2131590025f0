//! What strangers can make the server try and keep, and when that is gone.

use std::time::Duration;

use kontor::{config::Settings, sweep::sweep};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};

use super::{form, on_open_server, reset, sign_up};
use crate::merchant::{
    instances::with,
    second_factor::{
        failures::{try_ten_times, unreachable},
        id, send, solve,
    },
};
use crate::support::{Answer, Call, TestApp};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

const HERE: &str = "192.0.2.1";
const THERE: &str = "198.51.100.1";

#[track_caller]
fn limited(answer: &Answer, code: u16, seconds: u64) {
    answer.refuses(429, code);
    assert_eq!(answer.header("retry-after"), Some(&*seconds.to_string()));
}

/// A sign-up for an id of this number.
fn numbered(app: &TestApp, number: usize) -> Call<'_> {
    app.post("/instances", &form(&format!("books{number}")))
}

#[tokio::test]
async fn a_network_has_sixty_codes_for_sign_ups_a_day_that_are_not_sent() {
    let many = |settings: &mut Settings| {
        unreachable(settings);
        settings.limits.sign_ups = 100;
    };
    on_open_server(many, async |app, _| {
        let begin = async |number, network| id(&numbered(app, number).from(network).send().await);
        let seventh = begin(7, HERE).await;
        for number in 1..7 {
            try_ten_times(app, &begin(number, HERE).await).await;
        }
        limited(&send(app, &seventh).await, 2130, DAY.as_secs());
        // Whichever id it is for; but another network goes on.
        let eighth = begin(8, HERE).await;
        limited(&send(app, &eighth).await, 2130, DAY.as_secs());
        send(app, &begin(8, THERE).await).await.refuses(503, 2133);
        app.clock.advance(DAY);
        send(app, &begin(8, HERE).await).await.refuses(503, 2133);
    })
    .await;
}

/// Fails unless ten requests are begun on the whole server in a day, whatever the network.
async fn ten_on_the_server<'a>(app: &TestApp, call: impl Fn(usize) -> Call<'a>) {
    let from = async |number: usize| call(number).from(&format!("10.{number}.0.1")).send().await;
    for number in 0..10 {
        from(number).await.expect(202);
    }
    limited(&from(10).await, 2131, DAY.as_secs());
    app.clock.advance(DAY);
    from(10).await.expect(202);
}

#[tokio::test]
async fn the_server_begins_ten_sign_ups_for_each_code_that_it_may_send_in_a_day() {
    let one = |settings: &mut Settings| settings.tan.daily_sign_ups = 1;
    on_open_server(one, async |app, _| {
        ten_on_the_server(app, |number| numbered(app, number)).await;
    })
    .await;
}

#[tokio::test]
async fn the_server_begins_ten_resets_for_each_code_that_it_may_send_in_a_day() {
    let one = |settings: &mut Settings| settings.tan.daily_resets = 1;
    on_open_server(one, async |app, codes| {
        sign_up(app, codes, &form("books")).await.expect(204);
        ten_on_the_server(app, |_| reset(app, "books", "new")).await;
    })
    .await;
}

/// A form with a picture of so many letters.
fn with_logo(id: &str, letters: usize) -> Value {
    let logo = format!("data:image/png;base64,{}", "A".repeat(letters));
    with(form(id), &json!({ "logo": logo }))
}

/// The bodies that are kept.
async fn kept(app: &TestApp) -> usize {
    let rows = entity::challenge::Entity::find().all(app.app.database.read());
    let rows = rows.await.expect("rows");
    rows.iter().filter(|row| row.sealed_body.is_some()).count()
}

#[tokio::test]
async fn a_large_body_of_a_stranger_is_not_kept_and_must_be_sent_again() {
    on_open_server(
        |_| {},
        async |app, codes| {
            let without_body = |id: &str| {
                let call = app.call("POST", "/instances");
                call.header("x-challenge-id", id)
            };
            let small = with_logo("small", 15 * 1024);
            let solved = id(&app.post("/instances", &small).send().await);
            assert_eq!(kept(app).await, 1);
            solve(app, codes, &solved).await;
            without_body(&solved).send().await.expect(204);

            let large = with_logo("large", 16 * 1024);
            let solved = id(&app.post("/instances", &large).send().await);
            assert_eq!(kept(app).await, 0);
            solve(app, codes, &solved).await;
            without_body(&solved).send().await.refuses(400, 22);
            let again = app.post("/instances", &large);
            again
                .header("x-challenge-id", &solved)
                .send()
                .await
                .expect(204);
        },
    )
    .await;
}

/// How many rows there are: of requests, challenges, counters, and what they count.
async fn rows(app: &TestApp) -> [usize; 4] {
    let read = app.app.database.read();
    let counts = [
        entity::challenge_group::Entity::find().count(read).await,
        entity::challenge::Entity::find().count(read).await,
        entity::code_counter::Entity::find().count(read).await,
        entity::code_transmission::Entity::find().count(read).await,
    ];
    counts.map(|count| usize::try_from(count.expect("a count")).expect("a small one"))
}

#[tokio::test]
async fn everything_that_has_ended_is_swept_away() {
    let many = |settings: &mut Settings| settings.limits.sign_ups = 1000;
    on_open_server(many, async |app, _| {
        // More than two writes remove.
        const REQUESTS: usize = 210;
        let sweep = async || sweep(&app.app).await.expect("a sweep");
        for number in 0..REQUESTS {
            numbered(app, number).send().await.expect(202);
        }
        let last = id(&numbered(app, REQUESTS).send().await);
        send(app, &last).await.expect(200);
        sweep().await;
        let before @ [groups, challenges, counters, counted] = rows(app).await;
        assert_eq!([groups, challenges], [REQUESTS + 1; 2]);
        assert!(counters > REQUESTS && counted > REQUESTS, "{before:?}");
        app.clock.advance(HOUR - Duration::from_micros(1));
        sweep().await;
        assert_eq!(rows(app).await, before, "an hour has not passed");
        app.clock.advance(Duration::from_micros(1));
        sweep().await;
        assert_eq!(rows(app).await, [0, 0, counters, counted]);
        app.clock.advance(DAY - HOUR);
        sweep().await;
        assert_eq!(rows(app).await, [0, 0, counters, counted], "just a day");
        app.clock.advance(Duration::from_micros(1));
        sweep().await;
        assert_eq!(rows(app).await, [0; 4]);
    })
    .await;
}
