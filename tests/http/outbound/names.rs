//! Names whose answers change, redirects, and what is allowed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use kontor::http::outbound::OutboundError;

use super::support::{
    ALLOWED, Behaviour, Canary, LOOPBACK, Names, Server, answer, client, get, ok, operator,
};

#[tokio::test]
async fn an_answer_that_changes_between_look_ups_leads_nowhere_else() {
    let canary = Canary::start();
    let address = SocketAddr::from((ALLOWED, canary.port));
    let server = Server::start_at(address, ok("", b"public"), None).await;
    let names = Names::new(&[("turns.example", &[&["127.0.0.2"], &["127.0.0.1"]])]);
    let client = client(&names);
    let url = format!("http://turns.example:{}/", canary.port);
    // One look-up for check and connection: a second one would have led to the canary.
    let fetched = get(&client, &url).await.expect("an answer");
    assert_eq!(fetched.body, "public");
    assert_eq!(names.asked().len(), 1);
    assert_eq!(server.requests().len(), 1);
    // The next call looks again, and is refused.
    let refused = get(&client, &url).await.expect_err("a refusal");
    let OutboundError::Refused { address, .. } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(address, IpAddr::from(LOOPBACK));
    assert_eq!(names.asked().len(), 2);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(canary.hits(), 0);
}

#[tokio::test]
async fn one_address_that_is_refused_forbids_all() {
    let canary = Canary::start();
    let address = SocketAddr::from((ALLOWED, canary.port));
    let server = Server::start_at(address, ok("", b"public"), None).await;
    for mixed in [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"]] {
        let client = client(&Names::new(&[("mixed.example", &[&mixed])]));
        let url = format!("http://mixed.example:{}/", canary.port);
        let refused = get(&client, &url).await.expect_err("a refusal");
        assert!(
            matches!(refused, OutboundError::Refused { .. }),
            "{refused:?}"
        );
    }
    assert_eq!(canary.hits(), 0);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn redirects_are_answers_and_not_followed() {
    let canary = Canary::start();
    for status in [
        "301 Moved",
        "302 Found",
        "303 See",
        "307 Temporary",
        "308 Permanent",
    ] {
        let location = format!("Location: http://127.0.0.1:{}/\r\n", canary.port);
        let answer = Behaviour::Answer(answer(status, &location, b""));
        let server = Server::start(ALLOWED, answer).await;
        let client = client(&Names::new(&[]));
        let url = format!("http://{}/", server.address);
        let fetched = get(&client, &url).await.expect("an answer");
        assert!(status.starts_with(fetched.status.as_str()));
        assert!(fetched.headers.contains_key("location"));
        let fetched = client.get(&operator(&url), Default::default()).await;
        assert!(fetched.expect("an answer").status.is_redirection());
        assert_eq!(server.requests().len(), 2);
        assert_eq!(canary.hits(), 0);
    }
}

#[tokio::test]
async fn an_allowed_network_is_reached_and_its_neighbour_is_not() {
    let server = Server::start(ALLOWED, ok("", b"inside")).await;
    let client = client(&Names::new(&[("inside.example", &[&["127.0.0.2"]])]));
    let port = server.address.port();
    for host in ["127.0.0.2", "inside.example"] {
        let fetched = get(&client, &format!("http://{host}:{port}/")).await;
        assert_eq!(fetched.expect(host).body, "inside");
    }
    let neighbour = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 3), port));
    let neighbour = Server::start_at(neighbour, ok("", b"outside"), None).await;
    let refused = get(&client, &format!("http://{}/", neighbour.address)).await;
    assert!(matches!(refused, Err(OutboundError::Refused { .. })));
    assert!(neighbour.requests().is_empty());
}

#[tokio::test]
async fn the_next_address_is_tried_where_one_does_not_take_the_connection() {
    let server = Server::start(ALLOWED, ok("", b"second")).await;
    let client = client(&Names::new(&[(
        "two.example",
        &[&["127.0.0.4", "127.0.0.2"]],
    )]));
    let url = format!("http://two.example:{}/", server.address.port());
    let fetched = client.get(&operator(&url), Default::default()).await;
    assert_eq!(fetched.expect("an answer").body, "second");
}

#[tokio::test]
async fn names_without_addresses_and_ports_without_servers_are_told_apart() {
    let canary = Canary::start();
    let port = canary.port;
    drop(canary);
    let client = client(&Names::new(&[("empty.example", &[&[]])]));
    for host in ["unknown.example", "empty.example"] {
        let failed = get(&client, &format!("http://{host}/secret?secret")).await;
        let failed = failed.expect_err("no address");
        assert!(matches!(failed, OutboundError::NotResolved { .. }));
        assert_eq!(
            failed.to_string(),
            format!("no address was found for {host}")
        );
    }
    let failed = get(&client, &format!("http://127.0.0.2:{port}/")).await;
    assert!(matches!(failed, Err(OutboundError::NotConnected { .. })));
}

#[tokio::test]
async fn a_refusal_tells_the_rule_and_nothing_that_is_secret() {
    let client = client(&Names::new(&[("inner.example", &[&["10.1.2.3"]])]));
    let refused = get(&client, "https://inner.example/secret?secret").await;
    assert_eq!(
        refused.expect_err("a refusal").to_string(),
        "inner.example must not be called: its address is not public but private (10.0.0.0/8)"
    );
}
