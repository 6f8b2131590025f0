//! What has ended is gone after the next sweep, and nothing else.

use std::time::Duration;

use kontor::db::code_counter::{Bound, CodeFor, Counted, Room, reserve};
use kontor::db::{DatabaseError, exchange};
use kontor::sweep::sweep;
use sea_orm::{EntityTrait, PaginatorTrait as _};
use serde_json::json;

use crate::support::{PASSWORD, TestApp, on_app};

const DAY: Duration = Duration::from_secs(86_400);

async fn rows<E: EntityTrait<Model: Sync>>(app: &TestApp) -> u64 {
    let count = E::find().count(app.app.database.read()).await;
    count.expect("a query")
}

async fn swept(app: &TestApp, later: Duration) {
    app.clock.advance(later);
    sweep(&app.app).await.expect("a sweep");
}

/// A token of `admin` that lives for an hour, obtained with another one.
async fn refreshed(app: &TestApp, token: &str) -> String {
    let body = json!({ "scope": "all:refreshable", "duration": { "d_us": 3_600_000_000_u64 } });
    let login = app.post("/private/token", &body);
    let login = match token {
        "" => login.basic("admin", PASSWORD),
        token => login.bearer(token),
    };
    let login = login.send().await.expect(200);
    login["access_token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn a_chain_of_refreshed_tokens_is_as_long_as_its_life() {
    use entity::access_token::Entity;

    on_app(async |app| {
        let mut token = String::new();
        for _ in 0..10 {
            token = refreshed(app, &token).await;
            swept(app, Duration::from_secs(3000)).await;
        }
        // The last one, 3000 s of 3600 after it was handed out.
        assert_eq!(rows::<Entity>(app).await, 1);
        let kept = Entity::find().one(app.app.database.read()).await;
        let kept = kept.expect("a query").expect("a token");
        assert_eq!((kept.serial, kept.parent_serial), (10, None));

        // The first token is long gone; its number still ends what came from it, and no other.
        let other = refreshed(app, "").await;
        let end = |serial: u32| {
            app.delete(&format!("/private/tokens/{serial}"))
                .bearer(&other)
        };
        end(5).send().await.refuses(404, 2042);
        end(1).send().await.expect(204);
        app.get("/private")
            .bearer(&token)
            .send()
            .await
            .refuses(401, 2015);
        app.get("/private").bearer(&other).send().await.expect(200);
        end(1).send().await.refuses(404, 2042);
    })
    .await;
}

#[tokio::test]
async fn expired_tokens_of_all_instances_go_in_bounded_batches() {
    on_app(async |app| {
        app.shop("shop").await;
        let admin = app.admin_token("all").await;
        let mut token = refreshed(app, "").await;
        for _ in 0..120 {
            token = refreshed(app, &token).await;
        }
        swept(app, Duration::from_secs(3599)).await;
        assert_eq!(rows::<entity::access_token::Entity>(app).await, 3 + 121);
        swept(app, Duration::from_secs(1)).await;
        app.get("/private")
            .bearer(&token)
            .send()
            .await
            .refuses(401, 2015);
        app.get("/private").bearer(&admin).send().await.expect(200);
        assert_eq!(rows::<entity::access_token::Entity>(app).await, 3);
        swept(app, DAY).await;
        assert_eq!(rows::<entity::access_token::Entity>(app).await, 0);
    })
    .await;
}

#[tokio::test]
async fn codes_do_not_pile_up_under_a_counter_that_is_always_used() {
    on_app(async |app| {
        let count = async || {
            let now_us = app.app.now_us();
            let counted = app.app.database.write(move |transaction| {
                Box::pin(async move {
                    let server = Counted {
                        name: "everybody".to_owned(),
                        most: 10,
                        bound: Bound::Server,
                    };
                    let code = Some(CodeFor::Challenge(1));
                    reserve(transaction, &[server], code, now_us).await
                })
            });
            let room: Result<_, DatabaseError> = counted.await;
            assert_eq!(room.expect("a write"), Room::Left);
        };
        for _ in 0..6 {
            count().await;
            swept(app, DAY / 2 + Duration::from_secs(1)).await;
        }
        // The one of half a day ago; those of more than a day ago count no more.
        assert_eq!(rows::<entity::code_transmission::Entity>(app).await, 1);
        assert_eq!(rows::<entity::code_counter::Entity>(app).await, 1);
        swept(app, DAY).await;
        assert_eq!(rows::<entity::code_transmission::Entity>(app).await, 0);
        assert_eq!(rows::<entity::code_counter::Entity>(app).await, 0);
    })
    .await;
}

#[tokio::test]
async fn failed_logins_and_what_is_recorded_of_them_go_where_nobody_comes_any_more() {
    on_app(async |app| {
        let login = app.post("/private/token", &json!({ "scope": "readonly" }));
        let login = login.basic("admin", "wrong").send().await;
        login.refuses(401, 2015);
        let window = app.app.settings.limits.login_window;
        swept(app, window).await;
        assert_eq!(rows::<entity::login_attempt::Entity>(app).await, 1);
        swept(app, Duration::from_secs(1)).await;
        assert_eq!(rows::<entity::login_attempt::Entity>(app).await, 0);
        assert_eq!(rows::<entity::login_limit::Entity>(app).await, 0);

        let recorded = rows::<entity::audit_event::Entity>(app).await;
        assert!(recorded > 0);
        swept(app, DAY * 364).await;
        assert_eq!(rows::<entity::audit_event::Entity>(app).await, recorded);
        swept(app, DAY).await;
        assert_eq!(rows::<entity::audit_event::Entity>(app).await, 0);
    })
    .await;
}

#[tokio::test]
async fn payment_providers_are_forgotten_a_month_after_the_last_server_asked() {
    const URL: &str = "https://gone.example/";

    on_app(async |app| {
        let now_us = app.app.now_us();
        let known: Result<_, DatabaseError> = app
            .app
            .database
            .write(move |transaction| {
                Box::pin(async move { exchange::ensure(transaction, URL, &[7; 32], now_us).await })
            })
            .await;
        assert!(known.expect("a write"));
        swept(app, DAY * 30).await;
        assert_eq!(rows::<entity::exchange::Entity>(app).await, 1);
        swept(app, Duration::from_secs(1)).await;
        assert_eq!(rows::<entity::exchange::Entity>(app).await, 0);
    })
    .await;
}
