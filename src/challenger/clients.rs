//! How clients of the Challenger come, change their secret, and go. Only the operator does that.

use crate::{
    app::App,
    audit::{Event, Origin, Recorder},
    db::{
        DatabaseError,
        client::{self, NewClient},
    },
};

use super::{client_secret::ClientSecret, redirect_uri::RedirectUri};

/// What a client is registered with.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The one URI that people are sent back to.
    pub redirect_uri: RedirectUri,
    /// What it is to prove itself with.
    pub secret: ClientSecret,
    /// Whether it must send a code challenge (RFC 7636).
    pub requires_pkce: bool,
}

/// Registers a client and returns its id.
///
/// # Errors
/// The database's.
pub async fn register(
    app: &App,
    origin: &Origin,
    registration: &Registration,
) -> Result<i64, DatabaseError> {
    let audit = Recorder::new(app, origin);
    let new = NewClient {
        redirect_uri: registration.redirect_uri.to_string(),
        secret: registration.secret.keyed_digest(&app.keyring),
        requires_pkce: registration.requires_pkce,
        created_at_us: audit.now_us(),
    };
    let registered = app.database.write(move |transaction| {
        let (audit, new) = (audit.clone(), new.clone());
        Box::pin(async move {
            let client = client::insert(transaction, &new).await?;
            let event = Event::ClientRegistered { client };
            audit.record_of_server(transaction, &event).await?;
            Ok(client)
        })
    });
    registered.await
}

/// Gives a client another secret; the former one is worth nothing from then on. `false` if there is no such client.
///
/// # Errors
/// The database's.
pub async fn replace_secret(
    app: &App,
    origin: &Origin,
    client: i64,
    secret: &ClientSecret,
) -> Result<bool, DatabaseError> {
    let audit = Recorder::new(app, origin);
    let secret = secret.keyed_digest(&app.keyring);
    let replaced = app.database.write(move |transaction| {
        let (audit, secret) = (audit.clone(), secret.clone());
        Box::pin(async move {
            let is_there = client::set_secret(transaction, client, &secret).await?;
            if is_there {
                let event = Event::ClientSecretReplaced { client };
                audit.record_of_server(transaction, &event).await?;
            }
            Ok(is_there)
        })
    });
    replaced.await
}

/// Removes a client with all that it set up, its tokens included. `false` if there is no such client.
///
/// # Errors
/// The database's.
pub async fn remove(app: &App, origin: &Origin, client: i64) -> Result<bool, DatabaseError> {
    let audit = Recorder::new(app, origin);
    let removed = app.database.write(move |transaction| {
        let audit = audit.clone();
        Box::pin(async move {
            let is_there = client::delete(transaction, client).await?;
            if is_there {
                let event = Event::ClientDeleted { client };
                audit.record_of_server(transaction, &event).await?;
            }
            Ok(is_there)
        })
    });
    removed.await
}
