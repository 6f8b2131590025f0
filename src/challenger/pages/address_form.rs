//! The first step: the address.

use askama::Template;

use super::{
    AddressField, FieldKind, FieldProblem, Frame, Language, Page, Pages, Problem, field,
    problem::{Alert, Left},
};

/// What the page with the address shows.
#[derive(Clone, Copy, Debug)]
pub struct AddressPage<'a> {
    /// Which validation it is.
    pub nonce: &'a str,
    /// The fields that make up the address, in order.
    pub fields: &'a [AddressField<'a>],
    /// An example of an address.
    pub address_hint: Option<&'a str>,
    /// Whether it can only be looked at, and a code be sent there.
    pub is_fixed: bool,
    /// How often the address can still be changed.
    pub changes_left: u32,
    /// Whether a code was sent before: there is a way back to where it is entered.
    pub has_code: bool,
    /// What went wrong, unless a field says so.
    pub problem: Option<Problem>,
}

#[derive(Template)]
#[template(path = "address_form.html")]
struct AddressForm<'a> {
    frame: Frame<'a>,
    heading: &'static str,
    lead: &'static str,
    alert: Option<Alert>,
    /// Of an address of several fields; a single field has its own.
    example: Option<String>,
    action: String,
    inputs: Vec<Input<'a>>,
    is_fixed: bool,
    send: &'static str,
    changes: Option<String>,
    code_url: Option<String>,
}

/// A field, with what is said about it.
struct Input<'a> {
    kind: FieldKind,
    name: &'a str,
    label: &'static str,
    value: &'a str,
    hint: &'static str,
    example: Option<String>,
    problem: Option<&'a str>,
    /// Whether typing starts here.
    is_first: bool,
}

impl Pages {
    /// The page that asks for the address, or shows one that is fixed.
    #[must_use]
    pub fn address_form(&self, language: Language, page: &AddressPage<'_>) -> Page {
        let texts = language.texts();
        let channel = field::channel(page.fields.iter().map(|field| field.kind));
        let heading = texts.address_heading.of(channel);
        let alert = page.alert(language);
        let has_changes = page.has_code && !page.is_fixed && page.changes_left > 0;
        let form = AddressForm {
            frame: self
                .frame(language, heading, Some(page.nonce))
                .with_problem(alert.is_some()),
            heading,
            lead: texts.address_lead.of(channel),
            alert,
            example: page.example(language).filter(|_| page.fields.len() > 1),
            action: self.url("challenge", page.nonce),
            inputs: page.inputs(language),
            is_fixed: page.is_fixed,
            send: texts.send.of(channel),
            changes: has_changes.then(|| texts.changes_left.of(page.changes_left)),
            code_url: page
                .has_code
                .then(|| format!("{}?step=code", self.url("ui", page.nonce))),
        };
        self.page(language, &form)
    }
}

impl<'a> AddressPage<'a> {
    fn alert(&self, language: Language) -> Option<Alert> {
        let texts = language.texts();
        let left = Left {
            code: self.has_code,
            transmission: true,
            change: !self.is_fixed,
        };
        let wrong = self.fields.iter().find_map(|field| field.problem);
        let alert = match (self.problem, wrong) {
            (Some(problem), _) => problem.alert(texts, left),
            (None, None) => return None,
            (None, Some(FieldProblem::Unusable)) if self.is_fixed => Alert {
                heading: texts.fixed_is_unusable,
                advice: texts.ways.start_again.to_owned(),
                is_first: true,
            },
            (None, Some(_)) if self.is_fixed => texts.no_more_changes.into(),
            (None, Some(_)) => texts.check_fields.into(),
        };
        Some(Alert {
            is_first: self.is_fixed || wrong.is_none(),
            ..alert
        })
    }

    /// An address as one looks, unless it cannot be chosen.
    fn example(&self, language: Language) -> Option<String> {
        let example = self
            .address_hint
            .filter(|example| !example.is_empty() && !self.is_fixed)?;
        Some(language.texts().example.fill(example))
    }

    fn inputs(&self, language: Language) -> Vec<Input<'a>> {
        let texts = language.texts();
        let first = self.fields.iter().position(|field| field.problem.is_some());
        let input = |(place, field): (usize, &AddressField<'a>)| Input {
            kind: field.kind,
            name: field.name,
            label: field.kind.texts(texts).label,
            value: field.value,
            hint: field.kind.texts(texts).hint,
            example: self.example(language).filter(|_| self.fields.len() == 1),
            problem: field
                .problem
                .filter(|_| !self.is_fixed)
                .map(|problem| problem.text(field.kind, texts)),
            is_first: first == Some(place),
        };
        self.fields.iter().enumerate().map(input).collect()
    }
}

impl Input<'_> {
    /// The ids of what is said about it.
    fn described_by(&self) -> String {
        let name = self.name;
        let parts = [
            (self.problem.is_some(), "problem"),
            (!self.hint.is_empty(), "hint"),
            (self.example.is_some(), "example"),
        ];
        let ids = parts.into_iter().filter(|(is_there, _)| *is_there);
        let ids: Vec<String> = ids.map(|(_, what)| format!("{name}-{what}")).collect();
        ids.join(" ")
    }

    /// The attributes that tell a browser what to offer.
    fn attributes(&self) -> &'static str {
        match self.kind {
            FieldKind::Email => {
                r#"type="email" autocomplete="email" inputmode="email" autocapitalize="none" spellcheck="false""#
            }
            FieldKind::Phone => r#"type="tel" autocomplete="tel" inputmode="tel""#,
            FieldKind::Name => {
                r#"type="text" autocomplete="name" autocapitalize="words" spellcheck="false""#
            }
            FieldKind::Lines => {
                r#"autocomplete="street-address" autocapitalize="words" spellcheck="false""#
            }
            FieldKind::Country => {
                r#"type="text" autocomplete="country" autocapitalize="characters" spellcheck="false""#
            }
        }
    }

    fn is_lines(&self) -> bool {
        self.kind == FieldKind::Lines
    }
}
