//! The log: one line per event on standard error, as text for people or as JSON for machines.
//!
//! A JSON line is one object: `timestamp`, `level`, `target`, `message` where there is one, the fields of the event under
//! their dotted names, and `span` with the fields of the request that the event belongs to. The target of the line that
//! each request leaves is `kontor::access`.

use std::io::{self, IsTerminal as _};

use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, fmt, fmt::MakeWriter, util::SubscriberInitExt as _};

#[cfg(feature = "otel")]
use crate::traces::Traces;
use crate::{
    clock::Clock,
    config::{Log, LogFormat, Settings},
    http::errors::log_panics,
};

/// What libraries say about listeners, and about connections to the database that are lost, is said by this program in its own words;
/// what is for traces is not for the log.
const QUIET: &str = "poem::server=warn,sqlx_core::pool=error,kontor::span=off";

/// Whether a line that cannot be written is told of on standard error. That is where it could not be written: on a full disk the
/// attempt would be a panic, and the end of whatever wanted to log.
const TROUBLE_OF_THE_LOG: bool = false;

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The level cannot be read; a configuration that was checked has no such one.
    #[error("\"log.level\" is not a log level: {0}")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    /// Traces cannot be sent.
    #[error("traces cannot be sent: {0}")]
    Traces(String),
    /// There is a log already.
    #[error("the log was started twice")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// The log of this process, and the traces that are sent where there are any.
#[must_use = "traces that were not sent yet are lost unless it is ended"]
pub struct Logging {
    #[cfg(feature = "otel")]
    traces: Option<Traces>,
}

impl Logging {
    /// Sends the traces that are left. The log goes on.
    pub async fn end(self) {
        #[cfg(feature = "otel")]
        if let Some(traces) = self.traces {
            traces.end().await;
        }
    }
}

/// Starts the log of this process on standard error, panics included, and the sending of traces where they are set up. It needs the
/// asynchronous runtime.
///
/// # Errors
/// See [`LoggingError`].
#[cfg_attr(
    not(feature = "otel"),
    expect(unused_variables, reason = "the clock is for traces")
)]
pub fn start(settings: &Settings, clock: &Clock) -> Result<Logging, LoggingError> {
    let log = &settings.log;
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    #[cfg(feature = "otel")]
    if let Some(traces) = Traces::start(settings, clock)? {
        start_with(log, colours, &traces)?;
        log_panics();
        let traces = Some(traces);
        return Ok(Logging { traces });
    }
    match log.format {
        LogFormat::Text => text(log, colours, io::stderr)?.try_init()?,
        LogFormat::Json => json(log, io::stderr)?.try_init()?,
    }
    log_panics();
    Ok(Logging {
        #[cfg(feature = "otel")]
        traces: None,
    })
}

/// The same lines, with traces beside them: each has a filter of its own.
#[cfg(feature = "otel")]
fn start_with(log: &Log, colours: bool, traces: &Traces) -> Result<(), LoggingError> {
    use tracing_subscriber::{Layer as _, layer::SubscriberExt as _, registry};

    let lines = fmt::layer().with_writer(io::stderr);
    match log.format {
        LogFormat::Text => {
            let lines = lines.with_ansi(colours).with_filter(filter(log)?);
            registry().with(lines).with(traces.layer()).try_init()?;
        }
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_span_list(false);
            let lines = lines.with_filter(filter(log)?);
            registry().with(lines).with(traces.layer()).try_init()?;
        }
    }
    Ok(())
}

fn filter(settings: &Log) -> Result<EnvFilter, LoggingError> {
    Ok(EnvFilter::builder().parse(format!("{QUIET},{}", settings.level))?)
}

fn text<W>(
    settings: &Log,
    colours: bool,
    writer: W,
) -> Result<impl Subscriber + Send + Sync + use<W>, LoggingError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    Ok(fmt()
        .with_env_filter(filter(settings)?)
        .with_ansi(colours)
        .log_internal_errors(TROUBLE_OF_THE_LOG)
        .with_writer(writer)
        .finish())
}

fn json<W>(
    settings: &Log,
    writer: W,
) -> Result<impl Subscriber + Send + Sync + use<W>, LoggingError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    Ok(fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_env_filter(filter(settings)?)
        .log_internal_errors(TROUBLE_OF_THE_LOG)
        .with_writer(writer)
        .finish())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn read(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    fn events() {
        let span = tracing::info_span!("request", request.id = "r1");
        span.in_scope(|| tracing::info!(target: "kontor::access", { http.status = 204, url.path = "/config" }, "answered"));
        tracing::debug!("not at this level");
        tracing::info!(target: "poem::server", "listening");
        tracing::warn!(target: "sqlx_core::pool::inner", "error from `before_acquire`");
    }

    fn settings(format: LogFormat) -> Log {
        Log {
            format,
            ..Log::default()
        }
    }

    #[test]
    fn json_lines_keep_dotted_names() {
        let lines = Lines::default();
        let written = lines.clone();
        let log = json(&settings(LogFormat::Json), move || written.clone()).unwrap();
        tracing::subscriber::with_default(log, events);
        let text = lines.read();
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["target"], "kontor::access");
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["http.status"], 204);
        assert_eq!(line["url.path"], "/config");
        assert_eq!(line["span"]["request.id"], "r1");
    }

    #[test]
    fn text_lines_are_plain_without_a_terminal() {
        let lines = Lines::default();
        let written = lines.clone();
        let log = text(&settings(LogFormat::Text), false, move || written.clone()).unwrap();
        tracing::subscriber::with_default(log, events);
        let text = lines.read();
        assert!(
            text.ends_with("kontor::access: answered http.status=204 url.path=\"/config\"\n"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
