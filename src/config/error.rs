//! What can be wrong with the configuration, said in one sentence per mistake.

use std::fmt;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The configuration file, at this line (from 1).
    File {
        /// The configuration file.
        path: PathBuf,
        /// Line of the key, from 1.
        line: usize,
    },
    /// This environment variable.
    Variable(String),
    /// `--set` with this key.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::Variable(name) => write!(formatter, "environment {name}"),
            Self::Flag(key) => write!(formatter, "flag --set {key}"),
        }
    }
}

/// One mistake: where it is, and what is wrong and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where the value was set; a default that does not fit has no place.
    pub origin: Origin,
    /// One plain sentence that names the key. It holds no secret.
    pub problem: String,
}

impl Mistake {
    pub(super) fn new(origin: Origin, problem: impl Into<String>) -> Self {
        Self {
            origin,
            problem: problem.into(),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Default => formatter.write_str(&self.problem),
            origin => write!(formatter, "{origin}: {}", self.problem),
        }
    }
}

/// The configuration cannot be used. There is at least one mistake; each is one line of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Every mistake that was found, in the order of its source.
    pub mistakes: Vec<Mistake>,
}

impl ConfigError {
    /// Gives the value, or the mistakes if there are any, in the order of the lines of the file.
    pub(super) fn unless_none<T>(value: T, mut mistakes: Vec<Mistake>) -> Result<T, Self> {
        mistakes.sort_by_key(|mistake| match mistake.origin {
            Origin::File { line, .. } => line,
            _ => usize::MAX,
        });
        if mistakes.is_empty() {
            Ok(value)
        } else {
            Err(Self { mistakes })
        }
    }
}

impl From<Mistake> for ConfigError {
    fn from(mistake: Mistake) -> Self {
        Self {
            mistakes: vec![mistake],
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(formatter, "{separator}{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
