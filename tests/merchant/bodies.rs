//! Every operation that takes a body refuses bad ones in the same way. Good bodies are the first examples of the document.

use std::sync::LazyLock;

use kontor_openapi::{
    Operation,
    merchant::{DOCUMENT, OPERATIONS},
};
use serde_json::{Value, json};

use crate::support::{
    Answer, Call, PASSWORD, TestApp,
    content_coding::{gzip, zlib},
    on_app,
};

static PARSED: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(DOCUMENT).expect("the document"));

/// A well-formed wire hash that no account has.
const NO_ACCOUNT: &str = "9E84VKRCKVCP08SMNYH1K1YK2EVM1RS35ZAM7KV8EMV86PXFJHHX9883H1BFR4Z11PTQ7570TF177T0XXYMWJ7EAADRXSXY1H5SXSXG";

/// An operation with a body.
#[derive(Clone, Copy)]
struct Taker {
    operation: &'static Operation,
    media: &'static Value,
}

fn resolve(mut value: &'static Value) -> &'static Value {
    while let Some(reference) = value["$ref"].as_str() {
        value = PARSED
            .pointer(reference.trim_start_matches('#'))
            .expect("a reference that leads somewhere");
    }
    value
}

fn takers() -> Vec<Taker> {
    let taker = |operation: &'static Operation| {
        let body = resolve(
            &PARSED["paths"][operation.path][operation.method.to_lowercase()]["requestBody"],
        );
        let media = body["content"].get("application/json")?;
        Some(Taker { operation, media })
    };
    OPERATIONS.iter().filter_map(taker).collect()
}

impl Taker {
    fn example(self) -> Value {
        let examples = self.media["examples"].as_object().expect("examples");
        resolve(examples.values().next().expect("an example"))["value"].clone()
    }

    fn is_required(self) -> bool {
        let method = self.operation.method.to_lowercase();
        resolve(&PARSED["paths"][self.operation.path][method]["requestBody"])["required"] == true
    }

    fn schema(self) -> &'static Value {
        resolve(&self.media["schema"])
    }

    /// The code of what is malformed in this member, `25` or `26` where the document says nothing else.
    fn code(self, member: &str, usual: u16) -> u16 {
        let special = self
            .operation
            .malformed
            .iter()
            .find(|(place, _)| match *place {
                "" => !member.is_empty() || usual == 26,
                place => place[1..] == *member && usual == 26,
            });
        special.map_or(usual, |(_, code)| code.number())
    }

    fn call<'a>(self, app: &'a TestApp, token: &Tokens) -> Call<'a> {
        let path = self.operation.path.replace("{instance}", "shop");
        let path = path.replace("{h_wire}", NO_ACCOUNT);
        let path = if self.operation.root_only {
            path
        } else {
            format!("/instances/shop{path}")
        };
        let call = app.call(self.operation.method, &path);
        match self
            .operation
            .security
            .iter()
            .any(|requirement| requirement.scheme == "instancePassword")
        {
            true => call.basic("shop", PASSWORD),
            false if self.operation.root_only => call.bearer(&token.admin),
            false => call.bearer(&token.shop),
        }
    }
}

struct Tokens {
    admin: String,
    shop: String,
}

async fn on_shop(test: impl AsyncFnOnce(&TestApp, &Tokens)) {
    on_app(async |app| {
        let tokens = Tokens {
            shop: app.shop("shop").await,
            admin: app.admin_token("all").await,
        };
        test(app, &tokens).await;
    })
    .await;
}

/// Sends bytes as a JSON body to every operation that takes one.
async fn send_everywhere(app: &TestApp, tokens: &Tokens, body: &[u8]) -> Vec<(Taker, Answer)> {
    let mut answers = Vec::new();
    for taker in takers() {
        let call = taker
            .call(app, tokens)
            .header("content-type", "application/json");
        answers.push((taker, call.body(body).send().await));
    }
    answers
}

