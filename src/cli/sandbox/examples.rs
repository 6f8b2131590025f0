//! What the examples of the documents name, so that they work here as they stand.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kontor_openapi::merchant::{AccountAddDetails, OtpDeviceAddDetails};
use kontor_openapi::scalar::HashCode;
use kontor_openapi::{challenger, merchant};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::app::App;
use crate::audit::{Event, Origin, Recorder};
use crate::challenger::client_secret::ClientSecret;
use crate::challenger::clients::{Registration, register};
use crate::challenger::nonce::Nonce;
use crate::challenger::redirect_uri::RedirectUri;
use crate::challenger::{SetUp, set_up_with};
use crate::cli::application::find_instance;
use crate::cli::failure::Failure;
use crate::db::bank_account::{AccountFacade, NewBankAccount};
use crate::db::{self, DatabaseError, Topic};
use crate::domain::payto::Payto;
use crate::domain::wire_hash::{Salt, WireHash};
use crate::merchant::register_otp_device;

const DEVICE: &str = "/paths/~1private~1otp-devices/post/requestBody/content/application~1json/examples/withoutPrice/value";
const ACCOUNT: &str =
    "/paths/~1private~1accounts/post/requestBody/content/application~1json/examples/plain/value";
const SALT: &str = "/paths/~1private~1accounts/post/responses/200/content/application~1json/examples/added/value/salt";

const REDIRECT_URI: &str = "/components/parameters/RedirectUri/example";
const NONCE: &str = "/components/parameters/Nonce/example";
const CLIENT_SECRET: &str = "/paths/~1token/post/requestBody/content/application~1x-www-form-urlencoded/examples/post/value/client_secret";

const TERMS: [(&str, &str); 2] = [
    (
        "en.txt",
        "Terms of service of a sandbox: it is there to be played with, and nothing of it is kept.\n",
    ),
    (
        "de.txt",
        "Nutzungsbedingungen einer Spielwiese: Sie ist zum Ausprobieren da, und nichts davon bleibt.\n",
    ),
];
const PRIVACY: [(&str, &str); 2] = [
    (
        "en.txt",
        "Privacy policy of a sandbox: what you type here leaves this machine only if whoever started it said so.\n",
    ),
    (
        "de.txt",
        "Datenschutzerklärung einer Spielwiese: Was Sie hier eingeben, verlässt diesen Rechner nur, wenn es beim Start so verlangt wurde.\n",
    ),
];

/// The examples of a document.
pub(super) struct Examples(Value);

impl Examples {
    /// Those of the merchant backend.
    ///
    /// # Errors
    /// A document that is none.
    pub fn of_merchant() -> Result<Self, Failure> {
        Self::of(merchant::DOCUMENT)
    }

    fn of(document: &str) -> Result<Self, Failure> {
        let document = serde_json::from_str(document);
        document.map(Self).map_err(|reason| defect(&reason))
    }

    /// The one at a JSON pointer.
    ///
    /// # Errors
    /// There is none, or it is something else.
    pub fn at<T: DeserializeOwned>(&self, pointer: &str) -> Result<T, Failure> {
        let example = self.0.pointer(pointer).cloned().unwrap_or_default();
        serde_json::from_value(example).map_err(|reason| defect(&reason))
    }
}

pub(super) fn defect(reason: &dyn std::fmt::Display) -> Failure {
    Failure::failed(format!(
        "an example of the document cannot be used: {reason}"
    ))
}

/// Gives an instance the OTP device and the bank account of the examples.
///
/// # Errors
/// The database's, and an example that cannot be used.
pub(super) async fn furnish_like_examples(app: &App, id: &str) -> Result<(), Failure> {
    let examples = Examples::of_merchant()?;
    let instance = find_instance(app, id).await?;
    let device: OtpDeviceAddDetails = examples.at(DEVICE)?;
    let origin = Origin::of_command_line();
    register_otp_device(app, &origin, (instance.serial, id), device)
        .await
        .map_err(|error| Failure::of_operation(error, id))?;
    add_account(app, &examples, instance.serial, id).await
}

