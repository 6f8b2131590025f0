//! How failures are told: as OAuth 2.0 wants it, as pages to people, and else as everywhere.

use std::{sync::Arc, time::Duration};

use kontor_openapi::ApiError;
use poem::http::{StatusCode, header};

use super::{
    gate::wants_page,
    pages::{DeadEnd, Language, Pages, Reason},
};
use crate::http::{
    RequestId,
    errors::{FailedRequest, FailureShape},
};

/// The endpoints whose failures RFC 6749 and RFC 6750 rule.
const OAUTH: [&str; 2] = ["/token", "/info"];

/// The paths that are for programs alone; whoever asks for a page elsewhere gets one.
const PROGRAMS: [&str; 6] = ["/token", "/info", "/config", "/setup", "/terms", "/privacy"];

/// Gives the failures of the Challenger their shape.
pub struct Failures {
    pages: Arc<Pages>,
}

impl Failures {
    pub(super) fn new(pages: Arc<Pages>) -> Self {
        Self { pages }
    }

    fn page(&self, request: &FailedRequest, error: ApiError) -> ApiError {
        let retry_after = error.header(&header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
        let end = DeadEnd {
            reason: Reason::of(error.code(), error.status()),
            retry_after: retry_after.map(Duration::from_secs),
            nonce: nonce_of(&request.path),
            request_id: request.id.as_ref().map(RequestId::as_str),
        };
        let page = self.pages.dead_end(Language::of(&request.headers), &end);
        error.with_page(page)
    }
}

impl FailureShape for Failures {
    fn shape(&self, request: &FailedRequest, error: ApiError) -> ApiError {
        let path = request.path.as_str();
        if OAUTH.contains(&path) {
            let default = oauth_error(error.status());
            let chosen = error.oauth_error().unwrap_or(default);
            return error.with_oauth_error(chosen);
        }
        let is_for_programs = PROGRAMS.iter().any(|start| {
            let rest = path.strip_prefix(start);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        match !is_for_programs && wants_page(&request.headers) {
            true => self.page(request, error),
            false => error,
        }
    }
}

/// Beyond those of RFC 6749 §5.2 stand two of its §4.1.2.1, which clients of the exchange's kind tell apart.
fn oauth_error(status: StatusCode) -> &'static str {
    match status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            "temporarily_unavailable"
        }
        _ if status.is_server_error() => "server_error",
        _ => "invalid_request",
    }
}

/// The nonce in a path, so that the page can lead back to its validation. An authorization request that failed may have begun none.
fn nonce_of(path: &str) -> Option<&str> {
    let mut segments = path.strip_prefix('/')?.split('/');
    let is_of_validation = ["challenge", "solve", "ui"].contains(&segments.next()?);
    segments
        .next()
        .filter(|nonce| is_of_validation && !nonce.is_empty())
}
