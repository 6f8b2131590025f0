//! Where the secret of a client is read from, if it is not to be a new one.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use kontor_openapi::challenger;
use secrecy::{ExposeSecret as _, SecretString};

use super::failure::Failure;
use super::first_line;
use crate::challenger::client_secret::ClientSecret;

/// Where to read a secret from, instead of making one.
#[derive(Clone, Default, Args)]
#[group(multiple = false)]
pub struct SecretArgs {
    /// Take this secret instead of a new one; every user of the machine sees it while the command runs
    #[arg(long, value_name = "SECRET")]
    pub secret: Option<SecretString>,
    /// Read the secret from the first line of standard input
    #[arg(long)]
    pub secret_stdin: bool,
    /// Read the secret from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}

impl SecretArgs {
    /// The secret that the flags name, if they do.
    ///
    /// # Errors
    /// Exit code 1 where it cannot be read, 2 where it could be guessed or is known to everybody.
    pub fn read(&self) -> Result<Option<ClientSecret>, Failure> {
        let text = match (&self.secret, &self.secret_file) {
            (Some(secret), _) => return parse(secret.expose_secret()),
            (None, Some(file)) => first_line::of_file("secret", file)?,
            (None, None) if self.secret_stdin => first_line::of_stdin("secret")?,
            (None, None) => return Ok(None),
        };
        parse(&text)
    }
}

fn parse(text: &str) -> Result<Option<ClientSecret>, Failure> {
    let secret = ClientSecret::parse(text).map_err(|weak| Failure::usage(weak.to_string()))?;
    match challenger::DOCUMENT.contains(secret.expose()) {
        true => Err(Failure::usage(
            "that secret is an example of the published document, which everybody knows; take one of your own, or leave it out",
        )),
        false => Ok(Some(secret)),
    }
}

impl fmt::Debug for SecretArgs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SecretArgs").finish_non_exhaustive()
    }
}
