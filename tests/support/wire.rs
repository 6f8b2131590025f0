//! Requests as bytes on a connection, so that a test can say exactly what a client sends.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

/// What takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Debug)]
pub struct Received {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Received {
    /// The only value of a header, if it is there.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.head.lines().filter_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        });
        let value = values.next();
        assert_eq!(values.next(), None, "{name} stands there twice: {self:?}");
        value
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|reason| panic!("{reason}: {self:?}"))
    }
}

/// Sends the bytes to the server of a URL and reads its answer to the end of the connection, which the request must ask for.
pub fn send(url: &str, request: &str) -> Received {
    let (address, _) = split(url);
    let mut stream = TcpStream::connect(address).expect("a connection");
    let patience = Some(PATIENCE);
    stream.set_read_timeout(patience).expect("a time limit");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).expect("a status");
    Received {
        status: status.parse().expect("a number"),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// Host with port, and path with query.
pub fn split(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").expect("a URL");
    let end = rest.find('/').expect("a path");
    rest.split_at(end)
}
