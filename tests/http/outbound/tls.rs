//! Whom TLS trusts.

use std::net::SocketAddr;

use kontor::http::outbound::{OutboundClient, OutboundError, OutboundSettings, OutboundStartError};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::support::{ALLOWED, Names, Server, get, ok, settings};
use crate::support::smtp::certificates;

fn client(settings: &OutboundSettings) -> Result<OutboundClient, OutboundStartError> {
    let names = ["shop.example", "shop.example.", "other.example"];
    let names = names.map(|name| (name, &[&["127.0.0.2"] as &[&str]] as &[&[&str]]));
    OutboundClient::with_resolver(settings, Names::new(&names) as _)
}

#[tokio::test]
async fn certificates_are_checked() {
    let (authority, tls) = certificates("shop.example");
    let folder = tempfile::tempdir().expect("a folder");
    let ca_file = folder.path().join("authorities.pem");
    std::fs::write(&ca_file, authority).expect("a file");
    let address = SocketAddr::from((ALLOWED, 0));
    let tls = TlsAcceptor::from(tls);
    let server = Server::start_at(address, ok("", b"sealed"), Some(tls)).await;
    let port = server.address.port();
    let trusting = OutboundSettings {
        ca_file: Some(ca_file),
        ..settings()
    };
    let trusting = client(&trusting).expect("a client");
    for host in ["shop.example", "shop.example."] {
        let fetched = get(&trusting, &format!("https://{host}:{port}/")).await;
        assert_eq!(fetched.expect(host).body, "sealed");
    }
    let other = client(&settings()).expect("a client");
    for (client, host) in [
        (&trusting, "other.example"),
        (&trusting, "127.0.0.2"),
        (&other, "shop.example"),
    ] {
        let failed = get(client, &format!("https://{host}:{port}/")).await;
        assert!(
            matches!(failed, Err(OutboundError::TlsFailed { .. })),
            "{failed:?}"
        );
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_server_without_tls_is_not_spoken_to() {
    let listener = TcpListener::bind((ALLOWED, 0)).await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let server = async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .expect("a client");
        let mut received = Vec::new();
        drop(stream.read_to_end(&mut received).await);
        received
    };
    let client = client(&settings()).expect("a client");
    let url = format!("https://shop.example:{port}/secret");
    let (failed, received) = tokio::join!(get(&client, &url), server);
    assert!(
        matches!(failed, Err(OutboundError::TlsFailed { .. })),
        "{failed:?}"
    );
    let received = String::from_utf8_lossy(&received);
    assert!(!received.contains("secret"), "{received}");
}

#[test]
fn a_file_of_authorities_must_hold_some() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("authorities.pem");
    let with_file = || {
        client(&OutboundSettings {
            ca_file: Some(path.clone()),
            ..settings()
        })
    };
    assert!(matches!(
        with_file(),
        Err(OutboundStartError::CaFile { .. })
    ));
    for text in [
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        std::fs::write(&path, text).expect("a file");
        assert!(
            matches!(with_file(), Err(OutboundStartError::CaFile { .. })),
            "{text}"
        );
    }
}
