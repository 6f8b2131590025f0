//! A PostgreSQL server that a test may stop, kill and start again. Unlike that of `tests/postgres.sh` it waits for its disk.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It ends its sessions and writes everything down.
    Fast,
    /// It ends at once, as if the machine had; the next start recovers from the log.
    Immediate,
}

/// The server.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl Cluster {
    /// Makes one and starts it.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("kontor-cluster-").tempdir();
        let folder = folder.expect("a folder");
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        let mut cluster = Self {
            programs: programs(),
            port: free_port(),
            server: None,
            folder,
        };
        let mut initdb = cluster.program("initdb");
        initdb.arg("--pgdata").arg(cluster.data()).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--wal-segsize=1",
        ]);
        run(&mut initdb);
        cluster.resume();
        cluster
    }

    pub fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// The same by way of something that listens at another port.
    pub fn url_at(&self, port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/postgres")
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The number of the process that starts all others.
    pub fn id(&self) -> u32 {
        self.server.as_ref().expect("a running server").id()
    }

    /// The numbers of the processes that serve connections.
    pub fn sessions(&self) -> Vec<u32> {
        let children = format!("/proc/{0}/task/{0}/children", self.id());
        let children = std::fs::read_to_string(children).expect("a process of Linux");
        let children = children.split_whitespace();
        children
            .map(|number| number.parse().expect("a number"))
            .collect()
    }

    /// Starts the server again, and waits until it answers.
    pub fn resume(&mut self) {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("server.log"));
        let mut server = self.program("postgres");
        server
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories="])
            .args(["-c", "fsync=on", "-c", "full_page_writes=on"])
            .args(["-c", "synchronous_commit=on"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.expect("a log"));
        self.server = Some(server.spawn().expect("a server"));
        for _ in 0..600 {
            if self.answers() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL does not start: {}", self.log());
    }

    pub fn stop(&mut self, how: Stop) {
        let signal = match how {
            Stop::Fast => "-INT",
            Stop::Immediate => "-QUIT",
        };
        if let Some(mut server) = self.server.take() {
            run(Command::new("kill").args([signal, &server.id().to_string()]));
            server.wait().expect("the end of PostgreSQL");
        }
    }

    /// Limits a resource of all its processes, as `prlimit` names it, and of those that come later; the hard limit stays.
    pub fn limit(&self, resource: &str, limit: &str) {
        // Helpers come and go: what is gone needs no limit.
        for process in self.sessions() {
            drop(self.prlimit(process, resource, limit).output());
        }
        run(&mut self.prlimit(self.id(), resource, limit));
    }

    fn prlimit(&self, process: u32, resource: &str, limit: &str) -> Command {
        let mut command = self.as_its_user(Path::new("prlimit"));
        command
            .args(["--pid", &process.to_string()])
            .arg(format!("--{resource}={limit}:"));
        command
    }

    /// Everything in it, as `pg_dump` writes it down.
    pub fn dump(&self) -> Vec<u8> {
        let mut dump = Command::new(self.programs.join("pg_dump"));
        dump.args([
            "-h",
            "127.0.0.1",
            "-U",
            "postgres",
            "-p",
            &self.port.to_string(),
        ]);
        let output = dump.arg("postgres").output().expect("pg_dump");
        assert!(output.status.success(), "{:?}", output.stderr);
        output.stdout
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    fn answers(&self) -> bool {
        let mut ask = Command::new(self.programs.join("pg_isready"));
        ask.args(["-q", "-h", "127.0.0.1", "-U", "postgres"])
            .args(["-p", &self.port.to_string()]);
        ask.status().is_ok_and(|status| status.success())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        self.as_its_user(&self.programs.join(name))
    }

    /// A program; as root by way of `setpriv`, since PostgreSQL refuses to run so.
    fn as_its_user(&self, path: &Path) -> Command {
        let mut command = match is_root() {
            false => Command::new(path),
            true => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
                command.arg(path);
                command
            }
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop(Stop::Immediate);
    }
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// The folder of PostgreSQL's programs, which Debian keeps outside the PATH.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut folders: Vec<PathBuf> = versions
        .map(|version| version.expect("a folder").path().join("bin"))
        .collect();
    folders.sort();
    let path = std::env::var_os("PATH").expect("a PATH");
    folders.extend(std::env::split_paths(&path));
    let has_server = |folder: &PathBuf| folder.join("postgres").is_file();
    let found = folders
        .into_iter()
        .rev()
        .find(|folder| has_server(folder) && Path::new(folder).join("initdb").is_file());
    let found = found.expect("PostgreSQL; make postgresql installs it");
    std::fs::canonicalize(found.join("postgres"))
        .ok()
        .and_then(|postgres| postgres.parent().map(Path::to_owned))
        .unwrap_or(found)
}

fn run(command: &mut Command) {
    let output = command.output().expect("a program");
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {trouble}");
}
