//! Tests of the coding of answers.

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};
use poem::{EndpointExt, endpoint::make_sync};

use super::*;
use crate::http::testing::request_from;

async fn answer(accept: Option<&str>, respond: impl Fn() -> Response + Send + Sync) -> Response {
    let headers: Vec<_> = accept
        .map(|value| ("accept-encoding", value))
        .into_iter()
        .collect();
    let endpoint = make_sync(move |_| respond()).with(CompressAnswers);
    endpoint
        .call(request_from("192.0.2.1:80", &headers))
        .await
        .unwrap()
}

fn text(length: usize) -> String {
    "{\"id\":\"shop\"},".repeat(length.div_ceil(14))[..length].to_owned()
}

fn json(length: usize) -> Response {
    Response::builder()
        .content_type("application/json")
        .header("etag", "\"v1\"")
        .body(text(length))
}

async fn plain_of(response: Response) -> String {
    let coding = response.header("content-encoding").map(str::to_owned);
    let bytes = response.into_body().into_vec().await.unwrap();
    let mut plain = String::new();
    match coding.as_deref() {
        Some("gzip") => GzDecoder::new(&bytes[..])
            .read_to_string(&mut plain)
            .unwrap(),
        Some("deflate") => ZlibDecoder::new(&bytes[..])
            .read_to_string(&mut plain)
            .unwrap(),
        _ => bytes.as_slice().read_to_string(&mut plain).unwrap(),
    };
    plain
}

#[tokio::test]
async fn the_preferred_coding_is_chosen() {
    for (accept, expected) in [
        (Some("gzip, deflate"), Some("gzip")),
        (Some("gzip;q=0.5, deflate"), Some("deflate")),
        (Some("deflate"), Some("deflate")),
        (Some("deflate;q=0"), None),
        (Some("deflate;q=0, *"), Some("gzip")),
        (Some("gzip;q=0, *;q=0.1"), Some("deflate")),
        (Some("*"), Some("gzip")),
        (Some("*;q=0"), None),
        (Some("identity, gzip;q=0.5"), None),
        (Some("identity;q=0.5, gzip;q=0.5"), Some("gzip")),
        (Some("br, zstd"), None),
        (Some(""), None),
        (None, None),
    ] {
        let response = answer(accept, || json(2000)).await;
        assert_eq!(response.header("content-encoding"), expected, "{accept:?}");
        assert_eq!(response.header("vary"), Some("Accept-Encoding"));
        assert_eq!(plain_of(response).await, text(2000));
    }
}

#[tokio::test]
async fn large_answers_are_compressed_too() {
    let response = answer(Some("gzip"), || json(300_000)).await;
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    assert_eq!(plain_of(response).await, text(300_000));
}

#[tokio::test]
async fn a_tag_stays_usable() {
    assert_eq!(
        answer(Some("gzip"), || json(2000)).await.header("etag"),
        Some("W/\"v1\"")
    );
    assert_eq!(
        answer(None, || json(2000)).await.header("etag"),
        Some("\"v1\"")
    );
}

#[tokio::test]
async fn what_gains_nothing_is_left_alone() {
    let small = || json(1000);
    let image = || {
        Response::builder()
            .content_type("image/png")
            .body(text(2000))
    };
    let untyped = || Response::builder().body(text(2000));
    let coded = || {
        json(2000)
            .with_header("content-encoding", "br")
            .into_response()
    };
    let fixed = || {
        json(2000)
            .with_header("cache-control", "no-transform")
            .into_response()
    };
    for respond in [small, image, untyped] {
        let response = answer(Some("gzip"), respond).await;
        assert_eq!(response.header("content-encoding"), None);
    }
    assert_eq!(
        answer(Some("gzip"), coded).await.header("content-encoding"),
        Some("br")
    );
    assert_eq!(
        answer(Some("gzip"), fixed).await.header("content-encoding"),
        None
    );
}

#[tokio::test]
async fn what_does_not_shrink_is_sent_as_it_is() {
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(2000)
    .collect();
    let sent = noise.clone();
    let response = answer(Some("gzip"), move || {
        Response::builder()
            .content_type("text/plain")
            .body(noise.clone())
    })
    .await;
    assert_eq!(response.header("content-encoding"), None);
    assert_eq!(response.into_body().into_vec().await.unwrap(), sent);
}

#[tokio::test]
async fn vary_is_kept_and_completed() {
    let response = answer(None, || {
        json(2000).with_header("vary", "Accept").into_response()
    })
    .await;
    let values: Vec<_> = response.headers().get_all("vary").iter().collect();
    assert_eq!(values, ["Accept", "Accept-Encoding"]);
    let unchanged = answer(None, || StatusCode::NOT_MODIFIED.into_response()).await;
    assert_eq!(unchanged.header("vary"), Some("Accept-Encoding"));
}
