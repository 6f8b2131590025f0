//! The body of a request, decoded and bounded.

use std::io::{self, BufRead, Read};

use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kontor_openapi::{ApiError, ErrorCode};
use poem::{
    Body, Endpoint, IntoResponse, Middleware, Request, Response, Result,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};

/// What poem's [`Body`] wraps: the way to the length of a body without reading it.
pub(super) type BoxBody = http_body_util::combinators::BoxBody<Bytes, io::Error>;

/// The codings of a request body that are understood, as answered with a 415.
const ACCEPTED_CODINGS: HeaderValue = HeaderValue::from_static("gzip, deflate, identity");

/// First guess of how far a compressed body unfolds.
const USUAL_EXPANSION: usize = 4;

/// Middleware that reads the body at most up to the limit, undoes its content coding and leaves the plain bytes in
/// the request. A request without a body is left alone, and so is the body of a method that takes none: it means nothing
/// (RFC 9110 §9.3.1), so that nothing about it is wrong.
///
/// # Errors
/// 413/32 above the limit, at once where `Content-Length` says so; 415/23 for a content coding that is not known; 400/28
/// for a broken one; 400/22 for a body that ends early.
#[derive(Debug, Clone, Copy)]
pub struct DecodeBody {
    limit_bytes: usize,
}

impl DecodeBody {
    /// Takes this many bytes at most, before and after decoding.
    #[must_use]
    pub fn new(limit_bytes: usize) -> Self {
        Self { limit_bytes }
    }
}

impl<E: Endpoint> Middleware<E> for DecodeBody {
    type Output = DecodeBodyEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        DecodeBodyEndpoint {
            inner,
            limit_bytes: self.limit_bytes,
        }
    }
}

/// Endpoint of [`DecodeBody`].
pub struct DecodeBodyEndpoint<E> {
    inner: E,
    limit_bytes: usize,
}

impl<E: Endpoint> Endpoint for DecodeBodyEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let body = request.take_body();
        if !body.is_empty() && !takes_none(request.method()) {
            let coding = Coding::of(request.headers())?;
            let sent = read(body, request.headers(), self.limit_bytes).await?;
            let plain = decode(coding, sent, self.limit_bytes)?;
            if coding != Coding::Identity {
                request
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, HeaderValue::from(plain.len()));
            }
            request.headers_mut().remove(header::CONTENT_ENCODING);
            request.set_body(plain);
        }
        self.inner
            .call(request)
            .await
            .map(IntoResponse::into_response)
    }
}

fn takes_none(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::DELETE].contains(method)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Deflate,
}

impl Coding {
    /// At most one coding beside `identity`: nobody compresses twice but to hide a bomb.
    fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut found = Self::Identity;
        for value in headers.get_all(header::CONTENT_ENCODING) {
            for name in value.to_str().unwrap_or("?").split(',').map(str::trim) {
                let coding = Self::named(name).ok_or_else(unknown_coding)?;
                if coding != Self::Identity && found != Self::Identity {
                    return Err(unknown_coding());
                }
                found = if coding == Self::Identity {
                    found
                } else {
                    coding
                };
            }
        }
        Ok(found)
    }

    fn named(name: &str) -> Option<Self> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        match () {
            () if is("identity") || name.is_empty() => Some(Self::Identity),
            () if is("gzip") || is("x-gzip") => Some(Self::Gzip),
            () if is("deflate") => Some(Self::Deflate),
            () => None,
        }
    }
}

async fn read(body: Body, headers: &HeaderMap, limit: usize) -> Result<Bytes, ApiError> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let body: BoxBody = body.into();
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(error) => {
            tracing::debug!(error = %error, "a request body ended early");
            Err(ApiError::new(ErrorCode::GenericJsonInvalid)
                .with_detail("the request body ended early"))
        }
    }
}

fn decode(coding: Coding, sent: Bytes, limit: usize) -> Result<Bytes, ApiError> {
    match coding {
        _ if sent.is_empty() => Ok(sent),
        Coding::Identity => Ok(sent),
        Coding::Gzip => unfold(
            GzDecoder::new(&sent[..]),
            sent.len(),
            limit,
            GzDecoder::into_inner,
        ),
        Coding::Deflate if is_zlib(&sent) => unfold(
            ZlibDecoder::new(&sent[..]),
            sent.len(),
            limit,
            ZlibDecoder::into_inner,
        ),
        // Some clients leave the zlib frame away that the standard asks for.
        Coding::Deflate => unfold(
            DeflateDecoder::new(&sent[..]),
            sent.len(),
            limit,
            DeflateDecoder::into_inner,
        ),
    }
}

/// The two bytes of a zlib frame: method 8, and a check that the pair divides by 31 (RFC 1950).
fn is_zlib(data: &[u8]) -> bool {
    matches!(data, [method, flags, ..] if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0)
}

/// Decodes up to the limit and one byte more, which tells a body of just that size from a longer one.
fn unfold<D: Read, R: BufRead>(
    mut decoder: D,
    sent: usize,
    limit: usize,
    rest: impl FnOnce(D) -> R,
) -> Result<Bytes, ApiError> {
    let mut plain = Vec::with_capacity(sent.saturating_mul(USUAL_EXPANSION).min(limit));
    let bound = (limit as u64).saturating_add(1);
    decoder
        .by_ref()
        .take(bound)
        .read_to_end(&mut plain)
        .map_err(|_| broken_coding())?;
    if plain.len() > limit {
        return Err(too_large(limit));
    }
    let trailing = rest(decoder).fill_buf().is_ok_and(|left| !left.is_empty());
    if trailing {
        Err(broken_coding())
    } else {
        Ok(plain.into())
    }
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(ErrorCode::GenericUploadExceedsLimit)
        .with_detail(format!("the body may have at most {limit} bytes, decoded"))
}

fn unknown_coding() -> ApiError {
    ApiError::new(ErrorCode::GenericHttpHeadersMalformed)
        .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
        .with_detail("the body may be coded as gzip or deflate, or not at all")
        .with_parameter("Content-Encoding")
        .with_header(header::ACCEPT_ENCODING, ACCEPTED_CODINGS)
}

fn broken_coding() -> ApiError {
    ApiError::new(ErrorCode::GenericCompressionInvalid)
        .with_detail("the body is not what Content-Encoding says")
}

#[cfg(test)]
mod tests;
