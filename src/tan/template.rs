//! The text of a message, made of a template in its reader's language.

mod built_in;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use poem::http::header::ACCEPT_LANGUAGE;
use poem::http::{HeaderMap, HeaderValue};
use zeroize::Zeroizing;

use self::built_in::BUILT_IN;
use super::channel::Channel;
use super::message::{About, Message, Purpose};
use super::output::plain;
use crate::http::negotiation;

/// The language of readers who understand none that there is.
const FALLBACK: &str = "en";
/// Longest name of what a message is about, and of the server, in characters: strangers may have chosen it.
const LONGEST_NAME: usize = 80;
/// What the first line of an e-mail's template begins with.
const SUBJECT: &str = "Subject:";
/// The code that templates are tried out with.
const SAMPLE: &str = "1234-5678";
const NAMES: &str = "the name of a template is CHANNEL.LANGUAGE.txt, such as \"sms.it.txt\", or \
    CHANNEL.validate-address.LANGUAGE.txt";

/// What is handed over.
#[derive(Clone)]
pub(super) struct Text {
    /// The language that it is written in, a BCP 47 tag.
    pub language: String,
    /// One line; e-mails have one.
    pub subject: Option<String>,
    /// The text with the code: one line for SMS.
    pub body: Zeroizing<String>,
}

/// Whose texts a template has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Those of shops: `CHANNEL.LANGUAGE.txt`.
    Shop,
    /// That of the proof of an address: `CHANNEL.validate-address.LANGUAGE.txt`.
    Address,
}

impl Kind {
    fn of(about: &About) -> Self {
        match about {
            About::Shop { .. } => Self::Shop,
            About::Address { .. } => Self::Address,
        }
    }

    /// All that such a template must have a text for, with names that are no one's.
    fn samples(self) -> Vec<About> {
        match self {
            Self::Shop => Purpose::ALL
                .map(|purpose| About::Shop {
                    purpose,
                    instance: "sample-shop".to_owned(),
                })
                .into(),
            Self::Address => vec![About::Address {
                reference: "ABCD-EFGH".to_owned(),
            }],
        }
    }
}

/// What is asked for when a template is looked up; its language is chosen among those that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    channel: Channel,
    kind: Kind,
}

impl Place {
    /// The name of the template's file.
    fn file(self, language: &str) -> String {
        let channel = self.channel;
        match self.kind {
            Kind::Shop => format!("{channel}.{language}.txt"),
            Kind::Address => format!("{channel}.{}.{language}.txt", About::VALIDATE_ADDRESS),
        }
    }

    /// Reads the name of a file: the place, and the language.
    fn of_file(name: &str) -> Option<(Self, String)> {
        let (channel, rest) = name.strip_suffix(".txt")?.split_once('.')?;
        let (kind, language) = match rest.split_once('.') {
            None => (Kind::Shop, rest),
            Some((About::VALIDATE_ADDRESS, language)) => (Kind::Address, language),
            Some(_) => return None,
        };
        let is_part = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let channel = channel.parse().ok()?;
        let place = Self { channel, kind };
        language
            .split('-')
            .all(is_part)
            .then(|| (place, language.to_owned()))
    }
}

/// Every template, and in which languages there is one.
pub(super) struct Templates {
    environment: Environment<'static>,
    languages: BTreeMap<Place, Vec<String>>,
}

