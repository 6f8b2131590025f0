//! Bank accounts: adding, listing, showing, changing and deactivating them. One file for each of the larger questions.

mod adding;
mod facade;
mod protected;
mod shown;

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// Where the instance `shop` keeps its accounts.
const ACCOUNTS: &str = "/instances/shop/private/accounts";
const PAYTO: &str = "payto://iban/CH9300762011623852957?receiver-name=Corner%20Coffee";
const OTHER_PAYTO: &str = "payto://iban/DE75512108001245126199?receiver-name=Corner%20Coffee";
/// A well-formed wire hash that no account has.
const NO_ACCOUNT: &str = "9E84VKRCKVCP08SMNYH1K1YK2EVM1RS35ZAM7KV8EMV86PXFJHHX9883H1BFR4Z11PTQ7570TF177T0XXYMWJ7EAADRXSXY1H5SXSXG";

/// An account with everything.
fn with_facade() -> Value {
    json!({
        "payto_uri": PAYTO,
        "credit_facade_url": "https://bank.example.com/accounts/coffee/taler-revenue/",
        "credit_facade_credentials": {
            "type": "basic", "username": "coffee", "password": "planted-espresso",
        },
        "extra_wire_subject_metadata": "shop-7",
    })
}

async fn add(app: &TestApp, token: &str, account: &Value) -> Answer {
    app.post(ACCOUNTS, account).bearer(token).send().await
}

/// Adds an account and returns where it is.
async fn added(app: &TestApp, token: &str, account: &Value) -> String {
    let added = add(app, token, account).await.expect(200);
    let h_wire = added["h_wire"].as_str().expect("a wire hash");
    format!("{ACCOUNTS}/{h_wire}")
}
