//! A page cache outlives a killed process, so that no kill shows whether anything reached the disk. The system calls do.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use kontor::db::{Database, DatabaseError, DatabaseSettings};
use sea_orm::{ConnectionTrait as _, Statement};
use tempfile::TempDir;

use super::{
    client::Ask,
    figures::{say, turn},
    service::{Service, Site, named},
};
use crate::database::support::{on_database, postgres_url};

const WRITES: usize = 50;
const CLIENTS: usize = 16;

#[tokio::test]
async fn the_writer_waits_for_the_disk() {
    let _turn = turn().await;
    let site = Site::new();
    let url = site.place.database_url();
    let database = Database::connect(&DatabaseSettings::new(url)).await;
    let database = database.expect("a database");
    // As text: some are numbers.
    let expected: &[(&str, &str)] = match site.cluster {
        None => &[
            (
                "SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous",
                "2",
            ),
            ("SELECT journal_mode FROM pragma_journal_mode", "wal"),
            (
                "SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys",
                "1",
            ),
        ],
        Some(_) => &[
            ("SHOW fsync", "on"),
            ("SHOW full_page_writes", "on"),
            ("SHOW synchronous_commit", "on"),
        ],
    };
    for (sql, value) in expected {
        let sql = (*sql).to_owned();
        let asked = sql.clone();
        // Through the door that writes, which has connections of its own.
        let shown = database.write(move |transaction| {
            let sql = sql.clone();
            Box::pin(async move {
                let backend = transaction.get_database_backend();
                let row = transaction.query_one_raw(Statement::from_string(backend, sql));
                let row = row.await?.expect("a row");
                Ok::<String, DatabaseError>(row.try_get_by_index(0)?)
            })
        });
        assert_eq!(shown.await.expect("a setting"), *value, "{asked}");
    }
    assert!(
        database
            .lossy_settings()
            .await
            .expect("settings")
            .is_empty()
    );
    database.close().await;
}

/// The servers of the other tests keep nothing: whoever served shops with such a one is told.
#[tokio::test]
async fn a_database_that_does_not_wait_for_its_disk_is_noticed() {
    let _turn = turn().await;
    on_database(async |database| {
        let lossy = database.database.lossy_settings().await;
        let expected: &[&str] = match postgres_url() {
            None => &[],
            Some(_) => &[
                "fsync = off",
                "full_page_writes = off",
                "synchronous_commit = off",
            ],
        };
        assert_eq!(lossy.expect("settings"), expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_has_reached_the_disk() {
    let _turn = turn().await;
    let site = Site::new();
    // A server of PostgreSQL is followed from here on into the processes that it makes for connections.
    let of_postgres = site.cluster.as_ref().map(|cluster| {
        let helpers = cluster.sessions();
        Trace::attach(&[&[cluster.id()], &helpers[..]].concat())
    });
    let service = site.serve(&[]);
    let token = service.shop("shop").await;
    let trace = of_postgres.unwrap_or_else(|| Trace::attach(&[service.process.id()]));
    let log = if site.cluster.is_some() {
        "pg_wal"
    } else {
        "-wal"
    };

    let before = trace.syncs(log);
    write(&service, &token, WRITES).await;
    let alone = trace.syncs(log) - before;
    assert!(alone >= WRITES, "{alone} for {WRITES}");

    let before = trace.syncs(log);
    let writers = (0..CLIENTS).map(|_| write(&service, &token, WRITES));
    futures_util::future::join_all(writers).await;
    let together = trace.syncs(log) - before;
    assert!(together > 0);

    let before = trace.syncs(log);
    let mut client = service.client();
    for _ in 0..WRITES {
        let read = Ask::get("/instances/shop/private").bearer(&token);
        client.send(read).await.expect(200);
    }
    let reading = trace.syncs(log) - before;
    trace.end();
    say(
        "syncs of the database's log",
        format!(
            "{alone} for {WRITES} writes one after the other, {together} for {} by {CLIENTS} at once, \
             {reading} for {WRITES} reads",
            CLIENTS * WRITES
        ),
    );
    assert!(service.process.stop("-TERM").0.success());
}

async fn write(service: &Service, token: &str, count: usize) {
    let mut client = service.client();
    for number in 0..count {
        let rename = Ask::patch("/instances/shop/private", &named(&format!("name {number}")));
        client.send(rename.bearer(token)).await.expect(204);
    }
}

/// The system calls of processes by which something is made durable.
struct Trace {
    strace: Child,
    file: PathBuf,
    _folder: TempDir,
}

impl Trace {
    fn attach(processes: &[u32]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("trace");
        let mut strace = Command::new("strace");
        strace.args([
            "-f",
            "-y",
            "-e",
            "trace=fsync,fdatasync,sync_file_range,msync",
            "-o",
        ]);
        strace.arg(&file);
        for process in processes {
            strace.args(["-p", &process.to_string()]);
        }
        let mut strace = strace
            .stderr(Stdio::piped())
            .spawn()
            .expect("strace; make strace installs it");
        let mut lines = BufReader::new(strace.stderr.take().expect("its messages")).lines();
        for (number, _) in processes.iter().enumerate() {
            let line = lines.next().map(|line| line.expect("a text"));
            let line = line.unwrap_or_default();
            // Of the others one may have ended meanwhile.
            let is_fine = number > 0 || line.contains("attached");
            assert!(is_fine, "strace cannot look on: {line}");
        }
        // It says of each new process that it is there; somebody has to listen.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            strace,
            file,
            _folder: folder,
        }
    }

    /// How often a file with this in its name was made durable so far.
    fn syncs(&self, name: &str) -> usize {
        let trace = std::fs::read_to_string(&self.file).expect("a trace");
        let is_sync = |line: &&str| line.contains("sync(") && line.contains(name);
        trace.lines().filter(is_sync).count()
    }

    fn end(mut self) {
        let interrupt = Command::new("kill")
            .args(["-INT", &self.strace.id().to_string()])
            .status();
        assert!(interrupt.expect("kill").success());
        self.strace.wait().expect("the end of strace");
    }
}
