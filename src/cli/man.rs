//! `kontor man`: the manual pages, made of what `--help` says.

mod notes;

use std::io;
use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::failure::Failure;
use super::output;
use super::{Cli, EXIT_CODES};
use notes::{Notes, is_laid_out};

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
    let man = Man::new(command.clone().override_usage(synopsis(command)))
        .source(format!("Kontor {}", env!("CARGO_PKG_VERSION")))
        .manual("Kontor");
    let notes = command.get_after_help().map(ToString::to_string);
    let notes = Notes::of(&notes.unwrap_or_default());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    description(&notes.prose).to_writer(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    exit_status(notes.exit_status).to_writer(&mut page)?;
    if !notes.examples.is_empty() {
        examples(&notes.examples).to_writer(&mut page)?;
    }
    Ok(page)
}

/// How the verb is called, with what each option takes.
fn synopsis(command: &Command) -> String {
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let (positional, options): (Vec<_>, Vec<_>) = shown.partition(|arg| arg.is_positional());
    let options = options.into_iter().map(|option| {
        let short = option.get_short().map(|short| format!("-{short}|"));
        let dots = match option.get_action() {
            ArgAction::Append => "...",
            _ => "",
        };
        let option_text = format!("{}{option}", short.unwrap_or_default());
        match option.is_required_set() {
            true => option_text + dots,
            false => format!("[{option_text}]{dots}"),
        }
    });
    let mut words = vec![command.get_bin_name().unwrap_or("kontor").to_owned()];
    words.extend(options);
    words.extend(positional.into_iter().map(ToString::to_string));
    if command.has_subcommands() {
        words.push(match command.is_subcommand_required_set() {
            true => "<COMMAND>".to_owned(),
            false => "[COMMAND]".to_owned(),
        });
    }
    words.join(" ")
}

/// The paragraphs below the help, as the rest of the description.
fn description(prose: &[String]) -> Roff {
    let mut section = Roff::new();
    for paragraph in prose {
        section.control("PP", []);
        if is_laid_out(paragraph) {
            as_it_stands(&mut section, paragraph.lines());
        } else {
            section.text([roman(paragraph)]);
        }
    }
    section
}

/// What the program ends with, and what this means for the verb.
fn exit_status(of_verb: Option<String>) -> Roff {
    let mut section = Roff::new();
    section.control("SH", ["EXIT STATUS"]);
    for code in EXIT_CODES.split(", ") {
        let (number, meaning) = code.split_once(' ').unwrap_or((code, ""));
        section.control("TP", []).text([bold(number)]);
        section.text([roman(meaning)]);
    }
    // The program's own page has the same sentence below its help.
    if let Some(sentence) = of_verb.filter(|sentence| !sentence.contains(EXIT_CODES)) {
        section.control("PP", []).text([roman(sentence)]);
    }
    section
}

fn examples(lines: &[String]) -> Roff {
    let mut section = Roff::new();
    section.control("SH", ["EXAMPLES"]);
    as_it_stands(&mut section, lines.iter().map(String::as_str));
    section
}

fn as_it_stands<'a>(section: &mut Roff, lines: impl Iterator<Item = &'a str>) {
    section.control("nf", []);
    for line in lines {
        section.text([roman(line)]);
    }
    section.control("fi", []);
}
