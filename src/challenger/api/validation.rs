//! What the person does, in a browser or by a program that speaks for it.

use entity::validation::Model;
use kontor_openapi::{
    ApiError, ErrorCode,
    challenger::{
        ChallengeCreateResponse, ChallengeCreateResponseType, ChallengeRedirect,
        ChallengeRedirectType, ChallengeRequest, ChallengeResponse, ChallengeSolveRequest,
        ChallengeStatus, InvalidPinResponse, InvalidPinResponseType, RequestCodeOkContent,
        RequestCodeReply, SolveValidationForbiddenContent, SolveValidationReply,
        StartValidationByPostReply, StartValidationReply, ValidationApi,
    },
};

use kontor_openapi::scalar::Timestamp;

use super::clients::texts;
use crate::{
    challenger::{
        Challenger, Visitor,
        address::Field,
        authorization::AuthorizationRequest,
        error::Error,
        nonce::Nonce,
        pages::Problem,
        progress::{Progress, count},
        solution::Solution,
        transmission::Given,
    },
    merchant::timestamp,
};

impl ValidationApi for Challenger {
    async fn start_validation(
        &self,
        visitor: Visitor,
        nonce: String,
        response_type: String,
        client_id: String,
        redirect_uri: String,
        state: Option<String>,
        _scope: Option<String>,
        code_challenge: Option<String>,
        code_challenge_method: Option<String>,
    ) -> Result<StartValidationReply, ApiError> {
        let request = AuthorizationRequest {
            response_type,
            client_id,
            redirect_uri,
            state,
            code_challenge,
            code_challenge_method,
        };
        let authorized = self.authorize(&nonce, request).await;
        let validation = authorized.inspect_err(|error| self.count_refusal(error))?;
        Ok(match visitor.wants_page() {
            true => StartValidationReply::Found {
                location: Some(self.pages.validation_url(&nonce)),
            },
            false => StartValidationReply::Ok(self.status(&validation)),
        })
    }

    async fn start_validation_by_post(
        &self,
        visitor: Visitor,
        nonce: String,
        response_type: String,
        client_id: String,
        redirect_uri: String,
        state: Option<String>,
        scope: Option<String>,
        code_challenge: Option<String>,
        code_challenge_method: Option<String>,
    ) -> Result<StartValidationByPostReply, ApiError> {
        let started = self.start_validation(
            visitor,
            nonce,
            response_type,
            client_id,
            redirect_uri,
            state,
            scope,
            code_challenge,
            code_challenge_method,
        );
        Ok(match started.await? {
            StartValidationReply::Ok(status) => StartValidationByPostReply::Ok(status),
            StartValidationReply::Found { location } => {
                StartValidationByPostReply::Found { location }
            }
        })
    }

    async fn request_code(
        &self,
        visitor: Visitor,
        nonce: String,
        _accept_language: Option<String>,
        body: ChallengeRequest,
    ) -> Result<RequestCodeReply, ApiError> {
        let typed = |field| text_of(&body, field);
        let outcome = match Nonce::parse(&nonce) {
            Some(nonce) => self.give_address(&visitor, &nonce, typed).await,
            None => Err(Error::ValidationUnknown),
        };
        let outcome = outcome.inspect_err(|error| self.count_refusal(error));
        let content = match (outcome, visitor.wants_page()) {
            (Ok(given), false) => RequestCodeOkContent::Json(self.response(given)?),
            (Ok(given), true) => {
                RequestCodeOkContent::Html(self.page_after_address(&visitor, &nonce, given)?)
            }
            (Err(error), false) => return Err(error.into()),
            (Err(error), true) => {
                return Err(self
                    .refusal_of_address(&visitor, &nonce, typed, error)
                    .await);
            }
        };
        Ok(RequestCodeReply::Ok(content))
    }

