//! Killed in the middle of writing, again and again: what was acknowledged is there, and nothing is there by halves.

use std::time::Duration;

use kontor::clock::Clock;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

use super::{
    cluster::Stop,
    figures::{Times, say, turn},
    ledger::{Account, State},
    service::Site,
    writers::Writers,
};

const ROUNDS: u64 = 60;
const WRITERS: usize = 8;

/// Rows that an instance has from its first moment on, or never; each of these must find nothing.
const HALVES: [&str; 5] = [
    "SELECT COUNT(*) FROM instance i WHERE NOT EXISTS (SELECT 1 FROM credential c WHERE c.instance_serial = i.serial)",
    "SELECT COUNT(*) FROM instance i WHERE NOT EXISTS \
     (SELECT 1 FROM audit_event a WHERE a.instance_id = i.instance_id AND a.event = 'instance.created')",
    "SELECT COUNT(*) FROM audit_event a WHERE a.event = 'instance.created' \
     AND NOT EXISTS (SELECT 1 FROM instance i WHERE i.instance_id = a.instance_id) \
     AND NOT EXISTS (SELECT 1 FROM audit_event p WHERE p.instance_id = a.instance_id AND p.event = 'instance.purged')",
    "SELECT COUNT(*) FROM audit_event a JOIN instance i ON i.instance_id = a.instance_id WHERE a.event = 'instance.purged'",
    "SELECT COUNT(*) FROM access_token t WHERE NOT EXISTS (SELECT 1 FROM audit_event a \
     WHERE a.event IN ('login.granted', 'token.granted', 'token.refreshed') AND a.instance_id = \
     (SELECT i.instance_id FROM instance i WHERE i.serial = t.instance_serial))",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_the_process() {
    let _turn = turn().await;
    let mut site = Site::new();
    let (mut acknowledged, mut unanswered, mut crashes) = (0, 0, 0);
    let mut restarts = Times::default();
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        let stopwatch = Clock::system().stopwatch();
        let service = site.serve(&[]);
        restarts.note(stopwatch.elapsed());
        let admin = service.token("admin").await;
        let mut writers = Writers::start(service.merchant, &admin, &format!("r{round}"), WRITERS);
        // Another moment in each round, with all writers under way.
        writers
            .until(usize::try_from(5 + round * 37 % 60).expect("a small number"))
            .await;
        tokio::time::sleep(Duration::from_micros(round * 997 % 5000)).await;
        if round % 3 == 2
            && let Some(cluster) = &mut site.cluster
        {
            cluster.stop(Stop::Immediate);
            crashes += 1;
        }
        service.process.stop("-KILL");
        let accounts = writers.end().await;
        if let Some(cluster) = site.cluster.as_mut().filter(|_| round % 3 == 2) {
            cluster.resume();
        }

        let service = site.serve(&[]);
        let mut client = service.client();
        for account in &accounts {
            account.check(&mut client, &admin).await;
            acknowledged += account.acknowledged();
        }
        unanswered += accounts.iter().filter(|account| is_open(account)).count();
        all.extend(accounts);
        is_whole(&site).await;
        service.process.stop("-KILL");
    }
    let service = site.serve(&[]);
    let (mut client, admin) = (service.client(), service.token("admin").await);
    for account in &all {
        account.check(&mut client, &admin).await;
    }
    is_whole(&site).await;
    assert!(
        acknowledged > 60 * 25,
        "too few to say anything: {acknowledged}"
    );
    assert!(
        unanswered > 60 * 2,
        "hardly anything was under way: {unanswered}"
    );
    say(
        "killed",
        format!(
            "{ROUNDS} rounds ({crashes} with the database server), {acknowledged} acknowledged writes found, \
             {unanswered} instances cut off in a write; restarts: {}",
            restarts.text()
        ),
    );
    assert!(service.process.stop("-TERM").0.success());
}

/// Whether a request of it was not answered.
fn is_open(account: &Account) -> bool {
    let ended = account.ended.as_ref().map(|(_, state)| *state);
    let states = [account.created, account.device, account.purged];
    states.contains(&State::Asked)
        || ended == Some(State::Asked)
        || account.names[0] != account.names[1]
}

/// Nothing in the database is there by halves.
pub async fn is_whole(site: &Site) {
    let connection = sea_orm::Database::connect(site.place.database_url()).await;
    let connection = connection.expect("the database");
    if connection.get_database_backend() == DbBackend::Sqlite {
        let integrity: String = one(&connection, "PRAGMA integrity_check").await;
        assert_eq!(integrity, "ok");
        let broken = "SELECT COUNT(*) FROM pragma_foreign_key_check";
        assert_eq!(one::<i64>(&connection, broken).await, 0, "foreign keys");
    }
    for sql in HALVES {
        assert_eq!(one::<i64>(&connection, sql).await, 0, "{sql}");
    }
    connection.close().await.expect("the end of a connection");
}

/// The first value of the only row.
pub async fn one<T: sea_orm::TryGetable>(connection: &DatabaseConnection, sql: &str) -> T {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await.expect("a query");
    let row = row.expect("a row");
    row.try_get_by_index(0).expect("a value")
}
