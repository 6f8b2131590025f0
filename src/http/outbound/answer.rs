//! The body of an answer, bounded and decoded.

use std::io::Read as _;

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use poem::http::{HeaderMap, Response, header};

use super::Fetched;

/// What is wrong with an answer.
pub(super) enum WrongAnswer {
    TooLarge,
    Protocol(String),
}

/// Reads the body up to the limit, which counts for what is sent and for what comes out of it.
pub(super) async fn read(
    response: Response<Incoming>,
    limit: usize,
) -> Result<Fetched, WrongAnswer> {
    let (parts, body) = response.into_parts();
    let mut headers = parts.headers;
    let coding = Coding::of(&headers)?;
    let sent = match Limited::new(body, limit).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(WrongAnswer::TooLarge),
        Err(error) => return Err(WrongAnswer::Protocol(error.to_string())),
    };
    let body = match coding {
        Coding::Identity => sent,
        Coding::Gzip => {
            headers.remove(header::CONTENT_ENCODING);
            headers.remove(header::CONTENT_LENGTH);
            unfold(sent, limit)?
        }
    };
    Ok(Fetched {
        status: parts.status,
        headers,
        body,
    })
}

enum Coding {
    Identity,
    Gzip,
}

impl Coding {
    /// The coding that was asked for, once, or none.
    fn of(headers: &HeaderMap) -> Result<Self, WrongAnswer> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let is = |value: &[u8], name: &str| value.eq_ignore_ascii_case(name.as_bytes());
        match (values.next().map(|value| value.as_bytes()), values.next()) {
            (None, _) => Ok(Self::Identity),
            (Some(value), None) if is(value, "identity") => Ok(Self::Identity),
            (Some(value), None) if is(value, "gzip") || is(value, "x-gzip") => Ok(Self::Gzip),
            _ => Err(WrongAnswer::Protocol(
                "a content coding that was not asked for".to_owned(),
            )),
        }
    }
}

/// Decodes up to the limit and one byte more, which tells a body of just that size from a longer one.
fn unfold(sent: Bytes, limit: usize) -> Result<Bytes, WrongAnswer> {
    // Of HEAD, 204 and 304 the header tells what a body would have been.
    if sent.is_empty() {
        return Ok(sent);
    }
    let mut plain = Vec::new();
    MultiGzDecoder::new(&sent[..])
        .take((limit as u64).saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(|_| WrongAnswer::Protocol("a broken content coding".to_owned()))?;
    if plain.len() > limit {
        Err(WrongAnswer::TooLarge)
    } else {
        Ok(plain.into())
    }
}
