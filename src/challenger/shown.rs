//! What a person is shown of a validation.

use entity::validation::Model;
use kontor_openapi::{ApiError, challenger::ValidationStep, scalar};

use super::{
    Challenger, Visitor,
    address::Field,
    error::Error,
    nonce::Nonce,
    pages::{
        AddressField, AddressPage, CodePage, DonePage, FieldKind, FieldProblem, Language, Problem,
    },
    progress::{Progress, count},
    transmission::Given,
};
use crate::tan::DeliveryError;

/// What was wrong with an address that somebody gave.
#[derive(Clone, Copy)]
enum Wrong {
    Field(Field, FieldFault),
    Whole(Problem),
}

#[derive(Clone, Copy)]
enum FieldFault {
    Missing,
    Malformed,
    Restricted,
    Unusable,
}

impl Challenger {
    /// The page of a validation, at the step that is asked for, where there is a choice.
    ///
    /// # Errors
    /// [`Error::ValidationUnknown`], [`Error::ValidationFailed`].
    pub(super) async fn show(
        &self,
        language: Language,
        nonce: &Nonce,
        step: Option<ValidationStep>,
    ) -> Result<scalar::Page, Error> {
        let validation = self.find(nonce).await?;
        if validation.redeemed_at_us.is_some() || validation.solved_at_us.is_some() {
            return self.done_page(language, nonce.as_str(), &validation);
        }
        let progress = Progress::new(&self.app, &validation, self.app.now_us());
        progress.check()?;
        let is_sent = validation.code_hash.is_some() || progress.is_code_to_come();
        let wants_address = step == Some(ValidationStep::Address);
        Ok(match is_sent && !wants_address {
            true => self.code_page(language, nonce.as_str(), &validation, None),
            false => self.address_page(language, nonce.as_str(), &validation, |_| None, None),
        })
    }

    /// The page after an address was taken.
    pub(super) fn page_after_address(
        &self,
        visitor: &Visitor,
        nonce: &str,
        given: Given,
    ) -> Result<scalar::Page, Error> {
        let language = visitor.language();
        match given {
            Given::Completed(validation) => self.done_page(language, nonce, &validation),
            Given::Created {
                validation,
                transmitted,
            } => Ok(self.form_for_code(language, nonce, &validation, transmitted, None)),
        }
    }

