//! What the payment providers know of the owners of accounts: asking them, showing what they say, waiting for it, and the
//! transfer that proves who owns an account.

mod asking;
mod shown;
mod transfer;
mod waiting;

use std::time::Duration;

use kontor::{config::Settings, exchange::refresh::refresh_due, kyc::check::check_due};
use poem::{Response, http::StatusCode};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    exchange::{TestExchange, json_response},
    on_app_with,
};

const ACCOUNTS: &str = "/instances/shop/private/accounts";
const KYC: &str = "/instances/shop/private/kyc";
const PAYTO: &str = "payto://iban/CH5604835012345678009?receiver-name=Corner%20Coffee";
const TOKEN: &str = "3JMPHRKJ0Z3KYYAQVMVBWZDGSBVCE2RAT1ZZQ5AWPDE9NQHXN8S0";

/// A shop with one account, on an application that trusts a payment provider whose keys it has.
struct Shop<'a> {
    app: &'a TestApp,
    exchange: &'a TestExchange,
    token: String,
    h_wire: String,
}

async fn with_shop(test: impl AsyncFnOnce(&Shop<'_>)) {
    with_shop_of_many(800, test).await;
}

/// The same on a server that takes so many connections.
async fn with_shop_of_many(connections: usize, test: impl AsyncFnOnce(&Shop<'_>)) {
    let exchange = TestExchange::start().await;
    let trust = exchange.trust();
    let adjust = |settings: &mut Settings| {
        settings.limits.connections = connections;
        // That many at once take their time on a slow machine.
        settings.database.acquire_timeout = Duration::from_secs(60);
        trust(settings);
    };
    on_app_with(adjust, async |app| {
        app.create_admin().await;
        let token = app.shop("shop").await;
        let h_wire = add(app, &token, PAYTO).await;
        refresh_due(&app.app).await.expect("keys");
        let shop = Shop {
            app,
            exchange: &exchange,
            token,
            h_wire,
        };
        test(&shop).await;
    })
    .await;
}

/// Adds an account and returns its wire hash.
async fn add(app: &TestApp, token: &str, payto: &str) -> String {
    let account = json!({ "payto_uri": payto });
    let added = app.post(ACCOUNTS, &account).bearer(token).send().await;
    let added = added.expect(200);
    added["h_wire"].as_str().expect("a hash").to_owned()
}

impl Shop<'_> {
    /// From now on the payment provider says this of every account.
    fn says(&self, status: u16, body: Value) {
        self.exchange
            .answer("/kyc-check/", move |_| answer(status, &body));
    }

    /// Has the payment provider asked about what is due.
    async fn check(&self) {
        check_due(&self.app.app).await.expect("what is due");
    }

    /// What is shown of the only account.
    async fn entry(&self) -> Value {
        let entries = self.get("").await["kyc_data"].clone();
        assert_eq!(entries.as_array().expect("a list").len(), 1, "{entries}");
        entries[0].clone()
    }

    async fn get(&self, query: &str) -> Value {
        let call = self.app.get(&format!("{KYC}{query}")).bearer(&self.token);
        call.send().await.expect(200)
    }
}

fn answer(status: u16, body: &Value) -> Response {
    let mut response = json_response(body);
    response.set_status(StatusCode::from_u16(status).expect("a status"));
    response
}

/// What a payment provider says of an account that it knows.
fn known(aml_review: bool) -> Value {
    json!({ "aml_review": aml_review, "access_token": TOKEN, "rule_gen": 3 })
}
