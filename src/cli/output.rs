//! What goes to standard output and standard error.

use std::io::{self, Write as _};
use std::time::{Duration, UNIX_EPOCH};

use clap::Args;
use kontor_openapi::scalar::Timestamp;
use serde::Serialize;

use super::failure::Failure;
use crate::tan::{plain, printable};

/// How a verb prints its data.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct OutputArgs {
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

impl OutputArgs {
    /// Prints data as JSON, or as the text that `text` makes of it.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub fn print<T: Serialize>(
        self,
        data: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        if self.json {
            json(data)
        } else {
            line(text(data).trim_end())
        }
    }
}

/// Prints a value as indented JSON.
///
/// # Errors
/// Standard output cannot be written to.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|reason| Failure::failed(format!("cannot write JSON: {reason}")))?;
    line(&text)
}

/// Prints text and ends its line. A reader that went away, such as `head`, is no failure.
///
/// # Errors
/// Standard output cannot be written to.
pub fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(reason) if reason.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(format!(
            "cannot write to standard output: {reason}"
        ))),
        _ => Ok(()),
    }
}

/// Prints each sentence of a failure to standard error.
pub fn error(failure: &Failure) {
    let mut err = io::stderr().lock();
    for sentence in failure.message.lines() {
        // Strangers chose some of these words. Nobody is left to tell when standard error is closed.
        drop(writeln!(err, "error: {}", printable(sentence)));
    }
}

/// Prints a sentence to standard error about what was done all the same.
pub fn warning(sentence: &str) {
    // Nobody is left to tell when standard error is closed.
    drop(writeln!(
        io::stderr().lock(),
        "warning: {}",
        printable(sentence)
    ));
}

/// A point in time for people: UTC, to the second.
#[must_use]
pub fn time(at: Timestamp) -> String {
    match at {
        Timestamp::Never => "never".to_owned(),
        Timestamp::Seconds(seconds) => UNIX_EPOCH
            .checked_add(Duration::from_secs(seconds))
            .map_or_else(
                || seconds.to_string(),
                |at| humantime::format_rfc3339_seconds(at).to_string(),
            ),
    }
}

/// Rows under headings, as columns of equal width. What is no plain text in a cell is taken out.
#[must_use]
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let headings: Vec<String> = headings
        .iter()
        .map(|heading| (*heading).to_owned())
        .collect();
    // Strangers chose some of these texts, and a terminal obeys more than letters.
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| plain(cell)).collect())
        .collect();
    let all = || std::iter::once(&headings).chain(&rows);
    let width = |column: usize| {
        all()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    all().fold(String::new(), |text, row| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        text + cells.collect::<Vec<_>>().join("  ").trim_end() + "\n"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            vec!["shop".to_owned(), "Café".to_owned()],
            vec!["admin".to_owned(), String::new()],
        ];
        assert_eq!(
            table(&["ID", "NAME"], &rows),
            "ID     NAME\nshop   Café\nadmin\n"
        );
    }
}