impl Templates {
    /// The built-in templates, and those of the operator's folder in their place or beside them.
    ///
    /// # Errors
    /// A sentence that names the file, and the line where there is one.
    pub fn load(folder: Option<&Path>) -> Result<Self, String> {
        let mut templates = Self {
            environment: environment().map_err(|error| sentence(&error))?,
            languages: BTreeMap::new(),
        };
        for (name, source) in BUILT_IN {
            if let Some((place, language)) = Place::of_file(name) {
                templates.add(place, &language, source.to_owned())?;
            }
        }
        if let Some(folder) = folder {
            templates.add_folder(folder)?;
        }
        Ok(templates)
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), String> {
        let unreadable = |reason| format!("cannot read the folder {}: {reason}", folder.display());
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            if file.extension().is_none_or(|ending| ending != "txt") {
                continue;
            }
            let in_file = |reason: String| format!("{}: {reason}", file.display());
            let (place, language) = file
                .file_name()
                .and_then(|name| name.to_str())
                .and_then(Place::of_file)
                .ok_or_else(|| in_file(NAMES.to_owned()))?;
            let source = std::fs::read_to_string(&file)
                .map_err(|reason| in_file(format!("cannot read the file: {reason}")))?;
            self.add(place, &language, source).map_err(in_file)?;
            self.try_out(place, &language).map_err(in_file)?;
        }
        Ok(())
    }

    fn add(&mut self, place: Place, language: &str, source: String) -> Result<(), String> {
        self.environment
            .add_template_owned(place.file(language), source)
            .map_err(|error| sentence(&error))?;
        let languages = self.languages.entry(place).or_default();
        if !languages.iter().any(|known| known == language) {
            languages.push(language.to_owned());
        }
        Ok(())
    }

    /// Renders a template for all that it must have a text for.
    fn try_out(&self, place: Place, language: &str) -> Result<(), String> {
        for about in place.kind.samples() {
            let text = self.sample(place, language, &about)?;
            if !text.body.contains(SAMPLE) {
                let purpose = about.purpose();
                return Err(format!(
                    "does not show the code, {{{{ tan }}}}, for {purpose:?}"
                ));
            }
            let reference = about.reference();
            if reference.is_some_and(|reference| !text.body.contains(reference)) {
                return Err(
                    "does not show {{ reference }}, by which people know the page that it is for"
                        .to_owned(),
                );
            }
            if text.subject.is_some_and(|subject| subject.contains(SAMPLE)) {
                return Err(
                    "shows the code in the subject, which is less protected than the text"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }

    fn sample(&self, place: Place, language: &str, about: &About) -> Result<Text, String> {
        let lifetime = Duration::from_secs(300);
        let values = values(SAMPLE, about, "pay.example", lifetime);
        self.text(place, language, values)
    }

    /// Tries out whether all that letters can say passes a check.
    ///
    /// # Errors
    /// The sentence of the check, and the name of the template.
    pub fn try_out_letters(
        &self,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<(), String> {
        let all = self.languages.iter();
        for (place, languages) in all.filter(|(place, _)| place.channel == Channel::Post) {
            for language in languages {
                let in_file = |reason| format!("{} {reason}", place.file(language));
                for about in place.kind.samples() {
                    let text = self.sample(*place, language, &about).map_err(in_file)?;
                    check(&text.body).map_err(in_file)?;
                }
            }
        }
        Ok(())
    }

    /// The text of a message, in the language that its reader asked for.
    ///
    /// # Errors
    /// A template that fails with these values. The sentence names it and holds none of them.
    pub fn render(&self, message: &Message) -> Result<Text, String> {
        let place = Place {
            channel: message.channel,
            kind: Kind::of(&message.about),
        };
        let language = self.language(place, message.languages.as_deref());
        let tan = message.tan.printed();
        let values = values(&tan, &message.about, &message.service, message.valid_for);
        self.text(place, language, values)
            .map_err(|reason| format!("{}: {reason}", place.file(language)))
    }

    fn language(&self, place: Place, accepted: Option<&str>) -> &str {
        let offered: Vec<&str> = self
            .languages
            .get(&place)
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let mut headers = HeaderMap::new();
        if let Some(value) = accepted.and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(ACCEPT_LANGUAGE, value);
        }
        negotiation::language(&headers, &offered).unwrap_or(FALLBACK)
    }

    fn text(&self, place: Place, language: &str, values: Value) -> Result<Text, String> {
        let rendered = self
            .environment
            .get_template(&place.file(language))
            .and_then(|template| template.render(values))
            .map(Zeroizing::new)
            .map_err(|error| sentence(&error))?;
        let (subject, body) = match place.channel {
            Channel::Email => {
                subject_and_body(&rendered).map(|(subject, body)| (Some(subject), body))?
            }
            Channel::Sms => (None, plain(&rendered)),
            Channel::Post => (None, rendered.trim().to_owned()),
        };
        Ok(Text {
            language: language.to_owned(),
            subject,
            body: Zeroizing::new(body),
        })
    }
}

fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    let mut syntax = SyntaxConfig::builder();
    environment.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
    Ok(environment)
}

/// What a template can show.
fn values(tan: &str, about: &About, service: &str, valid_for: Duration) -> Value {
    let service = short(service);
    let (number, unit) = whole_units(valid_for);
    let valid_for = context! { number, unit };
    match about {
        About::Shop { purpose, instance } => {
            let (purpose, instance) = (purpose.as_str(), short(instance));
            context! { tan, purpose, instance, service, valid_for }
        }
        About::Address { reference } => {
            let reference = short(reference);
            context! { tan, reference, service, valid_for }
        }
    }
}

/// A name as it can stand in a text: one line, of bounded length.
fn short(name: &str) -> String {
    plain(name).chars().take(LONGEST_NAME).collect()
}

/// What is wrong with a template, without what it was to show.
fn sentence(error: &minijinja::Error) -> String {
    let line = error
        .line()
        .map_or_else(String::new, |line| format!("line {line}: "));
    let detail = error
        .detail()
        .map_or_else(String::new, |detail| format!(" ({detail})"));
    format!("{line}{}{detail}", error.kind())
}

fn subject_and_body(rendered: &str) -> Result<(String, String), String> {
    let (first, body) = rendered
        .trim()
        .split_once('\n')
        .unwrap_or((rendered.trim(), ""));
    match first.strip_prefix(SUBJECT).map(plain) {
        Some(subject) if !subject.is_empty() => Ok((subject, body.trim().to_owned())),
        _ => Err(format!("the first line of an e-mail is \"{SUBJECT} ...\"")),
    }
}

/// A duration in words: at least two of the unit, rounded down.
fn whole_units(duration: Duration) -> (u64, &'static str) {
    const UNITS: [(u64, &str); 4] = [
        (86_400, "days"),
        (3_600, "hours"),
        (60, "minutes"),
        (1, "seconds"),
    ];
    let seconds = duration.as_secs();
    let (length, unit) = UNITS
        .into_iter()
        .find(|(length, _)| seconds >= 2 * length)
        .unwrap_or((1, "seconds"));
    (seconds / length, unit)
}

#[cfg(test)]
mod tests;