    /// A refused address, with the page on which it can be mended, where it can be.
    pub(super) async fn refusal_of_address<'a>(
        &self,
        visitor: &Visitor,
        nonce: &str,
        typed: impl Fn(Field) -> Option<&'a str> + Send,
        error: Error,
    ) -> ApiError {
        let language = visitor.language();
        let Some(validation) = self.find_again(nonce).await else {
            return error.into();
        };
        if validation.redeemed_at_us.is_some() {
            return self.refusal_after_the_end(language, nonce, &validation, error);
        }
        let Some(wrong) = wrong_address(&error, self.first_field()) else {
            return error.into();
        };
        let is_again = validation.code_hash.is_some() && self.is_address_of(&validation, &typed);
        let page = match wrong {
            // The code that was sent before may still be good.
            Wrong::Whole(problem) if is_again || problem == Problem::NoTransmissionsLeft => {
                self.code_page(language, nonce, &validation, Some(problem))
            }
            wrong => self.address_page(language, nonce, &validation, typed, Some(wrong)),
        };
        ApiError::from(error).with_page(page)
    }

    /// A refused code, with the page on which another one can be tried or sent, where it can be.
    pub(super) async fn refusal_of_code(
        &self,
        visitor: &Visitor,
        nonce: &str,
        error: Error,
    ) -> ApiError {
        let language = visitor.language();
        let Some(validation) = self.find_again(nonce).await else {
            return error.into();
        };
        if validation.redeemed_at_us.is_some() {
            return self.refusal_after_the_end(language, nonce, &validation, error);
        }
        let progress = Progress::new(&self.app, &validation, self.app.now_us());
        let page = match &error {
            Error::Malformed { .. } => {
                self.code_page(language, nonce, &validation, Some(Problem::NotACode))
            }
            Error::NoAttemptsLeft { .. } => {
                let problem = match validation.guesses_left > 0 && !progress.has_live_code() {
                    true => Problem::CodeExpired,
                    false => Problem::NoAttemptsLeft,
                };
                self.code_page(language, nonce, &validation, Some(problem))
            }
            Error::NothingSent => {
                let problem = Some(Wrong::Whole(Problem::NothingSent));
                self.address_page(language, nonce, &validation, |_| None, problem)
            }
            _ => return error.into(),
        };
        ApiError::from(error).with_page(page)
    }

    /// A refusal of whatever comes after the client has the address.
    fn refusal_after_the_end(
        &self,
        language: Language,
        nonce: &str,
        validation: &Model,
        error: Error,
    ) -> ApiError {
        match self.done_page(language, nonce, validation) {
            Ok(page) => ApiError::from(error).with_page(page),
            Err(_) => error.into(),
        }
    }

    /// The form for the code.
    pub(super) fn code_page(
        &self,
        language: Language,
        nonce: &str,
        validation: &Model,
        problem: Option<Problem>,
    ) -> scalar::Page {
        self.form_for_code(language, nonce, validation, true, problem)
    }

    fn form_for_code(
        &self,
        language: Language,
        nonce: &str,
        validation: &Model,
        transmitted: bool,
        problem: Option<Problem>,
    ) -> scalar::Page {
        let progress = Progress::new(&self.app, validation, self.app.now_us());
        let address = self.shown_address(validation);
        let channel = self.rules.address_type().channel();
        let expires_in = match progress.is_code_to_come() {
            true => self.app.tan.lifetime(channel),
            false => progress.code_expires_in(),
        };
        let page = CodePage {
            nonce,
            address: &address,
            attempts_left: small(validation.guesses_left),
            transmissions_left: small(validation.transmissions_left),
            changes_left: small(validation.changes_left),
            next_transmission_in: progress.next_transmission_in(),
            expires_in: expires_in.min(progress.ends_in()),
            transmitted,
            problem,
        };
        self.pages.code_form(language, &page)
    }

    /// The form for the address: what was typed, else what was given last.
    fn address_page<'t>(
        &self,
        language: Language,
        nonce: &str,
        validation: &Model,
        typed: impl Fn(Field) -> Option<&'t str>,
        wrong: Option<Wrong>,
    ) -> scalar::Page {
        let is_fixed = validation.changes_left == 0;
        let value = |field: Field| match typed(field).filter(|_| !is_fixed) {
            Some(typed) => typed,
            None => stored(validation, field).unwrap_or_default(),
        };
        let (problem_of_field, problem) = match wrong {
            Some(Wrong::Field(field, fault)) => (Some((field, fault)), None),
            Some(Wrong::Whole(problem)) => (None, Some(problem)),
            None => (None, None),
        };
        let fields = self.rules.address_type().fields().iter();
        let fields: Vec<AddressField<'_>> = fields
            .map(|field| AddressField {
                kind: kind(*field),
                name: field.as_str(),
                value: value(*field),
                problem: problem_of_field
                    .filter(|(wrong, _)| wrong == field)
                    .map(|(field, fault)| self.field_problem(language, field, fault)),
            })
            .collect();
        let page = AddressPage {
            nonce,
            fields: &fields,
            address_hint: Some(self.app.settings.challenger.address_hint()),
            is_fixed,
            changes_left: small(validation.changes_left),
            has_code: validation.code_hash.is_some(),
            problem,
        };
        self.pages.address_form(language, &page)
    }

    fn field_problem(
        &self,
        language: Language,
        field: Field,
        fault: FieldFault,
    ) -> FieldProblem<'_> {
        match fault {
            FieldFault::Missing => FieldProblem::Missing,
            FieldFault::Malformed => FieldProblem::Malformed,
            FieldFault::Unusable => FieldProblem::Unusable,
            FieldFault::Restricted => FieldProblem::Restricted {
                hint: self.rules.hint(field, language.tag()),
            },
        }
    }

    fn done_page(
        &self,
        language: Language,
        nonce: &str,
        validation: &Model,
    ) -> Result<scalar::Page, Error> {
        let redirect_url = match validation.redeemed_at_us {
            Some(_) => None,
            None => Some(self.redirect_url(validation)?),
        };
        let page = DonePage {
            nonce,
            address: &self.shown_address(validation),
            redirect_url: redirect_url.as_deref(),
        };
        Ok(self.pages.done(language, &page))
    }

    fn shown_address<'a>(&self, validation: &'a Model) -> Vec<(FieldKind, &'a str)> {
        let text = |field: &Field| Some((kind(*field), stored(validation, *field)?));
        let fields = self.rules.address_type().fields().iter();
        fields.filter_map(text).collect()
    }

    /// Whether it is the address that was given last.
    fn is_address_of<'a>(
        &self,
        validation: &Model,
        typed: impl Fn(Field) -> Option<&'a str>,
    ) -> bool {
        let address = self.rules.read(typed);
        address.is_ok() && address == self.rules.read(|field| stored(validation, field))
    }

    /// Whatever is there after a refusal; if the database fails now, the refusal is told without a form.
    async fn find_again(&self, nonce: &str) -> Option<Model> {
        self.find(&Nonce::parse(nonce)?).await.ok()
    }

    fn first_field(&self) -> Option<Field> {
        self.rules.address_type().fields().first().copied()
    }
}

/// What of a refusal the form for the address can tell.
fn wrong_address(error: &Error, first: Option<Field>) -> Option<Wrong> {
    let field = |name: &str| {
        let known: Option<Field> = name.parse().ok();
        known
    };
    Some(match error {
        Error::Missing(name) => Wrong::Field(field(name)?, FieldFault::Missing),
        Error::Malformed { parameter, .. } => {
            Wrong::Field(field(parameter)?, FieldFault::Malformed)
        }
        Error::Restricted(field) => Wrong::Field(*field, FieldFault::Restricted),
        Error::CodeUndelivered(DeliveryError::AddressUnusable) => {
            Wrong::Field(first?, FieldFault::Unusable)
        }
        Error::CodeUndelivered(DeliveryError::AddressUnreachable) => {
            Wrong::Whole(Problem::Unreachable)
        }
        Error::CodeUndelivered(_) => Wrong::Whole(Problem::DeliveryFailed),
        Error::AddressFixed => Wrong::Whole(Problem::AddressIsFixed),
        Error::NoChangesLeft { .. } => Wrong::Whole(Problem::NoChangesLeft),
        Error::NoTransmissionsLeft { .. } => Wrong::Whole(Problem::NoTransmissionsLeft),
        Error::Blocked { retry_after } => Wrong::Whole(Problem::TooManyAttempts {
            retry_after: Some(*retry_after),
        }),
        _ => return None,
    })
}

/// A field of the address that was given last.
fn stored(validation: &Model, field: Field) -> Option<&str> {
    validation.address.as_ref()?.get(field.as_str())?.as_str()
}

const fn kind(field: Field) -> FieldKind {
    match field {
        Field::ContactEmail => FieldKind::Email,
        Field::ContactPhone => FieldKind::Phone,
        Field::ContactName => FieldKind::Name,
        Field::AddressLines => FieldKind::Lines,
        Field::AddressCountry => FieldKind::Country,
    }
}

fn small(of: i64) -> u32 {
    u32::try_from(count(of)).unwrap_or(u32::MAX)
}
