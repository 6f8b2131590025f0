//! A payment provider at the time of this machine.

use serde_json::json;

use crate::support::exchange::TestExchange;

/// Starts one.
pub async fn provider() -> TestExchange {
    let provider = TestExchange::start().await;
    provider.adjust(|keys| {
        for key in keys["signkeys"].as_array_mut().expect("a list") {
            key["stamp_expire"] = json!({ "t_s": "never" });
        }
    });
    provider
}

/// What an operator writes down who trusts it.
pub fn configuration(provider: &TestExchange) -> String {
    let settings = provider.settings();
    format!(
        "[[merchant.exchanges]]\nbase_url = \"{}\"\nmaster_key = \"{}\"\ncurrency = \"{}\"\n",
        provider.base_url(),
        settings.master_key,
        settings.currency,
    )
}
