//! `kontor completions`: what a shell needs to complete the words of this program.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use super::failure::Failure;
use super::output;

/// Arguments of `kontor completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Print them anew after each update. Where they belong:
  bash        kontor completions bash > /usr/share/bash-completion/completions/kontor
  zsh         kontor completions zsh > /usr/share/zsh/site-functions/_kontor
  fish        kontor completions fish > ~/.config/fish/completions/kontor.fish
  elvish      kontor completions elvish >> ~/.config/elvish/rc.elv
  powershell  kontor completions powershell >> $PROFILE")]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the completions.
///
/// # Errors
/// Standard output cannot be written to.
pub fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut program = Cli::command();
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, name, &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end())
}
