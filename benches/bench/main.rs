//! `make bench`: Kontor beside a bare poem route and beside a hand-written poem and sqlx handler that runs the same
//! statements, in one process on loopback. `docs/performance.md` says what is measured and how to read it.

mod by_hand;
mod cpu;
mod database;
mod facts;
mod load;
mod report;
mod subject;
mod workload;

use std::{error::Error, fs::File, io, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use kontor::cli::output::OutputArgs;
use tokio::runtime::{Builder, Runtime};

use database::BenchDatabase;
use report::{Report, Row};
use subject::{KontorSubject, Subject};
use workload::Workload;

/// What goes wrong here ends the program.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measure Kontor beside a bare poem route and a hand-written handler
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    /// Measure only what has this in its name, such as sqlite/get or login/kontor
    filter: Option<String>,
    /// How often each subject has its turn
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How long a turn takes at most, in seconds
    #[arg(long, default_value_t = 1.5)]
    seconds: f64,
    #[command(flatten)]
    output: OutputArgs,
    /// Cargo says so to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match measure(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Standard error is all there is to tell it to.
            drop(io::Write::write_fmt(
                &mut io::stderr(),
                format_args!("error: {error}\n"),
            ));
            ExitCode::FAILURE
        }
    }
}

/// Measures, prints, and says whether no answer was wrong and no bound on queries and hashes was exceeded. Whether the
/// speed is as aimed at is only printed: it depends on what else the machine does.
fn measure(arguments: &Arguments) -> Result<bool> {
    log_as_in_production()?;
    // As many threads as `kontor serve` has: one for each core.
    let server = Builder::new_multi_thread().enable_all().build()?;
    let mut report = Report::default();
    for database in BenchDatabase::all() {
        let database = server.block_on(database.create())?;
        let outcome = on_database(&server, &database, arguments, &mut report);
        server.block_on(database.remove())?;
        outcome?;
    }
    arguments
        .output
        .print(&report, Report::text)
        .map_err(|failure| failure.message)?;
    Ok(report.is_sound())
}

/// The access log is written, but to nowhere.
fn log_as_in_production() -> Result<()> {
    let nowhere = File::options().write(true).open("/dev/null")?;
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::INFO)
        .with_writer(Arc::new(nowhere))
        .init();
    Ok(())
}

fn on_database(
    server: &Runtime,
    database: &BenchDatabase,
    arguments: &Arguments,
    report: &mut Report,
) -> Result<()> {
    let kontor = server.block_on(KontorSubject::start(database))?;
    let subjects = server.block_on(async {
        Ok::<_, Box<dyn Error + Send + Sync>>([
            subject::bare(&kontor).await?,
            subject::by_hand(database).await?,
            kontor.subject(),
        ])
    })?;
    facts::same_answers(&subjects, &kontor)?;
    for workload in Workload::all(&kontor) {
        let wanted = |subject: &&Subject| {
            let name = format!("{}/{}/{}", database.name(), workload.name, subject.name);
            let filter = arguments.filter.as_deref().unwrap_or_default();
            name.contains(filter)
        };
        let subjects: Vec<&Subject> = subjects.iter().filter(wanted).collect();
        if !subjects.is_empty() {
            progress(&format!("{} {} …", database.name(), workload.name));
            let rows = in_turn(&subjects, &workload, arguments)?;
            report.add(database.name(), &workload, rows);
        }
    }
    report.add_facts(facts::of_a_get(database.name(), &kontor)?);
    server.block_on(kontor.stop());
    Ok(())
}

/// Lets each subject have its turn, round by round, so that a slow moment of the machine meets all of them.
fn in_turn(subjects: &[&Subject], workload: &Workload, arguments: &Arguments) -> Result<Vec<Row>> {
    let limits = load::Limits {
        connections: workload.connections,
        requests: workload.most_requests,
        time: Duration::from_secs_f64(arguments.seconds),
    };
    let warm_up = load::Limits {
        time: limits.time / 3,
        ..limits
    };
    for subject in subjects {
        load::run(subject.address, &workload.request, warm_up)?;
    }
    let mut turns = vec![Vec::new(); subjects.len()];
    for _ in 0..arguments.rounds {
        for (subject, turns) in subjects.iter().zip(&mut turns) {
            turns.push(load::run(subject.address, &workload.request, limits)?);
        }
    }
    let rows = subjects.iter().zip(&turns);
    Ok(rows
        .map(|(subject, turns)| Row::of(subject.name, turns))
        .collect())
}

/// Goes to standard error: standard output is the report alone.
fn progress(text: &str) {
    drop(io::Write::write_fmt(
        &mut io::stderr(),
        format_args!("{text}\n"),
    ));
}
