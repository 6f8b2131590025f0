//! Secrets that a verb reads: the first line of standard input or of a file.

use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::failure::Failure;

/// The first line of standard input, without its end.
///
/// # Errors
/// It cannot be read; the sentence calls the secret `what`.
pub fn of_stdin(what: &str) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    io::stdin().read_to_string(&mut text).map_err(|reason| {
        Failure::failed(format!(
            "cannot read the {what} from standard input: {reason}"
        ))
    })?;
    Ok(first_line(&text))
}

/// The first line of a file, without its end.
///
/// # Errors
/// It cannot be read; the sentence calls the secret `what`.
pub fn of_file(what: &str, file: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|reason| {
        Failure::failed(format!(
            "cannot read the {what} file {}: {reason}",
            file.display()
        ))
    })?;
    Ok(first_line(&Zeroizing::new(text)))
}

fn first_line(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.lines().next().unwrap_or_default().to_owned())
}
