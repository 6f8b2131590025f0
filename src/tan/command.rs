//! Helper programs: each message is one run of a program of the operator's.

use std::cmp::Reverse;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::error::{DeliveryError, Failure};
use super::message::Message;
use super::output::cleaned;
use super::template::Text;

/// What a helper ends with. Numbers and names are those of `sysexits.h`, as mail programs have long used them.
pub mod status {
    /// `EX_DATAERR`: the address is malformed, or of a kind that cannot be served. Nothing was sent.
    pub const ADDRESS_MALFORMED: i32 = 65;
    /// `EX_NOUSER`: there is no such receiver. Nothing was sent.
    pub const NO_SUCH_RECEIVER: i32 = 67;
    /// `EX_NOHOST`: there is no such host. Nothing was sent.
    pub const NO_SUCH_HOST: i32 = 68;
    /// `EX_UNAVAILABLE`: the receiver exists, but cannot be reached now. Nothing was sent.
    pub const RECEIVER_UNREACHABLE: i32 = 69;
    /// `EX_TEMPFAIL`: it does not work now, and may work later. Nothing was sent.
    pub const TRY_AGAIN: i32 = 75;
    /// `EX_NOPERM`: a credential is missing or refused, or the balance is used up. Nothing was sent.
    pub const NOT_PERMITTED: i32 = 77;
    /// `EX_CONFIG`: a setting is missing or wrong. Nothing was sent.
    pub const MISCONFIGURED: i32 = 78;
}

/// Most bytes of what a helper prints that are kept; what comes after them is read and dropped.
const KEPT_OUTPUT: usize = 4096;
/// How long is waited for the output of a helper that has ended, as programs it left behind may hold it open.
const LAST_OUTPUT: Duration = Duration::from_millis(100);

/// Variables that a helper inherits, beside those whose name begins with `LC_`.
const INHERITED: [&str; 2] = ["PATH", "LANG"];

/// A program, and its arguments in front of the address.
pub(super) struct Helper {
    program: String,
    arguments: Vec<String>,
    environment: Vec<(OsString, OsString)>,
}

impl Helper {
    /// Looks whether the program is there and can be run.
    ///
    /// # Errors
    /// A sentence that names it.
    pub fn new(command: &[String]) -> Result<Self, String> {
        let [program, arguments @ ..] = command else {
            return Err("needs the name of a program".to_owned());
        };
        find(program)?;
        let environment = std::env::vars_os()
            .filter(|(name, _)| {
                let name = name.to_string_lossy();
                INHERITED.contains(&name.as_ref()) || name.starts_with("LC_")
            })
            .collect();
        Ok(Self {
            program: program.clone(),
            arguments: arguments.to_vec(),
            environment,
        })
    }

    /// Runs the program to its end. At the time limit, and where this future is dropped, it is killed with its children.
    pub async fn send(
        &self,
        message: &Message,
        text: &Text,
        limit: Duration,
    ) -> Result<(), Failure> {
        let line = Zeroizing::new([text.body.as_str(), "\n"].concat());
        self.send_as(message, text, line.as_bytes(), limit).await
    }

    /// The same with something else on standard input than the text.
    pub async fn send_as(
        &self,
        message: &Message,
        text: &Text,
        input: &[u8],
        limit: Duration,
    ) -> Result<(), Failure> {
        let mut child = self.command(message, text).spawn().map_err(|reason| {
            Failure::new(
                DeliveryError::Failed,
                format!("cannot start {}: {reason}", self.program),
            )
        })?;
        let group = Group::of(&child);
        let ended = tokio::time::timeout(limit, run(&mut child, input)).await;
        match ended {
            Ok(Ok(ended)) => {
                group.spare();
                ended.judge(message)
            }
            Ok(Err(reason)) => Err(Failure::new(
                DeliveryError::OutcomeUnknown,
                format!("lost track of {}: {reason}", self.program),
            )),
            Err(_) => Err(Failure::new(
                DeliveryError::OutcomeUnknown,
                format!("{} took too long and was killed", self.program),
            )),
        }
    }

    fn command(&self, message: &Message, text: &Text) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .arg(message.address.as_str())
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("KONTOR_TAN_CHANNEL", message.channel.as_str())
            .env("KONTOR_TAN_PURPOSE", message.about.purpose())
            .env("KONTOR_TAN_LANGUAGE", &text.language)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(reference) = message.about.reference() {
            command.env("KONTOR_TAN_REFERENCE", reference);
        }
        if let Some(subject) = &text.subject {
            command.env("KONTOR_TAN_SUBJECT", subject);
        }
        command
    }
}

