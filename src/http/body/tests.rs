//! Tests of the decoding of request bodies.

use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use futures_util::stream;
use poem::{EndpointExt, endpoint::make};

use super::*;

const LIMIT: usize = 4096;

/// Status and code, or what the endpoint got.
async fn sent(coding: Option<&str>, body: impl Into<Body>) -> Result<Vec<u8>, (u16, u16)> {
    let mut builder = Request::builder().method(Method::POST);
    if let Some(coding) = coding {
        builder = builder.header("content-encoding", coding);
    }
    answered(builder.body(body)).await
}

async fn answered(request: Request) -> Result<Vec<u8>, (u16, u16)> {
    let endpoint = make(|mut request: Request| async move {
        assert!(!request.headers().contains_key("content-encoding"));
        let bytes = request.take_body().into_vec().await.unwrap();
        if let Some(length) = request.header("content-length") {
            assert_eq!(length, bytes.len().to_string());
        }
        bytes
    })
    .with(DecodeBody::new(LIMIT));
    match endpoint.call(request).await {
        Ok(response) => Ok(response.into_body().into_vec().await.unwrap()),
        Err(error) => {
            let error = error.downcast::<ApiError>().unwrap();
            Err((error.status().as_u16(), error.code().number()))
        }
    }
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn known_codings_are_undone() {
    let plain = b"{\"amount\":\"EUR:1\"}".repeat(20);
    for coding in [None, Some("identity"), Some("Identity, identity")] {
        assert_eq!(sent(coding, plain.clone()).await.unwrap(), plain);
    }
    for coding in ["gzip", "x-gzip", "GZIP", "identity, gzip"] {
        assert_eq!(sent(Some(coding), gzip(&plain)).await.unwrap(), plain);
    }
    assert_eq!(sent(Some("deflate"), zlib(&plain)).await.unwrap(), plain);
    assert_eq!(
        sent(Some("deflate"), raw_deflate(&plain)).await.unwrap(),
        plain
    );
}

#[tokio::test]
async fn other_codings_are_refused() {
    for coding in ["br", "zstd", "gzip, gzip", "deflate, gzip", "?"] {
        assert_eq!(
            sent(Some(coding), "x").await.unwrap_err(),
            (415, 23),
            "{coding}"
        );
    }
}

#[tokio::test]
async fn the_limit_is_on_the_decoded_size() {
    let (fits, too_long) = (vec![b'a'; LIMIT], vec![b'a'; LIMIT + 1]);
    assert_eq!(sent(None, fits.clone()).await.unwrap().len(), LIMIT);
    assert_eq!(sent(Some("gzip"), gzip(&fits)).await.unwrap().len(), LIMIT);
    assert_eq!(sent(None, too_long.clone()).await.unwrap_err(), (413, 32));
    assert_eq!(
        sent(Some("gzip"), gzip(&too_long)).await.unwrap_err(),
        (413, 32)
    );
    assert_eq!(
        sent(Some("deflate"), zlib(&too_long)).await.unwrap_err(),
        (413, 32)
    );
}

#[tokio::test]
async fn a_bomb_stops_at_the_limit() {
    let bomb = gzip(&vec![0; 3 << 20]);
    assert!(bomb.len() < LIMIT);
    assert_eq!(sent(Some("gzip"), bomb).await.unwrap_err(), (413, 32));
}

#[tokio::test]
async fn an_announced_length_above_the_limit_is_refused_unread() {
    let unread = Body::from_bytes_stream(stream::poll_fn(
        |_| -> std::task::Poll<Option<io::Result<Bytes>>> {
            unreachable!("the body must not be read")
        },
    ));
    let request = Request::builder()
        .method(Method::POST)
        .header("content-length", "4097")
        .body(unread);
    assert_eq!(answered(request).await.unwrap_err(), (413, 32));
}

#[tokio::test]
async fn a_long_body_without_a_length_is_refused() {
    let chunks = (0..100).map(|_| Ok::<_, io::Error>(Bytes::from_static(&[b'a'; 100])));
    assert_eq!(
        sent(None, Body::from_bytes_stream(stream::iter(chunks)))
            .await
            .unwrap_err(),
        (413, 32)
    );
}

#[tokio::test]
async fn broken_codings_are_refused() {
    let whole = gzip(b"hello");
    let mut flipped = whole.clone();
    let checksum = flipped.len() - 8;
    flipped[checksum] ^= 1;
    let trailing = [whole.clone(), b"more".to_vec()].concat();
    for body in [
        b"hello".to_vec(),
        whole[..whole.len() - 4].to_vec(),
        whole[..5].to_vec(),
        flipped,
        trailing,
    ] {
        assert_eq!(sent(Some("gzip"), body).await.unwrap_err(), (400, 28));
    }
    let whole = zlib(b"hello");
    for body in [b"hello".to_vec(), whole[..whole.len() - 1].to_vec()] {
        assert_eq!(sent(Some("deflate"), body).await.unwrap_err(), (400, 28));
    }
}

#[tokio::test]
async fn a_body_that_ends_early_is_refused() {
    let chunks = [
        Ok(Bytes::from_static(b"{")),
        Err(io::Error::other("connection lost")),
    ];
    assert_eq!(
        sent(None, Body::from_bytes_stream(stream::iter(chunks)))
            .await
            .unwrap_err(),
        (400, 22)
    );
}

#[tokio::test]
async fn the_body_of_a_method_that_takes_none_is_not_looked_at() {
    for method in [Method::GET, Method::HEAD, Method::DELETE] {
        let request = Request::builder().method(method).body(vec![b'a'; 4097]);
        assert_eq!(answered(request).await.unwrap(), b"");
    }
}

#[tokio::test]
async fn a_request_without_a_body_passes() {
    assert_eq!(sent(None, ()).await.unwrap(), b"");
    let empty_chunks = Body::from_bytes_stream(stream::empty::<io::Result<Bytes>>());
    assert_eq!(sent(Some("gzip"), empty_chunks).await.unwrap(), b"");
}
