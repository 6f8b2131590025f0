//! What the operator allows in a field beyond what every such field must be.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

use super::Field;

/// Longest regular expression, in bytes: clients get it with each `/config`.
const LONGEST_REGEX: usize = 1024;
/// Most memory of a compiled expression, in bytes. Counted repetitions of large classes make short expressions huge.
const LARGEST_REGEX: usize = 1 << 20;
/// Longest hint, in characters.
const LONGEST_HINT: usize = 500;

/// A pattern that the whole content of a field must match, and what people are told where it does not.
#[derive(Clone, Debug)]
pub struct Restriction {
    source: String,
    whole: Regex,
    hint: Option<String>,
    hint_i18n: BTreeMap<String, String>,
}

impl Restriction {
    /// Compiles the expression and checks the hints.
    ///
    /// # Errors
    /// The key within the restriction, such as `regex` or `hint_i18n.de`, and what is wrong with its value.
    pub fn new(
        regex: &str,
        hint: Option<&str>,
        hint_i18n: BTreeMap<String, String>,
    ) -> Result<Self, (String, String)> {
        let whole = compile(regex).map_err(|reason| ("regex".to_owned(), reason))?;
        if let Some(hint) = hint {
            check_hint(hint).map_err(|reason| ("hint".to_owned(), reason))?;
        }
        for (language, hint) in &hint_i18n {
            let wrong = |reason| (format!("hint_i18n.{language}"), reason);
            if !is_language(language) {
                let reason = "is no language; write for example \"de\" or \"de-CH\"".to_owned();
                return Err(wrong(reason));
            }
            check_hint(hint).map_err(wrong)?;
        }
        Ok(Self {
            source: regex.to_owned(),
            whole,
            hint: hint.map(str::to_owned),
            hint_i18n,
        })
    }

    /// Whether the expression matches the text from its begin to its end.
    #[must_use]
    pub fn allows(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }

    /// The expression as the operator wrote it.
    #[must_use]
    pub fn regex(&self) -> &str {
        &self.source
    }

    /// What people are told whose language has no hint of its own.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The hints by language, a BCP 47 tag.
    #[must_use]
    pub fn hint_i18n(&self) -> &BTreeMap<String, String> {
        &self.hint_i18n
    }

    /// The hint for a reader of this language, a BCP 47 tag: `de-CH` finds `de`. Else the one for everybody.
    #[must_use]
    pub fn hint_in(&self, language: &str) -> Option<&str> {
        let find = |wanted: &str| {
            let mut all = self.hint_i18n.iter();
            all.find(|(tag, _)| tag.eq_ignore_ascii_case(wanted))
                .map(|(_, hint)| hint.as_str())
        };
        let mut wanted = language;
        loop {
            if let Some(hint) = find(wanted) {
                return Some(hint);
            }
            match wanted.rsplit_once('-') {
                Some((shorter, _)) => wanted = shorter,
                None => return self.hint(),
            }
        }
    }
}

/// As POSIX has it, a dot matches a line feed too, and `^` and `$` stand for begin and end of the whole text.
fn compile(source: &str) -> Result<Regex, String> {
    if source.len() > LONGEST_REGEX {
        return Err(format!("is longer than {LONGEST_REGEX} bytes"));
    }
    // The expression alone first: one with a parenthesis too many could get out of the group that is put around it.
    build(source).and_then(|_| build(&format!(r"\A(?:{source})\z")))
}

fn build(source: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(source)
        .dot_matches_new_line(true)
        .size_limit(LARGEST_REGEX)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            "takes too much memory; write smaller numbers of repetitions".to_owned()
        }
        error => {
            let reason = error.to_string();
            let last = reason.lines().last().unwrap_or_default();
            format!(
                "is not a regular expression ({})",
                last.trim_start_matches("error: ")
            )
        }
    })
}

fn check_hint(hint: &str) -> Result<(), String> {
    if hint.trim().is_empty() {
        return Err("says nothing".to_owned());
    }
    if hint.chars().count() > LONGEST_HINT {
        return Err(format!("is longer than {LONGEST_HINT} characters"));
    }
    match hint.chars().any(char::is_control) {
        true => Err("must be one line of text".to_owned()),
        false => Ok(()),
    }
}

/// Whether the text has the form of a BCP 47 tag.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let is_primary = parts.next().is_some_and(|primary| {
        (2..=8).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    is_primary && parts.all(is_part)
}

/// The restrictions of a service, by field. A field without one takes whatever is an address.
#[derive(Clone, Debug, Default)]
pub struct Restrictions(BTreeMap<Field, Restriction>);

impl Restrictions {
    /// The restriction of a field.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&Restriction> {
        self.0.get(&field)
    }

    /// Every restriction, in the order of the fields.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &Restriction)> {
        self.0
            .iter()
            .map(|(field, restriction)| (*field, restriction))
    }
}

impl FromIterator<(Field, Restriction)> for Restrictions {
    fn from_iter<I: IntoIterator<Item = (Field, Restriction)>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}
