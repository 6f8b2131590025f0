//! Bodies of requests: how large, how coded, of what type, and whether they arrive at all.

use std::io::Write as _;

use flate2::{
    Compress, Compression, FlushCompress,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use futures_util::stream;
use poem::Body;
use serde_json::Value;

use super::support::{Events, eventually, on_admin_with, on_server, on_server_with, read};
use crate::support::{Answer, Call, PASSWORD, TestApp, conformance, on_app};

const LOGIN: &str = "/private/token";

/// Codes a body.
type Code = fn(&[u8]) -> Vec<u8>;

/// A limit that is quickly reached.
const LIMIT: usize = 4096;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).expect("memory");
    encoder.finish().expect("memory")
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).expect("memory");
    encoder.finish().expect("memory")
}

fn raw_deflate(plain: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).expect("memory");
    encoder.finish().expect("memory")
}

/// A login of this many bytes.
fn login(length: usize) -> Vec<u8> {
    let start = r#"{"scope":"readonly","unknown":""#;
    let padding = length - start.len() - 2;
    format!("{start}{}\"}}", "a".repeat(padding)).into_bytes()
}

/// A login with another body.
fn log_in(app: &TestApp, body: impl Into<Vec<u8>>) -> Call<'_> {
    app.call("POST", LOGIN).basic("admin", PASSWORD).body(body)
}

fn credential() -> String {
    data_encoding::BASE64.encode(format!("admin:{PASSWORD}").as_bytes())
}

/// The head of a login, up to its last headers.
fn head(headers: &str) -> String {
    let credential = credential();
    format!(
        "POST {LOGIN} HTTP/1.1\r\nHost: kontor.test\r\nAuthorization: Basic {credential}\r\n{headers}\r\n\r\n"
    )
}

fn limited(settings: &mut kontor::config::Settings) {
    settings.limits.body_size = LIMIT;
}

#[tokio::test]
async fn the_limit_counts_the_decoded_size() {
    on_admin_with(limited, async |app| {
        let codings: [(&str, Code); 5] = [
            ("identity", <[u8]>::to_vec),
            ("gzip", gzip),
            ("x-gzip", gzip),
            ("deflate", zlib),
            ("deflate", raw_deflate),
        ];
        for (name, code) in codings {
            let fits = log_in(app, code(&login(LIMIT))).header("content-encoding", name);
            fits.send().await.expect(200);
            for length in [LIMIT + 1, LIMIT * 100] {
                let call = log_in(app, code(&login(length))).header("content-encoding", name);
                let answer = call.send().await;
                let detail = answer.refuses(413, 32)["detail"].clone();
                assert!(detail.as_str().is_some_and(|text| text.contains("4096")));
            }
        }
        log_in(app, login(LIMIT + 1)).send().await.refuses(413, 32);
    })
    .await;
}

#[tokio::test]
async fn the_usual_limit_is_one_mebibyte() {
    on_app(async |app| {
        log_in(app, login(1 << 20)).send().await.expect(200);
        log_in(app, login((1 << 20) + 1))
            .send()
            .await
            .refuses(413, 32);
    })
    .await;
}

#[tokio::test]
async fn a_compressed_bomb_stops_at_the_limit() {
    on_app(async |app| {
        let before = peak_memory_mib();
        let bomb = bomb(1 << 30);
        let call = log_in(app, bomb[..1 << 20].to_vec()).header("content-encoding", "deflate");
        call.send().await.refuses(413, 32);
        let grown = peak_memory_mib() - before;
        assert!(grown < 500, "{grown} MiB");
    })
    .await;
}

/// This many zeros as raw deflate, made of one piece many times.
fn bomb(decoded: usize) -> Vec<u8> {
    const PIECE: usize = 1 << 20;
    let mut piece = Vec::with_capacity(PIECE);
    Compress::new(Compression::best(), false)
        .compress_vec(&vec![0; PIECE], &mut piece, FlushCompress::Full)
        .expect("memory");
    piece.repeat(decoded / PIECE)
}

