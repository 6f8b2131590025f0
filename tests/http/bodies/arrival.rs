//! Whether bodies arrive at all: in chunks, late, too long, broken off.

use futures_util::stream;
use poem::Body;
use serde_json::Value;

use super::{LIMIT, LOGIN, credential, head, limited, login};
use crate::{
    http::support::{Events, eventually, on_server, on_server_with, read},
    support::{Answer, conformance, content_coding::gzip, on_app},
};

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
