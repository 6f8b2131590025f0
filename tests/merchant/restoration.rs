//! A shop after its server was lost and a backup restored elsewhere: nobody has to do anything again.

use kontor::db;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;

use super::second_factor::{
    OWN, code, confirm, id, login, on_app_with_codes, send, shop, with_ids,
};
use crate::support::{Call, TestApp};

/// A request that takes a code.
fn add_account<'a>(app: &'a TestApp, token: &str) -> Call<'a> {
    let account = json!({ "payto_uri": "payto://void/shop" });
    let add = app.post(&format!("{OWN}/accounts"), &account);
    add.bearer(token)
}

#[tokio::test]
async fn a_shop_goes_on_where_it_was() {
    on_app_with_codes(async |app, codes| {
        let token = shop(app).await;
        let device = json!({
            "otp_device_id": "till", "otp_device_description": "Till", "otp_algorithm": 1,
            "otp_key": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        });
        let devices = format!("{OWN}/otp-devices");
        let call = app.post(&devices, &device).bearer(&token);
        call.send().await.expect(204);
        // One request is confirmed, another one has its code sent, and a third is only asked for.
        let solved = id(&add_account(app, &token).send().await);
        let right = code(app, codes, &solved).await;
        confirm(app, &solved, &right).await.expect(204);
        let sent = id(&login(app, "shop").send().await);
        let sent_code = code(app, codes, &sent).await;
        let open = id(&login(app, "shop").send().await);
        let till = app.get(&format!("{devices}/till?faketime=1111111109"));
        let till = till.bearer(&token).send().await.expect(200);

        app.restored(async |restored| {
            let shown = restored.get(OWN).bearer(&token).send().await;
            assert_eq!(shown.expect(200)["email_validated"], true);
            // The private keys are sealed with the same key file.
            let again = restored.get(&format!("{devices}/till?faketime=1111111109"));
            assert_eq!(again.bearer(&token).send().await.expect(200), till);
            with_ids(add_account(restored, &token), &[solved])
                .send()
                .await
                .expect(200);
            confirm(restored, &sent, &sent_code).await.expect(204);
            let logged_in = with_ids(login(restored, "shop"), &[sent]).send().await;
            logged_in.expect(200);
            send(restored, &open).await.expect(200);
            let right = codes.last("email");
            confirm(restored, &open, &right).await.expect(204);

            // What is written goes into the restored database alone.
            let reader = restored.app.database.read();
            let accounts = entity::bank_account::Entity::find().count(reader).await;
            assert_eq!(accounts.expect("a query"), 1);
            let reader = app.app.database.read();
            let accounts = entity::bank_account::Entity::find().count(reader).await;
            assert_eq!(accounts.expect("a query"), 0);
            let before = db::key::all(reader).await.expect("keys");
            let reader = restored.app.database.read();
            assert_eq!(db::key::all(reader).await.expect("keys"), before);
        })
        .await;
    })
    .await;
}
