//! The text of a message, made of a template in its reader's language.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use poem::http::header::ACCEPT_LANGUAGE;
use poem::http::{HeaderMap, HeaderValue};
use zeroize::Zeroizing;

use super::channel::Channel;
use super::message::{Message, Purpose};
use super::output::plain;
use crate::http::negotiation;

/// The language of readers who understand none that there is.
const FALLBACK: &str = "en";
/// Longest name of what a message is about, and of the server, in characters: strangers may have chosen it.
const LONGEST_NAME: usize = 80;
/// What the first line of an e-mail's template begins with.
const SUBJECT: &str = "Subject:";

const BUILT_IN: [(Channel, &str, &str); 9] = [
    (Channel::Email, "en", include_str!("templates/email.en.txt")),
    (Channel::Email, "de", include_str!("templates/email.de.txt")),
    (Channel::Email, "fr", include_str!("templates/email.fr.txt")),
    (Channel::Sms, "en", include_str!("templates/sms.en.txt")),
    (Channel::Sms, "de", include_str!("templates/sms.de.txt")),
    (Channel::Sms, "fr", include_str!("templates/sms.fr.txt")),
    (Channel::Post, "en", include_str!("templates/post.en.txt")),
    (Channel::Post, "de", include_str!("templates/post.de.txt")),
    (Channel::Post, "fr", include_str!("templates/post.fr.txt")),
];

/// What is handed over.
pub(super) struct Text {
    /// The language that it is written in, a BCP 47 tag.
    pub language: String,
    /// One line; e-mails have one.
    pub subject: Option<String>,
    /// The text with the code: one line for SMS.
    pub body: Zeroizing<String>,
}

/// What a template can show.
struct Values<'a> {
    tan: &'a str,
    purpose: &'a str,
    instance: &'a str,
    service: &'a str,
    valid_for: Validity,
}

impl Values<'_> {
    fn to_context(&self) -> Value {
        let Validity { number, unit } = self.valid_for;
        context! {
            tan => self.tan,
            purpose => self.purpose,
            instance => self.instance,
            service => self.service,
            valid_for => context! { number, unit },
        }
    }
}

/// A duration in words: at least two of the unit, rounded down.
struct Validity {
    number: u64,
    unit: &'static str,
}

/// Every template, by channel and language.
pub(super) struct Templates {
    environment: Environment<'static>,
    languages: BTreeMap<Channel, Vec<String>>,
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
        for (channel, language, source) in BUILT_IN {
            templates.add(channel, language, source.to_owned())?;
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
            let (channel, language) = file
                .file_name()
                .and_then(|name| name.to_str())
                .and_then(channel_and_language)
                .ok_or_else(|| {
                    in_file(
                        "the name of a template is CHANNEL.LANGUAGE.txt, such as \"sms.it.txt\""
                            .to_owned(),
                    )
                })?;
            let source = std::fs::read_to_string(&file)
                .map_err(|reason| in_file(format!("cannot read the file: {reason}")))?;
            self.add(channel, &language, source).map_err(in_file)?;
            self.try_out(channel, &language).map_err(in_file)?;
        }
        Ok(())
    }

    fn add(&mut self, channel: Channel, language: &str, source: String) -> Result<(), String> {
        self.environment
            .add_template_owned(name(channel, language), source)
            .map_err(|error| sentence(&error))?;
        let languages = self.languages.entry(channel).or_default();
        if !languages.iter().any(|known| known == language) {
            languages.push(language.to_owned());
        }
        Ok(())
    }

    /// Renders a template for every purpose, with values that are no one's.
    fn try_out(&self, channel: Channel, language: &str) -> Result<(), String> {
        const SAMPLE: &str = "1234-5678";
        for purpose in Purpose::ALL {
            let values = Values {
                tan: SAMPLE,
                purpose: purpose.as_str(),
                instance: "sample-shop",
                service: "pay.example",
                valid_for: validity(Duration::from_secs(300)),
            };
            let text = self.text(channel, language, &values)?;
            if !text.body.contains(SAMPLE) {
                return Err(format!(
                    "does not show the code, {{{{ tan }}}}, for {purpose:?}",
                    purpose = purpose.as_str()
                ));
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

    /// The text of a message, in the language that its reader asked for.
    ///
    /// # Errors
    /// A template that fails with these values. The sentence names it and holds none of them.
    pub fn render(&self, message: &Message) -> Result<Text, String> {
        let language = self.language(message.channel, message.languages.as_deref());
        let values = Values {
            tan: &message.tan.printed(),
            purpose: message.purpose.as_str(),
            instance: &short(&message.instance),
            service: &short(&message.service),
            valid_for: validity(message.valid_for),
        };
        self.text(message.channel, language, &values)
            .map_err(|reason| format!("{}: {reason}", name(message.channel, language)))
    }

    fn language(&self, channel: Channel, accepted: Option<&str>) -> &str {
        let offered: Vec<&str> = self
            .languages
            .get(&channel)
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

    fn text(&self, channel: Channel, language: &str, values: &Values<'_>) -> Result<Text, String> {
        let rendered = self
            .environment
            .get_template(&name(channel, language))
            .and_then(|template| template.render(values.to_context()))
            .map(Zeroizing::new)
            .map_err(|error| sentence(&error))?;
        let (subject, body) = match channel {
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

fn name(channel: Channel, language: &str) -> String {
    format!("{channel}.{language}.txt")
}

/// A name as it can stand in a text: one line, of bounded length.
fn short(name: &str) -> String {
    plain(name).chars().take(LONGEST_NAME).collect()
}

fn channel_and_language(name: &str) -> Option<(Channel, String)> {
    let (channel, language) = name.strip_suffix(".txt")?.split_once('.')?;
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_tag = language.split('-').all(is_part);
    is_tag.then_some((channel.parse().ok()?, language.to_owned()))
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

fn validity(valid_for: Duration) -> Validity {
    const UNITS: [(u64, &str); 4] = [
        (86_400, "days"),
        (3_600, "hours"),
        (60, "minutes"),
        (1, "seconds"),
    ];
    let seconds = valid_for.as_secs();
    let (length, unit) = UNITS
        .into_iter()
        .find(|(length, _)| seconds >= 2 * length)
        .unwrap_or((1, "seconds"));
    Validity {
        number: seconds / length,
        unit,
    }
}

#[cfg(test)]
mod tests;