/// Whether a program can be run: by its whole path, or by a name that `PATH` leads to.
/// Where a program is: a whole path, or the name of one in a folder of `PATH`.
///
/// # Errors
/// A sentence that names it.
pub(crate) fn find(program: &str) -> Result<PathBuf, String> {
    let path = Path::new(program);
    if path.is_absolute() {
        Found::at(path).judge(program, "there is no program")?;
        return Ok(path.to_owned());
    }
    if program.contains('/') {
        return Err(format!(
            "{program:?} is neither the whole path of a program nor a name without slashes"
        ));
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&folders).map(|folder| folder.join(program));
    // The first of those that can be run, as the operating system takes it.
    let best = places.min_by_key(|place| Reverse(Found::at(place)));
    let best = best.unwrap_or_default();
    Found::at(&best).judge(program, "no folder in PATH has a program")?;
    Ok(best)
}

/// What a path leads to; the better, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Nothing,
    NoFile,
    NotExecutable,
    Executable,
}

impl Found {
    fn at(path: &Path) -> Self {
        match path.metadata() {
            Err(_) => Self::Nothing,
            Ok(found) if !found.is_file() => Self::NoFile,
            Ok(found) if found.permissions().mode() & 0o111 == 0 => Self::NotExecutable,
            Ok(_) => Self::Executable,
        }
    }

    fn judge(self, program: &str, missing: &str) -> Result<(), String> {
        match self {
            Self::Nothing => Err(format!("{missing} {program:?}")),
            Self::NoFile => Err(format!("{program:?} is no file, and cannot be run")),
            Self::NotExecutable => Err(format!(
                "{program:?} is there, but is not executable; \"chmod +x\" makes it so"
            )),
            Self::Executable => Ok(()),
        }
    }
}

/// The process group of a helper, which is killed as a whole unless it is spared.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let process = child.id().and_then(|id| i32::try_from(id).ok());
        Self(process.and_then(Pid::from_raw))
    }

    /// The helper ended by itself. What it left running is its own business, and its number may be another one's soon.
    fn spare(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may be empty already; nothing else can go wrong with a group of our own children.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

struct Ended {
    status: ExitStatus,
    output: String,
}

impl Ended {
    fn judge(&self, message: &Message) -> Result<(), Failure> {
        let error = match self.status.code() {
            Some(0) => {
                if !self.output.is_empty() {
                    tracing::debug!(
                        helper.output = cleaned(&self.output, message),
                        "a helper spoke"
                    );
                }
                return Ok(());
            }
            Some(status::ADDRESS_MALFORMED | status::NO_SUCH_RECEIVER | status::NO_SUCH_HOST) => {
                DeliveryError::AddressUnusable
            }
            Some(status::RECEIVER_UNREACHABLE) => DeliveryError::AddressUnreachable,
            Some(status::TRY_AGAIN) => DeliveryError::Failed,
            Some(status::NOT_PERMITTED | status::MISCONFIGURED) => DeliveryError::Misconfigured,
            Some(_) | None => DeliveryError::OutcomeUnknown,
        };
        let cause = match self.output.trim() {
            "" => format!("the helper ended with {}", self.status),
            said => format!("the helper ended with {}: {said}", self.status),
        };
        Err(Failure::new(error, cause))
    }
}

/// Gives the message to the helper, takes what it prints, and waits for its end.
async fn run(child: &mut Child, input: &[u8]) -> io::Result<Ended> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut printed, mut complained) = (Vec::new(), Vec::new());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A helper that needs no text does not read it; what became of the message its status says.
            drop(stdin.write_all(input).await);
        }
        // Closed: the helper sees the end of it.
    };
    let talk = async {
        tokio::join!(
            write,
            keep(stdout, &mut printed),
            keep(stderr, &mut complained)
        );
    };
    let status = {
        tokio::pin!(talk);
        tokio::select! {
            status = child.wait() => {
                drop(tokio::time::timeout(LAST_OUTPUT, talk).await);
                status
            }
            () = &mut talk => child.wait().await,
        }
    };
    let output = match complained.is_empty() {
        true => printed,
        false => complained,
    };
    Ok(Ended {
        status: status?,
        output: String::from_utf8_lossy(&output).into_owned(),
    })
}

/// Reads to the end and keeps the beginning.
async fn keep(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = [0; 8192];
    // A pipe that cannot be read any more has nothing to say.
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        let room = KEPT_OUTPUT.saturating_sub(kept.len());
        kept.extend_from_slice(&buffer[..count.min(room)]);
    }
}
