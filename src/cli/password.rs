//! Where a password is read from. It is never an argument: those are seen by every user of the machine.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use super::failure::Failure;
use super::first_line;

/// Password of the instance `admin`, for its creation and for `serve`.
pub const ADMIN_PASSWORD: &str = "KONTOR_ADMIN_PASSWORD";
/// File that holds the password of the instance `admin`.
pub const ADMIN_PASSWORD_FILE: &str = "KONTOR_ADMIN_PASSWORD_FILE";
/// Longest password, in bytes.
pub const LONGEST: usize = 1024;

/// Where to read a password from, instead of asking for it.
#[derive(Debug, Clone, Default, Args)]
#[group(multiple = false)]
pub struct PasswordArgs {
    /// Read the password from the first line of standard input
    #[arg(long)]
    pub password_stdin: bool,
    /// Read the password from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

impl PasswordArgs {
    /// The password for an instance: from standard input or the file if the flags say so; for `admin` from the environment
    /// if it is there; else from whoever sits at the terminal, asked twice.
    ///
    /// # Errors
    /// Nothing to read from, nothing in it, or a password that is too long.
    pub fn read(&self, instance: &str) -> Result<Zeroizing<String>, Failure> {
        if self.password_stdin {
            return checked(first_line::of_stdin("password")?, "standard input");
        }
        if let Some(file) = &self.password_file {
            return from_file(file);
        }
        if instance == "admin"
            && let Some(password) = admin_from_environment()?
        {
            return Ok(password);
        }
        if !io::stdin().is_terminal() {
            let message = format!(
                "no password for instance {instance:?}: there is no terminal to ask at; use --password-stdin or --password-file FILE"
            );
            return Err(Failure::usage(message));
        }
        ask(instance)
    }
}

/// The password in `KONTOR_ADMIN_PASSWORD`, or in the file that `KONTOR_ADMIN_PASSWORD_FILE` names, if either is set.
///
/// # Errors
/// Both are set, the file cannot be read, or the password is empty or too long.
pub fn admin_from_environment() -> Result<Option<Zeroizing<String>>, Failure> {
    let password = std::env::var_os(ADMIN_PASSWORD);
    let file = std::env::var_os(ADMIN_PASSWORD_FILE);
    match (password, file) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Failure::usage(format!(
            "{ADMIN_PASSWORD} and {ADMIN_PASSWORD_FILE} are both set; keep one of them"
        ))),
        (None, Some(file)) => from_file(Path::new(&file)).map(Some),
        (Some(password), None) => {
            let text = password
                .into_string()
                .map_err(|_| Failure::usage(format!("{ADMIN_PASSWORD} is not UTF-8 text")))?;
            checked(Zeroizing::new(text), ADMIN_PASSWORD).map(Some)
        }
    }
}

fn from_file(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let password = first_line::of_file("password", file)?;
    checked(password, &file.display().to_string())
}

fn ask(instance: &str) -> Result<Zeroizing<String>, Failure> {
    let prompt = |text: String| {
        rpassword::prompt_password(text)
            .map(Zeroizing::new)
            .map_err(|reason| Failure::failed(format!("cannot read the password: {reason}")))
    };
    let password = prompt(format!("Password for instance {instance}: "))?;
    if prompt("The same again: ".to_owned())? != password {
        return Err(Failure::failed(
            "the two passwords differ; nothing was changed",
        ));
    }
    checked(password, "the terminal")
}

fn checked(password: Zeroizing<String>, source: &str) -> Result<Zeroizing<String>, Failure> {
    match password.len() {
        0 => Err(Failure::usage(format!(
            "the password from {source} is empty"
        ))),
        1..=LONGEST => Ok(password),
        _ => Err(Failure::usage(format!(
            "the password from {source} is longer than {LONGEST} bytes"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_file_is_the_password() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("password");
        let read = |content: &str| {
            std::fs::write(&file, content).expect("a file");
            let args = PasswordArgs {
                password_stdin: false,
                password_file: Some(file.clone()),
            };
            args.read("shop").map(|password| password.to_string())
        };
        assert_eq!(
            read("correct horse \r\nsecond line\n").as_deref(),
            Ok("correct horse ")
        );
        assert!(read("\n").is_err());
        assert!(read(&"x".repeat(LONGEST)).is_ok());
        assert!(read(&"x".repeat(LONGEST + 1)).is_err());
    }
}
