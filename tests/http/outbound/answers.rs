//! What is sent, and which answers are taken.

use std::time::Duration;

use kontor::http::outbound::{Fetched, OutboundError, OutboundRequest};
use poem::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::support::{ALLOWED, Behaviour, Names, Server, answer, client, ok, stranger};
use crate::support::content_coding::gzip;

const LIMIT: usize = 64 * 1024;

/// Asks a server that does this, with little time and a small limit.
async fn ask(behaviour: Behaviour) -> Result<Fetched, OutboundError> {
    let server = Server::start(ALLOWED, behaviour).await;
    let destination = stranger(&format!("http://{}/", server.address));
    let request = OutboundRequest::get(destination)
        .timeout(Duration::from_secs(10))
        .limit_bytes(LIMIT);
    client(&Names::new(&[])).send(request).await
}

fn is_too_large(outcome: &Result<Fetched, OutboundError>) -> bool {
    matches!(
        outcome,
        Err(OutboundError::TooLarge {
            limit_bytes: LIMIT,
            ..
        })
    )
}

#[tokio::test]
async fn a_request_says_who_calls_and_no_more() {
    let server = Server::start(ALLOWED, ok("Set-Cookie: a=b\r\n", b"{}")).await;
    let client = client(&Names::new(&[("shop.example", &[&["127.0.0.2"]])]));
    let port = server.address.port();
    let destination = stranger(&format!("http://shop.example:{port}/path?query=1"));
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::AUTHORIZATION, "Basic dTpw"),
        (header::HOST, "other.example"),
        (header::USER_AGENT, "other"),
        (header::REFERER, "http://kontor.test/"),
        (header::TRANSFER_ENCODING, "chunked"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let get = OutboundRequest::get(destination.clone()).headers(headers);
    client.send(get).await.expect("an answer");
    let post = OutboundRequest::post_json(destination, r#"{"a":1}"#);
    client.send(post).await.expect("an answer");
    let common = format!(
        "user-agent: Kontor/{}\r\naccept-encoding: gzip\r\nconnection: close\r\n",
        env!("CARGO_PKG_VERSION")
    );
    let host = format!("host: shop.example:{port}\r\n");
    assert_eq!(
        server.requests(),
        [
            format!(
                "GET /path?query=1 HTTP/1.1\r\nauthorization: Basic dTpw\r\n{host}{common}\r\n"
            ),
            format!(
                "POST /path?query=1 HTTP/1.1\r\ncontent-type: application/json\r\n{host}{common}\
                 content-length: 7\r\n\r\n{{\"a\":1}}"
            ),
        ]
    );
}

#[tokio::test]
async fn every_status_is_an_answer() {
    for status in [204, 304, 404, 500] {
        let bytes = format!("HTTP/1.1 {status} X\r\nETag: \"e\"\r\n\r\n").into_bytes();
        let fetched = ask(Behaviour::Answer(bytes)).await.expect("an answer");
        assert_eq!(fetched.status, StatusCode::from_u16(status).unwrap());
        assert_eq!(fetched.headers["etag"], "\"e\"");
        assert!(fetched.body.is_empty());
    }
}

#[tokio::test]
async fn slow_answers_time_out() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n".to_vec();
    for begun in [
        Vec::new(),
        b"HTTP/1.1 200".to_vec(),
        [head, b"12345".to_vec()].concat(),
    ] {
        let server = Server::start(ALLOWED, Behaviour::AnswerAndWait(begun)).await;
        let request = OutboundRequest::get(stranger(&format!("http://{}/?secret", server.address)));
        let timeout = Duration::from_millis(100);
        let outcome = client(&Names::new(&[]))
            .send(request.timeout(timeout))
            .await;
        let error = outcome.expect_err("no answer");
        assert!(matches!(error, OutboundError::TimedOut { after, .. } if after == timeout));
        assert_eq!(error.to_string(), "127.0.0.2 did not answer within 100ms");
    }
}

#[tokio::test]
async fn a_body_of_the_limit_is_taken_and_a_longer_one_is_cut_off() {
    let (fits, too_long) = (vec![b'a'; LIMIT], vec![b'a'; LIMIT + 1]);
    assert_eq!(ask(ok("", &fits)).await.expect("an answer").body, fits);
    assert!(is_too_large(&ask(ok("", &too_long)).await));
    // What has no length, or an honest one that is too much, never ends here.
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n",
    ] {
        let endless = Behaviour::Endless(head.into(), vec![b'a'; 1000]);
        assert!(is_too_large(&ask(endless).await), "{head}");
    }
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let chunks = Behaviour::Endless(head, b"3\r\nabc\r\n".repeat(100));
    assert!(is_too_large(&ask(chunks).await));
}

#[tokio::test]
async fn gzip_is_undone_up_to_the_limit() {
    let coded = "Content-Encoding: gzip\r\n";
    let fits = vec![b'a'; LIMIT];
    let fetched = ask(ok(coded, &gzip(&fits))).await.expect("an answer");
    assert_eq!(fetched.body, fits);
    assert!(!fetched.headers.contains_key("content-encoding"));
    assert!(!fetched.headers.contains_key("content-length"));
    assert!(is_too_large(
        &ask(ok(coded, &gzip(&vec![b'a'; LIMIT + 1]))).await
    ));
    let bomb = gzip(&vec![0; 4 << 20]);
    assert!(bomb.len() < LIMIT);
    assert!(is_too_large(&ask(ok(coded, &bomb)).await));
    // Members that hold nothing are counted as they are sent.
    let head = format!("HTTP/1.1 200 OK\r\n{coded}\r\n").into_bytes();
    assert!(is_too_large(
        &ask(Behaviour::Endless(head, gzip(b""))).await
    ));
}

#[tokio::test]
async fn what_is_not_http_is_told() {
    let whole = gzip(b"hello");
    let gzipped = |body: &[u8]| answer("200 OK", "Content-Encoding: gzip\r\n", body);
    for garbage in [
        Vec::new(),
        b"hello\r\n\r\n".to_vec(),
        b"<html></html>".to_vec(),
        b"\x15\x03\x01\x00\x02\x02\x46".to_vec(),
        b"SSH-2.0-OpenSSH\r\n".to_vec(),
        b"HTTP/1.1 2000 OK\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello".to_vec(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n".to_vec(),
        answer("200 OK", "Content-Encoding: br\r\n", b"hello"),
        answer("200 OK", "Content-Encoding: gzip, gzip\r\n", &gzip(&whole)),
        gzipped(b"hello"),
        gzipped(&whole[..whole.len() - 4]),
        [
            b"HTTP/1.1 200 OK\r\n".to_vec(),
            b"X: y\r\n".repeat(200),
            b"\r\n".to_vec(),
        ]
        .concat(),
    ] {
        let shown = String::from_utf8_lossy(&garbage).into_owned();
        let outcome = ask(Behaviour::Answer(garbage)).await;
        assert!(
            matches!(outcome, Err(OutboundError::Protocol { .. })),
            "{shown:?}: {outcome:?}"
        );
    }
    let head = Behaviour::Endless(b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'a'; 1000]);
    let outcome = ask(head).await;
    assert!(
        matches!(outcome, Err(OutboundError::Protocol { .. })),
        "{outcome:?}"
    );
}