/// The most memory that this process has had; 0 where the system does not tell.
fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

#[tokio::test]
async fn a_broken_coding_is_400_28() {
    on_app(async |app| {
        let whole = login(600);
        let (zipped, framed, raw) = (gzip(&whole), zlib(&whole), raw_deflate(&whole));
        let mut wrong_sum = zipped.clone();
        let end = wrong_sum.len() - 6;
        wrong_sum[end] ^= 1;
        for (coding, body) in [
            ("gzip", zipped[..zipped.len() - 1].to_vec()),
            ("gzip", zipped[..zipped.len() / 2].to_vec()),
            ("gzip", zipped[..3].to_vec()),
            ("gzip", whole.clone()),
            ("gzip", framed.clone()),
            ("gzip", wrong_sum),
            ("gzip", [zipped.clone(), b"trailing".to_vec()].concat()),
            ("deflate", framed[..framed.len() - 1].to_vec()),
            ("deflate", raw[..raw.len() - 1].to_vec()),
            ("deflate", whole.clone()),
            ("deflate", zipped.clone()),
        ] {
            let answer = log_in(app, body)
                .header("content-encoding", coding)
                .send()
                .await;
            answer.refuses(400, 28);
        }
    })
    .await;
}

#[tokio::test]
async fn an_unknown_coding_is_415_and_names_the_known_ones() {
    on_app(async |app| {
        for coding in [
            "br",
            "zstd",
            "compress",
            "gzip, gzip",
            "gzip, deflate",
            "gzip;q=1",
            "\u{fc}",
        ] {
            let answer = log_in(app, login(100))
                .header("content-encoding", coding)
                .send()
                .await;
            answer.blames(415, 23, "Content-Encoding");
            assert_eq!(
                answer.header("accept-encoding"),
                Some("gzip, deflate, identity")
            );
        }
        for coding in ["", "identity", "Identity, identity"] {
            let call = log_in(app, login(100)).header("content-encoding", coding);
            call.send().await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn an_empty_body_is_no_json() {
    on_app(async |app| {
        log_in(app, "").send().await.refuses(400, 22);
        for coding in ["gzip", "deflate", "identity"] {
            log_in(app, "")
                .header("content-encoding", coding)
                .send()
                .await
                .refuses(400, 22);
        }
        log_in(app, gzip(b""))
            .header("content-encoding", "gzip")
            .send()
            .await
            .refuses(400, 22);
        log_in(app, " \n").send().await.refuses(400, 22);
    })
    .await;
}

#[tokio::test]
async fn a_body_where_none_belongs_is_ignored() {
    on_admin_with(limited, async |app| {
        let token = app.admin_token("all").await;
        let bodies = [
            (None, login(100)),
            (None, b"{".to_vec()),
            (None, vec![b'a'; LIMIT + 1]),
            (Some("gzip"), b"not gzip".to_vec()),
            (Some("br"), b"not known".to_vec()),
        ];
        for (coding, body) in bodies {
            for (method, target, status) in [
                ("GET", "/config", 200),
                ("GET", "/private", 200),
                ("GET", "/openapi.json", 200),
                ("HEAD", "/config", 200),
                ("DELETE", "/private/tokens/99", 404),
                ("GET", "/nothing", 404),
                ("POST", "/nothing", 404),
                ("PUT", "/config", 405),
                ("POST", "/instances/default/private/token", 308),
            ] {
                let call = app.call(method, target).bearer(&token).body(body.clone());
                let call = match coding {
                    Some(coding) => call.header("content-encoding", coding),
                    None => call.header("content-type", "text/plain"),
                };
                let answer = call.send().await;
                assert_eq!(answer.status, status, "{method} {target} {coding:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_of_another_type_is_415() {
    on_app(async |app| {
        for media_type in [
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/octet-stream",
            "application/jsonp",
            "application",
            "json",
            "",
            "\u{fc}",
        ] {
            for body in [&b"{\"scope\":\"readonly\"}"[..], b"a=b", b""] {
                let answer = log_in(app, body)
                    .header("content-type", media_type)
                    .send()
                    .await;
                answer.blames(415, 23, "Content-Type");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn json_goes_by_several_types_or_none() {
    on_app(async |app| {
        for media_type in [
            "application/json",
            "Application/JSON",
            "application/json;charset=utf-8",
            "application/json ; charset=\"UTF-8\"",
            "application/merge-patch+json",
        ] {
            let call = log_in(app, login(100)).header("content-type", media_type);
            call.send().await.expect(200);
        }
        log_in(app, login(100)).send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_body_may_come_in_chunks() {
    on_server_with(limited, async |_, server| {
        let mut connection = server.connect().await;
        connection.send(head("Transfer-Encoding: chunked")).await;
        for chunk in [
            "2\r\n{\"\r\n",
            "8;a=b\r\nscope\":\"\r\n",
            "a\r\nreadonly\"}\r\n",
        ] {
            connection.send(chunk).await;
        }
        connection.send("0\r\nX-Trailer: 1\r\n\r\n").await;
        connection.answer().await.expect(200);
        connection
            .exchange("GET", "/config", &[], b"")
            .await
            .expect(200);

        connection.send(head("Transfer-Encoding: chunked")).await;
        for _ in 0..5 {
            connection
                .send(format!("400\r\n{}\r\n", "a".repeat(1024)))
                .await;
        }
        connection.answer().await.refuses(413, 32);
        // The rest of the body was not awaited, so the connection cannot be used for another request.
        assert!(connection.is_closed().await);

        let mut connection = server.connect().await;
        connection.send(head("Transfer-Encoding: chunked")).await;
        connection.send("zz\r\nabc\r\n0\r\n\r\n").await;
        let answer = connection.answer_to("POST").await;
        assert!(answer.is_none_or(|answer| answer.status == 400));
        assert!(connection.is_closed().await);
    })
    .await;
}

#[tokio::test]
async fn an_announced_length_above_the_limit_is_refused_at_once() {
    on_server_with(limited, async |_, server| {
        for length in ["4097", "10000000000", "9007199254740993"] {
            let mut connection = server.connect().await;
            connection
                .send(head(&format!("Content-Length: {length}")))
                .await;
            let answer = connection.answer().await;
            answer.refuses(413, 32);
            conformance::check(&conformance::MERCHANT, "POST", LOGIN, &answer);
            assert!(connection.is_closed().await, "{length}");
        }
        let mut connection = server.connect().await;
        connection
            .send(head("Expect: 100-continue\r\nContent-Length: 4097"))
            .await;
        connection.answer().await.refuses(413, 32);
    })
    .await;
}

#[tokio::test]
async fn a_client_may_wait_to_be_told_to_go_on() {
    on_server(async |_, server| {
        let body = login(100);
        let mut connection = server.connect().await;
        let length = body.len();
        connection
            .send(head(&format!(
                "Expect: 100-continue\r\nContent-Length: {length}"
            )))
            .await;
        assert_eq!(connection.answer().await.status, 100);
        connection.send(&body).await;
        connection.answer().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_length_leads_no_request_astray() {
    on_server(async |_, server| {
        let body = login(100);
        // More is announced than comes.
        let mut connection = server.connect().await;
        connection.send(head("Content-Length: 200")).await;
        connection.send(&body).await;
        connection.finish_sending().await;
        let answer = connection.answer_to("POST").await;
        assert!(answer.is_none_or(|answer| answer.refuses(400, 22).is_object()));
        assert!(connection.is_closed().await);
        // Less is announced than comes: the rest is no request.
        let mut connection = server.connect().await;
        connection.send(head("Content-Length: 90")).await;
        connection.send(&body).await;
        connection.answer().await.refuses(400, 22);
        let answer = connection.answer_to("GET").await;
        assert!(answer.is_none_or(|answer| answer.status == 400));
        assert!(connection.is_closed().await);
        // Two lengths, or a length that is none.
        for headers in [
            "Content-Length: 100\r\nContent-Length: 99",
            "Content-Length: x",
            "Content-Length: -1",
            "Content-Length: 1e2",
            "Content-Length: 18446744073709551616",
        ] {
            let mut connection = server.connect().await;
            connection.send(head(headers)).await;
            connection.send(&body).await;
            let answer = connection.answer_to("POST").await;
            assert!(
                answer.is_none_or(|answer| answer.status == 400),
                "{headers}"
            );
            assert!(connection.is_closed().await);
        }
        // A length beside chunks: what a proxy might read another way.
        let mut connection = server.connect().await;
        connection
            .send(head("Content-Length: 4\r\nTransfer-Encoding: chunked"))
            .await;
        connection
            .send("0\r\n\r\nGET /private HTTP/1.1\r\nHost: kontor.test\r\n\r\n")
            .await;
        let answer = connection.answer().await;
        assert_eq!(answer.status, 400, "{answer:?}");
        server
            .connect()
            .await
            .exchange("GET", "/config", &[], b"")
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn an_upload_that_is_given_up_harms_nobody() {
    on_server(async |_, server| {
        let events = Events::collect();
        let mut kept = server.connect().await;
        for _ in 0..5 {
            let mut connection = server.connect().await;
            connection.send(head("Content-Length: 100")).await;
            connection.send("{\"scope\"").await;
            drop(connection);
        }
        kept.exchange("GET", "/config", &[], b"").await.expect(200);
        let given_up = || {
            let lines = events.of("kontor::access");
            let uploads = lines.iter().map(|line| &line["fields"]);
            let uploads = uploads.filter(|fields| fields["http.method"] == "POST");
            uploads
                .map(|fields| fields["http.status"].clone())
                .collect::<Vec<Value>>()
        };
        eventually("five lines", async || given_up().len() == 5).await;
        for status in given_up() {
            assert!(
                [Value::from(499), Value::from(400)].contains(&status),
                "{status}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn after_a_413_the_connection_is_used_again_or_closed() {
    on_server_with(limited, async |_, server| {
        let mut connection = server.connect().await;
        let body = login(LIMIT + 100);
        connection
            .send(head(&format!("Content-Length: {}", body.len())))
            .await;
        connection.send(&body).await;
        let answer: Answer = connection.answer().await;
        answer.refuses(413, 32);
        if answer.header("connection") == Some("close") {
            assert!(connection.is_closed().await);
        } else {
            connection
                .send("GET /config HTTP/1.1\r\nHost: kontor.test\r\n\r\n")
                .await;
            let next = connection.answer_to("GET").await;
            assert!(next.is_none_or(|next| next.status == 200));
        }
        // What was decoded too large was read as a whole: the connection goes on.
        let mut connection = server.connect().await;
        let body = gzip(&login(LIMIT + 100));
        let headers = format!("Content-Encoding: gzip\r\nContent-Length: {}", body.len());
        connection.send(head(&headers)).await;
        connection.send(&body).await;
        connection.answer().await.refuses(413, 32);
        connection
            .exchange("GET", "/config", &[], b"")
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400_22() {
    on_app(async |app| {
        let chunks = [
            Ok(bytes::Bytes::from_static(b"{\"scope\":")),
            Err(std::io::Error::other("s3cret of the connection")),
        ];
        let request = poem::Request::builder()
            .method(poem::http::Method::POST)
            .uri(poem::http::Uri::from_static(LOGIN))
            .header("authorization", format!("Basic {}", credential()))
            .body(Body::from_bytes_stream(stream::iter(chunks)));
        let answer = read(app.send(request).await).await;
        conformance::check(&conformance::MERCHANT, "POST", LOGIN, &answer);
        let body = answer.refuses(400, 22);
        assert!(!body.to_string().contains("s3cret"));
    })
    .await;
}