/// Adds the account with the salt of the example, and so with its wire hash.
async fn add_account(
    app: &App,
    examples: &Examples,
    instance_serial: i64,
    id: &str,
) -> Result<(), Failure> {
    let details: AccountAddDetails = examples.at(ACCOUNT)?;
    let payto = Payto::parse(&details.payto_uri.0).map_err(|reason| defect(&reason))?;
    let salt: String = examples.at(SALT)?;
    let salt: Salt = salt.parse().map_err(|reason| defect(&reason))?;
    let audit = Recorder::new(app, &Origin::of_command_line());
    let new = NewBankAccount {
        instance_serial,
        payto_uri: payto.as_str().to_owned(),
        payment_target: payto.target_type().to_owned(),
        salt: *salt.as_bytes(),
        h_wire: *WireHash::of(&payto, &salt).as_bytes(),
        facade: AccountFacade::default(),
        created_at_us: audit.now_us(),
    };
    let id = id.to_owned();
    let added = app.database.write(move |transaction| {
        let (audit, id, new) = (audit.clone(), id.clone(), new.clone());
        Box::pin(async move {
            db::bank_account::insert(transaction, &new).await?;
            transaction.announce(Topic::Kyc { instance_serial });
            transaction.announce(Topic::KycChecks);
            let event = Event::AccountAdded {
                h_wire: HashCode(new.h_wire),
                reactivated: false,
            };
            audit.record(transaction, &id, &event).await?;
            Ok::<_, DatabaseError>(())
        })
    });
    Ok(added.await?)
}

/// The client of the examples on the Challenger's page. Its secret stands in the document, and is good in a sandbox alone.
#[derive(Clone, Serialize)]
pub(super) struct ExampleClient {
    pub client_id: String,
    pub client_secret: String,
}

impl ExampleClient {
    /// Registers it, and sets up the validation whose nonce the examples have.
    ///
    /// # Errors
    /// The database's, those of the settings, and an example that cannot be used.
    pub async fn register(app: &Arc<App>) -> Result<Self, Failure> {
        let examples = Examples::of(challenger::DOCUMENT)?;
        let (redirect_uri, nonce): (String, String) =
            (examples.at(REDIRECT_URI)?, examples.at(NONCE)?);
        let secret: String = examples.at(CLIENT_SECRET)?;
        let registration = Registration {
            redirect_uri: RedirectUri::parse(&redirect_uri).map_err(|wrong| defect(&wrong))?,
            secret: ClientSecret::parse(&secret).map_err(|wrong| defect(&wrong))?,
            requires_pkce: false,
        };
        let id = register(app, &Origin::of_command_line(), &registration).await?;
        let nonce = Nonce::parse(&nonce).ok_or_else(|| defect(&"it is no nonce"))?;
        let rules = super::client::rules(app)?;
        set_up_with(app, &rules, id, SetUp::default(), &nonce)
            .await
            .map_err(|error| Failure::failed(error.to_string()))?;
        Ok(Self {
            client_id: id.to_string(),
            client_secret: secret,
        })
    }

    pub fn text(&self) -> String {
        format!(
            "Client {} of the Challenger, for the examples on its page\n  secret        {}\n\n",
            self.client_id, self.client_secret
        )
    }
}

/// Writes terms of service and privacy policy into a folder; returns where they are.
///
/// # Errors
/// The folder cannot be written to.
pub(super) fn write_legal_documents(folder: &Path) -> Result<[PathBuf; 2], Failure> {
    let written = [("terms", TERMS), ("privacy", PRIVACY)].map(|(name, texts)| {
        let folder = folder.join(name);
        fs::create_dir(&folder)?;
        for (file, text) in texts {
            fs::write(folder.join(file), text)?;
        }
        Ok(folder)
    });
    let [terms, privacy] = written.map(|written: std::io::Result<PathBuf>| {
        written.map_err(|reason| Failure::failed(format!("cannot write a document: {reason}")))
    });
    Ok([terms?, privacy?])
}
