//! How bodies are coded, and the limit of what they decode to.

use flate2::{Compress, Compression, FlushCompress};

use super::{LIMIT, limited, log_in, login};
use crate::{
    http::support::on_admin_with,
    support::{
        content_coding::{gzip, raw_deflate, zlib},
        on_app,
    },
};

/// Codes a body.
type Code = fn(&[u8]) -> Vec<u8>;

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
