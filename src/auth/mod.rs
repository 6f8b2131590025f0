//! Who is calling and what they may do.
//!
//! A request presents a credential ([`Presented`]); it is an access token, found in the database by
//! its [`TokenDigest`], or an instance's password, which the [`Hasher`] compares with the stored
//! [`PasswordHash`], or a [`LegacySecret`], which is both. What an access token allows is its
//! [`TokenScope`].

mod access_token;
mod credential;
mod fair_queue;
mod hasher;
mod legacy_secret;
mod network;
mod password;
mod scope;
mod verified_secrets;

pub use access_token::{AccessToken, TokenDigest, looks_like_access_token};
pub use credential::{Presented, PresentedSecret};
pub use hasher::{
    HashError, Hasher, HasherBusy, HasherSettings, HasherStartError, HasherStatistics,
};
pub use legacy_secret::{InvalidLegacySecret, LegacySecret, is_high_entropy};
pub use network::ClientNetwork;
pub use password::{HashCost, InvalidHashCost, Password, PasswordHash, PasswordHashError};
pub use scope::{InvalidScope, Scope, TOKEN_REFRESH, TokenScope};
pub use verified_secrets::VerifiedSecrets;