#[tokio::test]
async fn a_body_that_is_not_json_is_400_22() {
    on_shop(async |app, tokens| {
        let duplicates = [
            &br#"{"name": "a", "name": "a"}"#[..],
            br#"{"x": {"y": [{"z": 1, "z": null}]}}"#,
        ];
        let broken = [
            &b""[..],
            b" ",
            b"{",
            b"{} {}",
            b"{\"name\": }",
            b"nul",
            b"'x'",
            b"{\"a\": \"\xff\"}",
            b"\xef\xbb\xbf{}",
            b"{\"a\": NaN}",
        ];
        for body in duplicates.into_iter().chain(broken) {
            for (taker, answer) in send_everywhere(app, tokens, body).await {
                if !body.is_empty() || taker.is_required() {
                    answer.refuses(400, 22);
                }
            }
        }
        let deep = "[".repeat(100_000);
        for (_, answer) in send_everywhere(app, tokens, deep.as_bytes()).await {
            answer.refuses(400, 22);
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_no_object_is_malformed() {
    on_shop(async |app, tokens| {
        for body in [&b"[]"[..], b"\"x\"", b"5", b"true", b"null"] {
            for (taker, answer) in send_everywhere(app, tokens, body).await {
                let body = answer.refuses(400, taker.code("", 26));
                assert_eq!(body.get("parameter"), None);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_nul_in_any_text_is_malformed() {
    on_shop(async |app, tokens| {
        for taker in takers() {
            for (name, value) in taker.example().as_object().expect("an object") {
                if !value.is_string() {
                    continue;
                }
                let mut body = taker.example();
                body[name] = json!("a\0b");
                let answer = taker.call(app, tokens).json(&body).send().await;
                answer.blames(400, taker.code(name, 26), name);
            }
            // Also where nobody looks.
            let mut body = taker.example();
            body["unknown"] = json!(["\0"]);
            taker
                .call(app, tokens)
                .json(&body)
                .send()
                .await
                .refuses(400, taker.code("unknown", 26));
        }
    })
    .await;
}

#[tokio::test]
async fn a_missing_member_is_named() {
    on_shop(async |app, tokens| {
        for taker in takers() {
            for name in taker.schema()["required"].as_array().into_iter().flatten() {
                let name = name.as_str().unwrap();
                let mut without = taker.example();
                without.as_object_mut().unwrap().remove(name);
                let mut null = taker.example();
                null[name] = json!(null);
                for body in [without, null] {
                    let answer = taker.call(app, tokens).json(&body).send().await;
                    answer.blames(400, taker.code(name, 25), name);
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_member_of_the_wrong_type_is_named() {
    on_shop(async |app, tokens| {
        for taker in takers()
            .into_iter()
            .filter(|taker| taker.schema()["properties"].is_object())
        {
            for name in taker.schema()["properties"]
                .as_object()
                .expect("an object")
                .keys()
            {
                let mut body = taker.example();
                body[name] = json!([1]);
                let answer = taker.call(app, tokens).json(&body).send().await;
                answer.blames(400, taker.code(name, 26), name);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn another_content_type_or_coding_is_415() {
    on_shop(async |app, tokens| {
        for taker in takers() {
            let body = taker.example().to_string();
            for content_type in [
                "text/plain",
                "application/x-www-form-urlencoded",
                "text/json",
                "application/jsonp",
                "*/*",
            ] {
                let call = taker.call(app, tokens).header("content-type", content_type);
                call.body(body.clone())
                    .send()
                    .await
                    .blames(415, 23, "Content-Type");
            }
            for coding in ["br", "gzip, gzip", "zstd", "x"] {
                let call = taker
                    .call(app, tokens)
                    .header("content-type", "application/json")
                    .header("content-encoding", coding);
                let answer = call.body(body.clone()).send().await;
                answer.blames(415, 23, "Content-Encoding");
                assert_eq!(
                    answer.header("accept-encoding"),
                    Some("gzip, deflate, identity")
                );
            }
            // None at all is JSON.
            taker
                .call(app, tokens)
                .body("{")
                .send()
                .await
                .refuses(400, 22);
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_above_the_limit_is_413() {
    on_shop(async |app, tokens| {
        let limit = app.app.settings.limits.body_size;
        let large = " ".repeat(limit + 1).into_bytes();
        for taker in takers() {
            let call = || {
                taker
                    .call(app, tokens)
                    .header("content-type", "application/json")
            };
            call().body(large.clone()).send().await.refuses(413, 32);
            call()
                .header("content-length", &(limit + 1).to_string())
                .body(large.clone())
                .send()
                .await
                .refuses(413, 32);
            call()
                .header("content-encoding", "gzip")
                .body(gzip(&large))
                .send()
                .await
                .refuses(413, 32);
            call()
                .header("content-encoding", "deflate")
                .body(zlib(&large))
                .send()
                .await
                .refuses(413, 32);
            // Just at the limit it is read.
            call()
                .body(large[1..].to_vec())
                .send()
                .await
                .refuses(400, 22);
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_with_broken_compression_is_400_28() {
    on_shop(async |app, tokens| {
        for taker in takers() {
            let whole = gzip(taker.example().to_string().as_bytes());
            let mut flipped = whole.clone();
            let last = flipped.len() - 6;
            flipped[last] ^= 1;
            let call = |coding: &str| {
                taker
                    .call(app, tokens)
                    .header("content-type", "application/json")
                    .header("content-encoding", coding)
            };
            for body in [
                &b"{}"[..],
                &whole[..whole.len() - 4],
                &whole[..12],
                &flipped,
            ] {
                call("gzip").body(body).send().await.refuses(400, 28);
            }
            call("deflate")
                .body(&whole[..])
                .send()
                .await
                .refuses(400, 28);
        }
    })
    .await;
}

#[tokio::test]
async fn a_compressed_body_counts_like_a_plain_one() {
    for taker in takers() {
        for (coding, compress) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("deflate", zlib)] {
            on_shop(async |app, tokens| {
                let mut body = taker.example();
                body["unknown"] = json!({ "nothing": 1 });
                let call = taker
                    .call(app, tokens)
                    .header("content-type", "application/problem+json")
                    .header("content-encoding", coding);
                let answer = call
                    .body(compress(body.to_string().as_bytes()))
                    .send()
                    .await;
                // Some of them refuse the example, but for what it says.
                assert!(
                    ![400, 413, 415].contains(&answer.status.as_u16()),
                    "{}: {answer:?}",
                    taker.operation.id
                );
            })
            .await;
        }
    }
}
