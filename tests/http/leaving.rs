//! Clients that go away while their request waits.

use super::support::{Connection, RunningServer, eventually, on_server};
use crate::support::TestApp;

/// Opens a connection and asks for something that does not come.
async fn waiting(app: &TestApp, server: &RunningServer, token: &str) -> Connection {
    let mut connection = server.connect().await;
    let target = "/instances/shop/private/kyc?lp_status=ready&timeout_ms=60000";
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: kontor.test\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    connection.send(request).await;
    let changes = app.app.database.changes();
    eventually("it waits", async || changes.waiting() == 1).await;
    connection
}

#[tokio::test]
async fn who_closes_the_connection_does_not_wait_any_more() {
    on_server(async |app, server| {
        let token = app.shop("shop").await;
        let changes = app.app.database.changes();
        let connection = waiting(app, server, &token).await;
        drop(connection);
        eventually("nobody waits", async || changes.waiting() == 0).await;
        // Nor who only says that nothing more is sent: a proxy ends the request of a client that left in this way.
        let mut connection = waiting(app, server, &token).await;
        connection.finish_sending().await;
        eventually("nobody waits", async || changes.waiting() == 0).await;
        assert!(connection.is_closed().await);
    })
    .await;
}
