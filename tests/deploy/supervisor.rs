//! What a supervisor hears of the server that it started.

use std::{os::unix::net::UnixDatagram, time::Duration};

use crate::cli::program::on_place;

fn heard(socket: &UnixDatagram) -> String {
    let mut message = [0; 1024];
    let length = socket.recv(&mut message).expect("a message");
    String::from_utf8_lossy(&message[..length]).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_is_told_of_begin_and_end() {
    on_place(async |place| {
        let path = place.path("supervisor");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        let patience = Some(Duration::from_secs(60));
        socket.set_read_timeout(patience).expect("a time limit");
        let path = path.display().to_string();
        let server = place.start(&["serve"], &[("NOTIFY_SOCKET", &path)]);
        let begin = heard(&socket);
        assert!(begin.starts_with("READY=1\n"), "{begin}");
        let url = server.merchant_url();
        assert_eq!(
            crate::cli::program::request("GET", &format!("{url}config"), "", "").0,
            200
        );
        assert!(server.stop("-TERM").0.success(), "{}", place.log());
        let end = heard(&socket);
        assert!(end.starts_with("STOPPING=1\n"), "{end}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_that_does_not_listen_is_no_reason_to_end() {
    on_place(async |place| {
        let path = place.path("nobody").display().to_string();
        let server = place.start(&["serve"], &[("NOTIFY_SOCKET", &path)]);
        server.merchant_url();
        assert!(server.stop("-TERM").0.success());
        assert!(place.log().contains("NOTIFY_SOCKET"), "{}", place.log());
    })
    .await;
}
