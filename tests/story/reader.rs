//! Who follows a page.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use tempfile::TempDir;

/// What takes longer does not come.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Where there is no other user to give files to: the command without the owner and the group.
pub const INSTALL_AS_ONESELF: &str = r#"
install() {
    local kept=()
    while [ $# -gt 0 ]; do
        case $1 in
            -o | -g) shift 2 ;;
            *) kept+=("$1") && shift ;;
        esac
    done
    command install "${kept[@]}"
}
"#;

/// How the test knows that a block is done.
const MARK: &str = "== done";

/// The reader of a page, with a shell in an empty folder.
pub struct Reader {
    shell: Child,
    input: ChildStdin,
    output: mpsc::Receiver<String>,
    patience: Duration,
    _folder: TempDir,
}

impl Reader {
    pub fn new(url: &str) -> Self {
        Self::patient(url, PATIENCE)
    }

    /// A reader who waits so long for each block.
    pub fn patient(url: &str, patience: Duration) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut shell = Command::new("bash")
            .args(["-euo", "pipefail"])
            .env("KONTOR", url.trim_end_matches('/'))
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("bash runs");
        let output = BufReader::new(shell.stdout.take().expect("standard output"));
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines() {
                // Nobody reads on when the test has ended.
                drop(send.send(line.expect("text")));
            }
        });
        Self {
            input: shell.stdin.take().expect("standard input"),
            shell,
            output: lines,
            patience,
            _folder: folder,
        }
    }

    /// Runs commands as they are printed; what they print.
    pub fn run(&mut self, commands: &str) -> String {
        writeln!(self.input, "{commands}\necho '{MARK}'").expect("a shell that listens");
        let mut printed = String::new();
        loop {
            match self.output.recv_timeout(self.patience) {
                Ok(line) if line == MARK => return printed,
                Ok(line) => printed = printed + &line + "\n",
                Err(_) => self.fail(commands, &printed),
            }
        }
    }

    fn fail(&mut self, commands: &str, printed: &str) -> ! {
        // It may have ended by itself.
        drop(self.shell.kill());
        let mut errors = String::new();
        let stderr = self.shell.stderr.as_mut().expect("standard error");
        stderr.read_to_string(&mut errors).expect("text");
        panic!("{commands}\n{printed}\n{errors}");
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        drop(self.shell.kill());
        drop(self.shell.wait());
    }
}
