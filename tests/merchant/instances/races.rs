//! What happens at the same time.

use std::{collections::HashMap, num::NonZeroU32};

use futures_util::future::join_all;
use kontor::config::Settings;
use serde_json::{Value, json};

use super::{create, ids, list, required_settings, settings, with};
use crate::support::{Answer, TestApp, instance, on_app, on_app_with};

/// An address of its own for each request, so that no bound on one address is met.
fn address(number: usize) -> String {
    format!("192.0.2.{number}")
}

/// How often each status with its code was answered.
fn outcomes(answers: &[Answer]) -> HashMap<(u16, u16), usize> {
    let mut outcomes = HashMap::new();
    for answer in answers {
        *outcomes
            .entry((answer.status.as_u16(), answer.code().unwrap_or_default()))
            .or_default() += 1;
    }
    outcomes
}

async fn create_all(
    app: &TestApp,
    admin: &str,
    bodies: &[Value],
    address: impl Fn(usize) -> String,
) -> Vec<Answer> {
    let creations = bodies.iter().enumerate().map(|(number, body)| {
        app.post("/management/instances", body)
            .bearer(admin)
            .from(&address(number))
            .send()
    });
    join_all(creations).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_instance_twenty_times_at_once_makes_one() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let bodies = vec![instance("shop"); 20];
        let answers = create_all(app, &admin, &bodies, address).await;
        assert_eq!(outcomes(&answers), HashMap::from([((204, 0), 20)]));
        assert_eq!(ids(&list(app, &admin).await), ["admin", "shop"]);
        app.token("shop", "all").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_instance_twenty_times_at_once_from_one_address_is_bounded() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let bodies = vec![instance("shop"); 20];
        let answers = create_all(app, &admin, &bodies, |_| address(1)).await;
        let outcomes = outcomes(&answers);
        // Hashes that would wait too long, and comparisons that might be guesses, are turned away.
        assert!(
            outcomes
                .keys()
                .all(|outcome| [(204, 0), (503, 77), (429, 2131)].contains(outcome)),
            "{outcomes:?}"
        );
        assert!(outcomes.contains_key(&(204, 0)), "{outcomes:?}");
        assert_eq!(ids(&list(app, &admin).await), ["admin", "shop"]);
        // Nothing failed, so nothing is held against the address.
        let again = app
            .post("/management/instances", &instance("shop"))
            .bearer(&admin)
            .from(&address(1));
        again.send().await.expect(204);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_instance_at_once_with_different_settings_lets_one_win() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let body = |number: usize| {
            with(
                instance("shop"),
                &json!({ "name": format!("Shop {number}") }),
            )
        };
        let bodies: Vec<_> = (0..16).map(body).collect();
        let answers = create_all(app, &admin, &bodies, address).await;
        assert_eq!(
            outcomes(&answers),
            HashMap::from([((204, 0), 1), ((409, 2600), 15)])
        );
        let winner = answers
            .iter()
            .position(|answer| answer.status == 204)
            .unwrap();
        assert_eq!(
            settings(app, &admin, "shop").await["name"],
            bodies[winner]["name"]
        );
        create(app, &admin, &bodies[winner]).await.expect(204);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_instance_at_once_with_different_passwords_lets_one_win() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let body = |number: usize| {
            with(
                instance("shop"),
                &json!({ "auth": { "method": "token", "password": format!("password {number}") } }),
            )
        };
        let bodies: Vec<_> = (0..8).map(body).collect();
        let answers = create_all(app, &admin, &bodies, address).await;
        assert_eq!(
            outcomes(&answers),
            HashMap::from([((204, 0), 1), ((409, 2600), 7)])
        );
        let winner = answers
            .iter()
            .position(|answer| answer.status == 204)
            .unwrap();
        let login = app.post("/instances/shop/private/token", &json!({ "scope": "all" }));
        login
            .basic("shop", &format!("password {winner}"))
            .send()
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn update_instance_sixteen_times_at_once_leaves_one_whole_state() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let admin = app.admin_token("all").await;
        let patches: Vec<_> = (0..16)
            .map(|number| {
                let name = format!("Shop {number}");
                let own = json!({ "name": name, "email": name, "address": { "town": name }, "default_pay_delay": { "d_us": number } });
                with(required_settings(), &own)
            })
            .collect();
        let calls = patches.iter().enumerate().map(|(number, patch)| match number % 2 {
            0 => app.patch("/management/instances/shop", patch).bearer(&admin).send(),
            _ => app.patch("/instances/shop/private", patch).bearer(&shop).send(),
        });
        let answers = join_all(calls).await;
        assert_eq!(outcomes(&answers), HashMap::from([((204, 0), 16)]));
        let shown = settings(app, &admin, "shop").await;
        let winner = patches.iter().find(|patch| patch["name"] == shown["name"]).expect("one of them");
        super::assert_settings(&shown, winner);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delete_instance_at_once_succeeds_once() {
    on_app(async |app| {
        app.shop("shop").await;
        let admin = app.admin_token("all").await;
        for (path, loser) in [
            ("/management/instances/shop", 2016),
            ("/management/instances/shop?purge=YES", 2000),
        ] {
            let answers = join_all((0..8).map(|_| app.delete(path).bearer(&admin).send())).await;
            assert_eq!(
                outcomes(&answers),
                HashMap::from([((204, 0), 1), ((404, loser), 7)])
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delete_instance_amid_other_operations_is_no_fault() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        for round in 0..5 {
            let id = format!("shop{round}");
            let shop = app.shop(&id).await;
            let (managed, own) = (
                format!("/management/instances/{id}"),
                format!("/instances/{id}/private"),
            );
            let auth = json!({ "method": "token", "password": "x" });
            let scope = json!({ "scope": "all" });
            let purge = if round % 2 == 0 { "?purge=YES" } else { "" };
            let calls = (0..4).flat_map(|number| {
                let of = address(number + 10 * round);
                [
                    app.post(&format!("{managed}/auth"), &auth)
                        .bearer(&admin)
                        .from(&of),
                    app.post(&format!("{own}/auth"), &auth)
                        .bearer(&shop)
                        .from(&of),
                    app.post(&format!("{own}/token"), &scope)
                        .basic(&id, "x")
                        .from(&of),
                    app.delete(&format!("{managed}{purge}"))
                        .bearer(&admin)
                        .from(&of),
                    app.patch(&own, &required_settings())
                        .bearer(&shop)
                        .from(&of),
                    app.post("/management/instances", &instance(&id))
                        .bearer(&admin)
                        .from(&of),
                ]
            });
            let answers = join_all(calls.map(|call| call.send())).await;
            let outcomes = outcomes(&answers);
            assert!(
                outcomes.keys().all(|(status, _)| *status < 500),
                "{outcomes:?}"
            );
        }
    })
    .await;
}

/// Waits until so many password hashes wait for their turn.
async fn hashes_wait(app: &TestApp, count: usize) {
    while app.app.hasher.statistics().waiting < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn change_own_instance_auth_does_not_outlive_the_operators_reset() {
    let slow_and_one_at_a_time = |settings: &mut Settings| {
        settings.passwords.workers = NonZeroU32::new(1);
        settings.passwords.memory_kib = 19_456;
        settings.passwords.iterations = 8;
    };
    on_app_with(slow_and_one_at_a_time, async |app| {
        app.create_admin().await;
        let stolen = app.shop("shop").await;
        let admin = app.admin_token("all").await;
        let auth = |password: &str| json!({ "method": "token", "password": password });
        // The thief's guesses keep the thief's own change waiting; networks are served in turn, so the operator's
        // reset, which comes last, is hashed and written before it.
        let guesses = join_all((0..3).map(|number| {
            let guess = app.post("/instances/shop/private/token", &json!({ "scope": "all" }));
            let guess = guess.basic("shop", &format!("guess {number}"));
            guess.from("192.0.2.7").send()
        }));
        let theft = async {
            hashes_wait(app, 2).await;
            let theft = app.post("/instances/shop/private/auth", &auth("thief"));
            theft.bearer(&stolen).from("192.0.2.7").send().await
        };
        let reset = async {
            hashes_wait(app, 3).await;
            let reset = app.post("/management/instances/shop/auth", &auth("operator"));
            reset.bearer(&admin).from("198.51.100.7").send().await
        };
        let (_, theft, reset) = tokio::join!(guesses, theft, reset);
        reset.expect(204);
        theft.refuses(401, 2015);
        for (password, status) in [("operator", 200), ("thief", 401)] {
            let login = app.post("/instances/shop/private/token", &json!({ "scope": "all" }));
            let login = login.basic("shop", password).from("203.0.113.7");
            login.send().await.expect(status);
        }
        let again = app.get("/instances/shop/private").bearer(&stolen);
        again.send().await.refuses(401, 2015);
    })
    .await;
}
