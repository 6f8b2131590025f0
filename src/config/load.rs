//! From the sources to the settings: merge, read, check.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::error::{Actual, Kind};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::Settings;
use super::check;
use super::error::{ConfigError, Mistake, Origin};
use super::layer::{Assignment, Layer, start_at};
use super::schema::Node;

/// Name of the configuration file that is read without being asked for.
pub const DEFAULT_FILE: &str = "kontor.toml";

/// Where settings are taken from. A later one wins: file, environment, flags.
///
/// It cannot be printed: it holds the whole environment, secrets included.
#[derive(Clone, Default)]
pub struct Sources {
    /// Configuration file. It must exist.
    pub file: Option<PathBuf>,
    /// Environment variables, name and value; those that are no settings of ours are left alone.
    pub environment: Vec<(String, String)>,
    /// Keys and values of `--set section.key=value`.
    pub flags: Vec<(String, String)>,
}

impl Sources {
    /// The sources of this process: the named file, else `kontor.toml` in the current folder if there is one; the
    /// environment; the flags.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, flags: Vec<(String, String)>) -> Self {
        let file = file.or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.exists()));
        let environment = std::env::vars_os()
            .map(|(name, value)| {
                (
                    name.to_string_lossy().into_owned(),
                    value.to_string_lossy().into_owned(),
                )
            })
            .collect();
        Self {
            file,
            environment,
            flags,
        }
    }
}

/// Origin of each key that was set; a key that is not here has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<Vec<String>, Origin>);

impl Origins {
    /// Where the value of this key comes from; for a section that has no place of its own, that of its first key.
    #[must_use]
    pub fn of<S: AsRef<str>>(&self, path: &[S]) -> Origin {
        let path: Vec<String> = path.iter().map(|name| name.as_ref().to_owned()).collect();
        let next = self.0.range(path.clone()..).next();
        next.filter(|(key, _)| key.starts_with(&path))
            .map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// Where the value comes from, or what holds it: an entry of a list has the origin of the list.
    fn of_deepest(&self, path: &[String]) -> Option<(Vec<String>, Origin)> {
        (1..=path.len())
            .rev()
            .find_map(|length| self.0.get_key_value(&path[..length]))
            .map(|(path, origin)| (path.clone(), origin.clone()))
    }
}

/// Settings with the origin of each of their values.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Where each value comes from.
    pub origins: Origins,
    /// Files that secrets were read from, by the keys of these.
    pub secret_files: BTreeMap<Vec<String>, PathBuf>,
}

impl Loaded {
    /// The configuration file, where a secret stands in it rather than in a file of its own.
    #[must_use]
    pub fn file_with_secrets(&self) -> Option<PathBuf> {
        let smtp_url = self.settings.tan.email.smtp_url.as_ref();
        let secrets = [
            (
                self.settings.database.url.has_password(),
                &["database", "url"][..],
            ),
            (
                smtp_url.is_some_and(|url| url.expose_login().is_some()),
                &["tan", "email", "smtp_url"],
            ),
        ];
        secrets.into_iter().find_map(|(is_secret, key)| {
            let is_apart = self.secret_files.keys().any(|apart| apart == key);
            match self.origins.of(key) {
                Origin::File { path, .. } if is_secret && !is_apart => Some(path),
                _ => None,
            }
        })
    }
}

pub(super) fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let mut mistakes = Vec::new();
    let mut assignments = Vec::new();
    let mut secret_files = BTreeMap::new();
    let file = sources.file.as_deref().map(read_file).transpose()?;
    for layer in [
        file.unwrap_or_default(),
        Layer::environment(&sources.environment),
        Layer::flags(&sources.flags),
    ] {
        mistakes.extend(layer.mistakes);
        assignments.extend(layer.assignments);
        secret_files.extend(layer.secret_files);
    }
    let folder = sources.file.as_deref().and_then(Path::parent);
    let (settings, origins) = extract(folder, assignments, &mut mistakes);
    if mistakes.is_empty() {
        mistakes = check::check(&settings, &origins);
    }
    let loaded = Loaded {
        settings,
        origins,
        secret_files,
    };
    ConfigError::unless_none(loaded, mistakes)
}

fn read_file(path: &Path) -> Result<Layer, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|reason| {
        let problem = format!(
            "cannot read the configuration file {}: {reason}",
            path.display()
        );
        ConfigError::from(Mistake::new(Origin::Default, problem))
    })?;
    Ok(Layer::file(path, &text))
}

