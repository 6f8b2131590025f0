//! What the operator does to other instances, confirmed by the factor of `admin`.

use std::time::Duration;

use entity::challenge::Channel;

use super::{EMAIL, change_auth, id, local_token, on_app_with_codes, send, set_factor};

const MANAGED: &str = "/management/instances/shop";

#[tokio::test]
async fn the_codes_of_admin_are_counted_for_all_that_the_operator_does() {
    on_app_with_codes(async |app, _| {
        app.shop("shop").await;
        set_factor(app, "admin", Channel::Email, EMAIL).await;
        let admin = local_token(app, "admin").await;
        let change = || change_auth(app, MANAGED, "new", &admin);
        let delete = || app.delete(MANAGED).bearer(&admin);
        let begun = [id(&change().send().await), id(&delete().send().await)];
        for number in 0..24 {
            send(app, &begun[number % 2]).await.expect(200);
            app.clock.advance(Duration::from_secs(30));
        }
        send(app, &begun[0]).await.refuses(429, 2130);
        change().send().await.refuses(403, 2131);
        delete().send().await.refuses(403, 2131);
        // The shop is still there, with the password that it had.
        app.token("shop", "all").await;
    })
    .await;
}
