//! The instances that the sandbox begins with.

use kontor_openapi::merchant::InstanceConfigurationMessage;
use kontor_openapi::scalar::{InstanceId, base32};
use serde::Serialize;
use serde_json::Value;

use super::examples::{Examples, defect, furnish_like_examples};
use crate::app::App;
use crate::audit::Origin;
use crate::auth::{Scope, TokenScope};
use crate::cli::application::{grant, parse_id, parse_password, password_auth, plain_instance};
use crate::cli::failure::Failure;
use crate::config::Lifetime;
use crate::merchant::{By, Granted, base_url, create_instance};

/// The shop that the examples of the document speak of, and where its settings stand there.
const SAMPLE_SHOP: &str = "coffee-shop";
const SAMPLE_SETTINGS: &str = "/components/examples/ShopMoved/value";

/// An address that a code can be "sent" to.
const OPERATOR: &str = "operator@example.com";

/// What a token is for that is there to be revoked.
const SPARE: &str = "spare token, to be revoked";

/// An instance with its keys to the door. Printing them is what the sandbox is for.
#[derive(Serialize)]
pub(super) struct SandboxInstance {
    pub id: String,
    pub base_url: String,
    pub password: String,
    pub token: String,
}

pub(super) fn admin(app: &App) -> Result<InstanceConfigurationMessage, Failure> {
    let id = parse_id(InstanceId::ADMIN)?;
    let password = parse_password(&password(app))?;
    Ok(InstanceConfigurationMessage {
        email: Some(OPERATOR.to_owned()),
        ..plain_instance(id, "Operator".to_owned(), password)
    })
}

/// The shop of the document's example.
pub(super) fn sample_shop(app: &App) -> Result<InstanceConfigurationMessage, Failure> {
    let mut example: Value = Examples::of_merchant()?.at(SAMPLE_SETTINGS)?;
    example["id"] = SAMPLE_SHOP.into();
    example["auth"] = serde_json::json!({"method": "token", "password": password(app)});
    let mut shop: InstanceConfigurationMessage =
        serde_json::from_value(example).map_err(|reason| defect(&reason))?;
    if let Some(regex) = &app.settings.merchant.phone_regex {
        shop.phone_number = shop.phone_number.filter(|number| regex.is_match(number));
    }
    Ok(shop)
}

/// 80 random bits, to be read and typed.
fn password(app: &App) -> String {
    base32::encode(&app.random.bytes::<10>())
}

/// Creates an instance with a password of its own, a token for everything, and what the examples of the document name.
pub(super) async fn furnish(
    app: &App,
    mut message: InstanceConfigurationMessage,
) -> Result<SandboxInstance, Failure> {
    let password = password(app);
    let id = message.id.clone();
    message.auth = password_auth(parse_password(&password)?);
    create_instance(app, message, &Origin::of_command_line(), By::CommandLine)
        .await
        .map_err(|error| Failure::of_operation(error, id.as_str()))?;
    furnish_like_examples(app, id.as_str()).await?;
    let granted = token(app, &id, Scope::All, "made by kontor sandbox").await?;
    token(app, &id, Scope::ReadOnly, SPARE).await?;
    Ok(SandboxInstance {
        base_url: base_url(app, &id),
        id: id.to_string(),
        password,
        token: granted.token.expose().to_owned(),
    })
}

/// A token without end.
async fn token(
    app: &App,
    id: &InstanceId,
    scope: Scope,
    description: &str,
) -> Result<Granted, Failure> {
    let scope = TokenScope {
        scope,
        // So that whoever has authorised with it can log in by it, too.
        refreshable: true,
    };
    let description = Some(description.to_owned());
    grant(
        app,
        id.as_str(),
        scope,
        Some(Lifetime::Forever),
        description,
    )
    .await
}

impl SandboxInstance {
    pub fn text(&self) -> String {
        format!(
            "Instance {}\n  base URL  {}\n  password  {}\n  token     {}\n\n",
            self.id, self.base_url, self.password, self.token
        )
    }
}
