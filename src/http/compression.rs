//! Compressed answers, where the client takes them and they are smaller.
//!
//! Secrets in compressed answers can be guessed by their length only by somebody who makes a browser send them
//! beside chosen text; without cookies nobody can (the bearer of the token is the reader).

use std::io::{self, Write};

use bytes::Bytes;
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use http_body::Body as _;
use http_body_util::BodyExt;
use poem::{
    Body, Endpoint, IntoResponse, Middleware, Request, Response, Result,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{self, ACCEPT_ENCODING},
    },
};

use super::{body::BoxBody, quality};

/// Below this many bytes a packet is saved by nothing.
const SMALLEST: u64 = 1024;

/// Above this many bytes compression takes longer than a task may hold its thread.
const LARGEST_ON_THE_SPOT: usize = 64 * 1024;

/// Above this many bytes an answer is sent as it is.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Middleware that compresses answers as gzip or deflate (the zlib format), as `Accept-Encoding` prefers.
#[derive(Debug, Clone, Copy)]
pub struct CompressAnswers;

impl<E: Endpoint> Middleware<E> for CompressAnswers {
    type Output = CompressAnswersEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        CompressAnswersEndpoint(inner)
    }
}

/// Endpoint of [`CompressAnswers`].
pub struct CompressAnswersEndpoint<E>(E);

impl<E: Endpoint> Endpoint for CompressAnswersEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let coding = Coding::preferred(request.headers());
        let mut response = self.0.call(request).await?.into_response();
        if response.status() == StatusCode::NOT_MODIFIED {
            vary_by_coding(response.headers_mut());
            return Ok(response);
        }
        if !may_be_coded(&response) {
            return Ok(response);
        }
        let body: BoxBody = response.take_body().into();
        match body.size_hint().exact() {
            Some(SMALLEST..=LARGEST) => {}
            _ => {
                response.set_body(Body::from(body));
                return Ok(response);
            }
        }
        vary_by_coding(response.headers_mut());
        match coding {
            Some(coding) => compress(response, body, coding).await,
            None => {
                response.set_body(Body::from(body));
                Ok(response)
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
}

impl Coding {
    /// The coding with the highest quality above that of `identity`; gzip where both are equal.
    fn preferred(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(ACCEPT_ENCODING) {
            return None;
        }
        let (mut gzip, mut deflate, mut identity, mut any) = (None, None, None, None);
        for (name, quality) in quality::members(headers, &ACCEPT_ENCODING) {
            let slot = match name {
                _ if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => {
                    &mut gzip
                }
                _ if name.eq_ignore_ascii_case("deflate") => &mut deflate,
                _ if name.eq_ignore_ascii_case("identity") => &mut identity,
                "*" => &mut any,
                _ => continue,
            };
            *slot = Some(quality);
        }
        let any = any.unwrap_or(0);
        let (gzip, deflate) = (gzip.unwrap_or(any), deflate.unwrap_or(any));
        let best = gzip.max(deflate);
        if best == 0 || best < identity.unwrap_or(0) {
            return None;
        }
        Some(if gzip == best {
            Self::Gzip
        } else {
            Self::Deflate
        })
    }

    const fn name(self) -> HeaderValue {
        match self {
            Self::Gzip => HeaderValue::from_static("gzip"),
            Self::Deflate => HeaderValue::from_static("deflate"),
        }
    }

    /// Level 1: measured on our JSON it gives most of what level 6 does for a third of the time.
    fn apply(self, plain: &[u8]) -> io::Result<Vec<u8>> {
        let coded = Vec::with_capacity(plain.len() / 2);
        match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(coded, Compression::fast());
                encoder.write_all(plain)?;
                encoder.finish()
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(coded, Compression::fast());
                encoder.write_all(plain)?;
                encoder.finish()
            }
        }
    }
}

/// Whole answers of a type that is mostly text and that nobody coded or forbade to code.
fn may_be_coded(response: &Response) -> bool {
    let headers = response.headers();
    let status = response.status();
    let untransformable = || {
        headers
            .get(header::CACHE_CONTROL)
            .is_some_and(|value| value.to_str().unwrap_or("").contains("no-transform"))
    };
    status != StatusCode::NO_CONTENT
        && status != StatusCode::PARTIAL_CONTENT
        && !headers.contains_key(header::CONTENT_ENCODING)
        && response.content_type().is_some_and(is_text)
        && !untransformable()
}

fn is_text(content_type: &str) -> bool {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let known = [
        "application/json",
        "application/yaml",
        "application/javascript",
        "application/xml",
        "image/svg+xml",
    ];
    essence.starts_with("text/")
        || known.contains(&essence.as_str())
        || essence.ends_with("+json")
        || essence.ends_with("+yaml")
        || essence.ends_with("+xml")
}

async fn compress(mut response: Response, body: BoxBody, coding: Coding) -> Result<Response> {
    let plain = body
        .collect()
        .await
        .map_err(poem::error::InternalServerError)?
        .to_bytes();
    match coded(coding, &plain).await {
        Some(coded) if coded.len() < plain.len() => {
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_ENCODING, coding.name());
            headers.remove(header::CONTENT_LENGTH);
            headers.remove(header::ACCEPT_RANGES);
            weaken_etag(headers);
            response.set_body(coded);
        }
        _ => response.set_body(plain),
    }
    Ok(response)
}

async fn coded(coding: Coding, plain: &Bytes) -> Option<Vec<u8>> {
    if plain.len() <= LARGEST_ON_THE_SPOT {
        return coding.apply(plain).ok();
    }
    let plain = plain.clone();
    tokio::task::spawn_blocking(move || coding.apply(&plain))
        .await
        .ok()?
        .ok()
}

/// Two codings of one text differ in their bytes, so that only a weak tag may name both; `If-None-Match` compares weakly.
fn weaken_etag(headers: &mut HeaderMap) {
    let weak = headers
        .get(header::ETAG)
        .filter(|tag| tag.as_bytes().starts_with(b"\""))
        .and_then(|tag| {
            let bytes = [b"W/", tag.as_bytes()].concat();
            HeaderValue::from_bytes(&bytes).ok()
        });
    if let Some(weak) = weak {
        headers.insert(header::ETAG, weak);
    }
}

fn vary_by_coding(headers: &mut HeaderMap) {
    let named = |value: &HeaderValue| {
        value.to_str().unwrap_or("").split(',').any(|name| {
            let name = name.trim();
            name == "*" || name.eq_ignore_ascii_case(ACCEPT_ENCODING.as_str())
        })
    };
    if !headers.get_all(header::VARY).iter().any(named) {
        headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

#[cfg(test)]
mod tests;
