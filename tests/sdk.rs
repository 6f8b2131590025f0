//! Client libraries that generators of others make of the documents (`make sdk`): their names, and what they can do.

mod journey;
mod names;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use snapbox::cmd::cargo_bin;

/// What takes longer does not come; the first time, a compiler works for a minute.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// The libraries, and what made them.
pub struct Libraries {
    /// The folder that `make sdk` makes.
    pub folder: PathBuf,
    /// The generators, and what the libraries need.
    pub tools: PathBuf,
}

impl Libraries {
    /// Those of this program's documents; made by whichever test comes first.
    pub fn of_this_program() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/sdk/generate.sh");
        let folder = output(Command::new(script).env("KONTOR_PROGRAM", cargo_bin!("kontor")));
        let folder = PathBuf::from(folder.trim_end());
        let tools = folder.with_file_name("tools").join("sdk");
        Self { folder, tools }
    }

    /// Where the crates that the libraries in Rust need are compiled, once for all tests.
    pub fn rust_target(&self) -> PathBuf {
        self.tools.join("rust")
    }

    pub fn generators(&self) -> PathBuf {
        self.tools.join("generators")
    }

    pub fn document(&self, api: &str) -> serde_json::Value {
        let document = self.read(&format!("documents/{api}.json"));
        serde_json::from_str(&document).expect("JSON")
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).expect("a generated file")
    }
}

/// What a program prints that succeeds.
#[track_caller]
fn output(command: &mut Command) -> String {
    let output = command.output().expect("a program");
    let (printed, trouble) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{command:?}\n{printed}\n{trouble}");
    printed
}
