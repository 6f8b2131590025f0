//! A file that collects messages instead of sending them.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use serde::Serialize;
use zeroize::Zeroizing;

use super::error::{DeliveryError, Failure};
use super::message::Message;
use super::template::Text;
use crate::clock::Clock;

/// Time between two attempts to lock the file.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(10);

/// One line of the file.
#[derive(Serialize)]
struct Line<'a> {
    channel: &'a str,
    address: &'a str,
    tan: &'a str,
    message: &'a str,
    /// Seconds since 1970.
    sent_at: i64,
}

pub(super) struct Spool {
    file: PathBuf,
    clock: Clock,
}

impl Spool {
    /// Names the file; it is made with the first message.
    pub fn new(file: &Path, clock: Clock) -> Result<Self, String> {
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if file.is_dir() || !folder.is_dir() {
            return Err(format!(
                "{} is no place for a file; name one in a folder that exists",
                file.display()
            ));
        }
        Ok(Self {
            file: file.to_owned(),
            clock,
        })
    }

    pub async fn send(
        &self,
        message: &Message,
        text: &Text,
        limit: Duration,
    ) -> Result<(), Failure> {
        let line = self.line(message, text).map_err(|reason| {
            Failure::new(
                DeliveryError::Failed,
                format!("cannot write the line: {reason}"),
            )
        })?;
        let locked = tokio::time::timeout(limit / 2, open_locked(self.file.clone()));
        let file = match locked.await {
            Ok(file) => file.map_err(|reason| self.unwritten(&reason.to_string()))?,
            Err(_) => return Err(self.unwritten("somebody else keeps it locked")),
        };
        let written = tokio::task::spawn_blocking(move || append(&file, &line));
        match tokio::time::timeout(limit / 2, written).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(reason))) => Err(self.unwritten(&reason.to_string())),
            Ok(Err(_)) => Err(Failure::new(
                DeliveryError::OutcomeUnknown,
                "the writer panicked",
            )),
            Err(_) => Err(Failure::new(
                DeliveryError::OutcomeUnknown,
                format!("{} took too long", self.file.display()),
            )),
        }
    }

    /// Nothing was written, and nothing will be.
    fn unwritten(&self, reason: &str) -> Failure {
        let cause = format!("cannot write to {}: {reason}", self.file.display());
        Failure::new(DeliveryError::Failed, cause)
    }

    fn line(&self, message: &Message, text: &Text) -> serde_json::Result<Zeroizing<Vec<u8>>> {
        let mut line = serde_json::to_vec(&Line {
            channel: message.channel.as_str(),
            address: message.address.as_str(),
            tan: &message.tan.printed(),
            message: &text.body,
            sent_at: self.clock.now().seconds(),
        })?;
        line.push(b'\n');
        Ok(Zeroizing::new(line))
    }
}

/// Opens the file and locks it. A lock that somebody holds is tried again and again rather than waited for in a thread: that could
/// not be ended, would keep the server from stopping, and would write a code long after it was told as not sent.
async fn open_locked(file: PathBuf) -> io::Result<File> {
    let opening = tokio::task::spawn_blocking(move || {
        let mut options = OpenOptions::new();
        // A pipe without a reader, or with a slow one, would keep the thread.
        let no_waiting = OFlags::NONBLOCK.bits().cast_signed();
        options
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(no_waiting)
            .open(file)
    });
    let file = opening.await.map_err(io::Error::other)??;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(reason)) => return Err(reason),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(BETWEEN_ATTEMPTS).await,
        }
    }
}

/// Appends a whole line or nothing to a file that is locked: what a full disk has cut off is taken back.
fn append(mut file: &File, line: &[u8]) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.write_all(line).inspect_err(|_| {
        // What is no file, such as a pipe, cannot be cut; nothing else is to be done about it.
        drop(file.set_len(length));
    })
}
