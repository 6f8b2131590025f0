//! `kontor man`: the manual pages, made of what `--help` says.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::Cli;
use super::failure::Failure;
use super::output;

/// Arguments of `kontor man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kontor man | man -l -
  kontor man --out /usr/local/share/man/man1; man kontor-instance-create")]
pub struct ManArgs {
    /// Write a page for each verb into this folder, which is made where it is missing
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

/// Prints the page of the program itself, or writes them all.
///
/// # Errors
/// The folder or a page cannot be written.
pub fn run(args: &ManArgs) -> Result<(), Failure> {
    let mut program = Cli::command().disable_help_subcommand(true);
    // Each verb learns its whole name and the settings that hold everywhere.
    program.build();
    let Some(folder) = &args.out else {
        let page = page(&program).map_err(|reason| Failure::failed(reason.to_string()))?;
        return output::line(String::from_utf8_lossy(&page).trim_end());
    };
    let written = std::fs::create_dir_all(folder).and_then(|()| write(&program, folder));
    let count = written.map_err(|reason| {
        Failure::failed(format!(
            "cannot write the pages to {}: {reason}",
            folder.display()
        ))
    })?;
    output::line(&format!("Wrote {count} pages to {}.", folder.display()))
}

/// Writes the page of a verb and those of its verbs, and returns how many.
fn write(command: &Command, folder: &Path) -> io::Result<usize> {
    let file = Man::new(command.clone()).get_filename();
    std::fs::write(folder.join(file), page(command)?)?;
    let mut count = 1;
    for verb in command.get_subcommands() {
        count += write(verb, folder)?;
    }
    Ok(count)
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone())
        .source(format!("Kontor {}", env!("CARGO_PKG_VERSION")))
        .manual("Kontor");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(notes) = command.get_after_help() {
        render_notes(&notes.to_string()).to_writer(&mut page)?;
    }
    Ok(page)
}

/// What stands below the help. Its lines are laid out already.
fn render_notes(notes: &str) -> Roff {
    let mut section = Roff::new();
    section.control("SH", ["NOTES"]).control("nf", []);
    for line in notes.lines() {
        section.text([roman(line)]);
    }
    section.control("fi", []);
    section
}
