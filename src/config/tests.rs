mod example_file;
mod exchanges;
mod mistakes;
mod single_values;
mod sources;

use std::path::PathBuf;

use super::*;

/// The file as the only source, in a folder of its own.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = Self { folder };
        files.write("kontor.toml", text);
        files
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("a file in the temporary folder");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sources(&self) -> Sources {
        Sources {
            file: Some(self.path("kontor.toml")),
            ..Sources::default()
        }
    }

    fn load(&self) -> Loaded {
        Settings::load(&self.sources()).expect("a right configuration")
    }

    /// The mistakes, without the name of the temporary folder.
    fn mistakes(&self) -> String {
        let error = Settings::load(&self.sources()).expect_err("a wrong configuration");
        error
            .to_string()
            .replace(&format!("{}/", self.folder.path().display()), "")
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn with_environment(variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    Settings::load(&Sources {
        environment: pairs(variables),
        ..Sources::default()
    })
}
