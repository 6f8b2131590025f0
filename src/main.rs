//! The program.

use std::process::ExitCode;

fn main() -> ExitCode {
    kontor::cli::main(std::env::args_os())
}
