//! A database that is in others' hands.

use sea_orm::{ConnectionTrait as _, TransactionTrait as _};

use crate::{cli::program::on_place, database::support::postgres_url};

#[tokio::test]
async fn a_locked_table_is_told_and_not_waited_for() {
    if postgres_url().is_none() {
        return;
    }
    on_place(async |place| {
        place.create_instance("admin");
        let other = sea_orm::Database::connect(place.database_url()).await;
        let other = other.expect("a connection");
        let lock = other.begin().await.expect("a transaction");
        let sql = "LOCK TABLE audit_event IN ACCESS EXCLUSIVE MODE";
        lock.execute_unprepared(sql).await.expect("a lock");
        let timeout = ["--set", "database.acquire_timeout=1 s"];
        let doctor = place.kontor(&[&["doctor", "--quiet"], &timeout[..]].concat());
        let doctor = doctor.assert().code(4).stderr_eq("");
        let printed = String::from_utf8_lossy(&doctor.get_output().stdout).into_owned();
        let told = "keeps the table \"audit_event\" locked.";
        assert!(printed.contains(told), "{printed}");
        assert!(!printed.contains("problem  database:"), "{printed}");
        lock.rollback().await.expect("the end of the lock");
        other.close().await.expect("the end of a connection");
    })
    .await;
}

#[tokio::test]
async fn a_database_does_not_write_to_the_terminal() {
    on_place(async |place| {
        place.create_instance("admin");
        let step = match postgres_url() {
            None => "char(27) || ']0;pwned' || char(7) || char(10) || 'error: all is well'",
            Some(_) => "chr(27) || ']0;pwned' || chr(7) || chr(10) || 'error: all is well'",
        };
        let insert =
            format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ({step}, 0)");
        place.execute(&insert).await;
        let mut verbs = vec![vec!["doctor"], vec!["migrate"], vec!["backup", "b.db"]];
        if postgres_url().is_none() {
            verbs.push(vec!["restore", "--check", "kontor.db"]);
        }
        for verb in verbs {
            let assert = place.kontor(&verb).assert().code(5);
            let output = assert.get_output();
            let printed = [&output.stdout[..], &output.stderr[..]].concat();
            let printed = String::from_utf8(printed).expect("text");
            assert!(printed.contains("pwned"), "{verb:?}: {printed}");
            let is_escape = |letter: char| letter.is_control() && letter != '\n';
            assert!(!printed.contains(is_escape), "{verb:?}: {printed:?}");
            assert!(!printed.contains("\nerror: all"), "{verb:?}: {printed}");
        }
    })
    .await;
}