    async fn solve_validation(
        &self,
        visitor: Visitor,
        nonce: String,
        _accept_language: Option<String>,
        body: ChallengeSolveRequest,
    ) -> Result<SolveValidationReply, ApiError> {
        let outcome = match Nonce::parse(&nonce) {
            Some(nonce) => self.solve(&nonce, body.pin.expose()).await,
            None => Err(Error::ValidationUnknown),
        };
        let outcome = outcome.inspect_err(|error| self.count_refusal(error));
        match outcome {
            Ok(Solution::Proven(validation) | Solution::Completed(validation)) => {
                let redirect_url = self.redirect_url(&validation)?;
                Ok(match visitor.wants_json() {
                    true => SolveValidationReply::Ok(redirect(redirect_url)),
                    false => SolveValidationReply::Found {
                        location: Some(redirect_url),
                    },
                })
            }
            Ok(Solution::Wrong(validation)) if visitor.wants_page() => {
                let problem = Some(Problem::WrongCode);
                let page = self.code_page(visitor.language(), &nonce, &validation, problem);
                let content = SolveValidationForbiddenContent::Html(page);
                Ok(SolveValidationReply::Forbidden(content))
            }
            Ok(Solution::Wrong(validation)) => {
                let content = SolveValidationForbiddenContent::Json(invalid_pin(&validation));
                Ok(SolveValidationReply::Forbidden(content))
            }
            Err(error) if visitor.wants_page() => {
                Err(self.refusal_of_code(&visitor, &nonce, error).await)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Challenger {
    fn status(&self, validation: &Model) -> ChallengeStatus {
        let progress = Progress::new(&self.app, validation, self.app.now_us());
        let once_sent = |left| validation.sent_at_us.map(|_| count(left));
        ChallengeStatus {
            fix_address: validation.changes_left == 0,
            last_address: validation.address.as_ref().map(texts),
            solved: validation.solved_at_us.is_some(),
            changes_left: count(validation.changes_left),
            retransmission_time: not_before(progress.next_transmission_us()),
            pin_transmissions_left: once_sent(validation.transmissions_left),
            auth_attempts_left: once_sent(validation.guesses_left),
        }
    }

    fn response(&self, given: Given) -> Result<ChallengeResponse, Error> {
        let (validation, transmitted) = match given {
            Given::Completed(validation) => {
                let redirect_url = self.redirect_url(&validation)?;
                return Ok(ChallengeResponse::ChallengeRedirect(redirect(redirect_url)));
            }
            Given::Created {
                validation,
                transmitted,
            } => (validation, transmitted),
        };
        let progress = Progress::new(&self.app, &validation, self.app.now_us());
        let created = ChallengeCreateResponse {
            r#type: ChallengeCreateResponseType::Created,
            attempts_left: count(validation.guesses_left),
            address: validation.address.as_ref().map(texts).unwrap_or_default(),
            transmitted,
            retransmission_time: not_before(progress.next_transmission_us()),
        };
        Ok(ChallengeResponse::ChallengeCreateResponse(created))
    }
}

/// Whole seconds that are not too early: who comes back then must not have to wait.
fn not_before(at_us: i64) -> Timestamp {
    timestamp(Some(at_us.saturating_add(999_999)))
}

fn text_of(body: &ChallengeRequest, field: Field) -> Option<&str> {
    let text = match field {
        Field::ContactEmail => &body.contact_email,
        Field::ContactPhone => &body.contact_phone,
        Field::ContactName => &body.contact_name,
        Field::AddressLines => &body.address_lines,
        Field::AddressCountry => &body.address_country,
    };
    text.as_deref()
}

fn redirect(redirect_url: String) -> ChallengeRedirect {
    ChallengeRedirect {
        r#type: ChallengeRedirectType::Completed,
        redirect_url,
    }
}

fn invalid_pin(validation: &Model) -> InvalidPinResponse {
    let code = ErrorCode::ChallengerInvalidPin;
    InvalidPinResponse {
        r#type: InvalidPinResponseType::Pending,
        code: code.number().into(),
        hint: code.hint().to_owned(),
        addresses_left: count(validation.changes_left),
        pin_transmissions_left: count(validation.transmissions_left),
        auth_attempts_left: count(validation.guesses_left),
        exhausted: false,
        no_challenge: false,
    }
}