/// Reads the settings. A value of the wrong type is noted and taken away, so that the next one is found too.
fn extract(
    folder: Option<&Path>,
    mut assignments: Vec<Assignment>,
    mistakes: &mut Vec<Mistake>,
) -> (Settings, Origins) {
    loop {
        let origins = Origins(
            assignments
                .iter()
                .map(|set| (set.path.clone(), set.origin.clone()))
                .collect(),
        );
        let figment = Figment::new()
            .merge(Merged {
                dict: defaults(folder),
            })
            .merge(Merged {
                dict: nest(&assignments),
            });
        let error = match figment.extract::<Settings>() {
            Ok(settings) => return (settings, origins),
            Err(error) => error,
        };
        let place = origins.of_deepest(&error.path);
        let origin = place
            .as_ref()
            .map_or(Origin::Default, |(_, origin)| origin.clone());
        mistakes.push(Mistake::new(origin, describe(&error)));
        match place {
            Some((path, _)) => assignments.retain(|set| set.path != path),
            None => return (Settings::default(), origins),
        }
    }
}

fn defaults(folder: Option<&Path>) -> Dict {
    let mut assignments = Vec::new();
    Node::root().each_key(&mut Vec::new(), &mut |path, node| {
        let value = match node.default() {
            Some(serde_json::Value::String(text)) => {
                Some(Value::from(start_at(folder, node, text)))
            }
            Some(value) => Value::serialize(value).ok(),
            None => None,
        };
        if let Some(value) = value {
            assignments.push(Assignment {
                path: path.to_vec(),
                value,
                origin: Origin::Default,
            });
        }
    });
    nest(&assignments)
}

fn nest(assignments: &[Assignment]) -> Dict {
    let mut root = Dict::new();
    for assignment in assignments {
        insert(&mut root, &assignment.path, &assignment.value);
    }
    root
}

fn insert(dict: &mut Dict, path: &[String], value: &Value) {
    match path {
        [] => {}
        // An empty section only says that it is there.
        [last] if value.as_dict().is_some_and(Dict::is_empty) && dict.contains_key(last) => {}
        [last] => drop(dict.insert(last.clone(), value.clone())),
        [first, rest @ ..] => {
            let section = dict
                .entry(first.clone())
                .or_insert_with(|| Value::from(Dict::new()));
            if let Value::Dict(_, inner) = section {
                insert(inner, rest, value);
            }
        }
    }
}

const SOCKET_ADDRESS: &str = "an IP address and a port such as \"127.0.0.1:9966\"";

struct Merged {
    dict: Dict,
}

impl Provider for Merged {
    fn metadata(&self) -> Metadata {
        Metadata::named("settings")
    }

    fn data(&self) -> figment::error::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.dict.clone()))
    }
}

/// What is wrong with a value, in a sentence that names its key.
fn describe(error: &figment::Error) -> String {
    let key = error.path.join(".");
    let secret = Node::root().at(&error.path).is_some_and(Node::is_secret);
    let problem = match &error.kind {
        Kind::InvalidType(found, wanted) | Kind::InvalidValue(found, wanted) => {
            let found = if secret {
                String::new()
            } else {
                format!(", not {}", plain_value(found))
            };
            format!("must be {}{found}", plain_type(wanted))
        }
        Kind::UnknownVariant(found, known) => {
            let alike = known.iter().map(|name| {
                (
                    strsim::jaro_winkler(&name.to_lowercase(), &found.to_lowercase()),
                    name,
                )
            });
            let hint = alike
                .filter(|(likeness, _)| *likeness > 0.8)
                .max_by(|one, other| one.0.total_cmp(&other.0))
                .map_or_else(String::new, |(_, name)| format!("; did you mean {name:?}?"));
            format!("must be one of {}, not {found:?}{hint}", known.join(", "))
        }
        // The standard library's own words, which name neither the value nor what to write.
        Kind::Message(text) if text == "invalid socket address syntax" => {
            format!("must be {SOCKET_ADDRESS}")
        }
        Kind::Message(text) => text.clone(),
        Kind::UnknownField(name, _) => format!("has the unknown key {name:?}"),
        other => other.to_string(),
    };
    format!("{key:?}: {problem}")
}

fn plain_value(found: &Actual) -> String {
    match found {
        Actual::Bool(value) => value.to_string(),
        Actual::Unsigned(value) => value.to_string(),
        Actual::Signed(value) => value.to_string(),
        Actual::Float(value) => value.to_string(),
        Actual::Str(value) => format!("{value:?}"),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a section".to_owned(),
        other => other.to_string(),
    }
}

fn plain_type(wanted: &str) -> String {
    match wanted {
        "a string" => "text in quotes".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "a nonzero u32" => "a whole number above 0".to_owned(),
        "socket address" => SOCKET_ADDRESS.to_owned(),
        "a sequence" => "a list in square brackets".to_owned(),
        "a map" => "a section with keys".to_owned(),
        other => other.to_owned(),
    }
}
