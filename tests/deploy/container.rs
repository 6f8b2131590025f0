//! The container, as far as it goes without an engine: what its recipe names is there, and the program runs as the recipe has it run: without
//! rights, with its state in a folder of its own, and with nothing else that it may write.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::geteuid;
use snapbox::cmd::cargo_bin;

use super::nginx::free_port;

const RECIPE: &str = include_str!("../../deploy/Containerfile");
const IGNORED: &str = include_str!("../../deploy/Containerfile.dockerignore");

/// The instructions, each on one line.
fn instructions() -> Vec<String> {
    let joined = RECIPE.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// The last instruction of a kind, without its name.
#[track_caller]
fn last(name: &str) -> String {
    let found = instructions().into_iter().rev().find_map(|line| {
        let rest = line.strip_prefix(name)?.strip_prefix(' ')?;
        Some(rest.trim().to_owned())
    });
    found.unwrap_or_else(|| panic!("no {name}"))
}

/// The words of an instruction in the form of JSON, which needs no shell.
#[track_caller]
fn words(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_else(|reason| panic!("{json}: {reason}"))
}

#[test]
fn the_recipe_takes_what_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copies: Vec<_> = instructions()
        .into_iter()
        .filter_map(|line| line.strip_prefix("COPY ").map(str::to_owned))
        .collect();
    assert_eq!(copies.len(), 4, "{copies:?}");
    for copy in copies {
        let words: Vec<_> = copy
            .split(' ')
            .filter(|word| !word.starts_with("--"))
            .collect();
        let [source, _] = words[..] else {
            panic!("{copy}");
        };
        match source {
            "." | "/state" | "/kontor/target/release/kontor" => {}
            path => {
                let path = path
                    .strip_prefix("/kontor/")
                    .expect("a path of the sources");
                assert!(root.join(path).exists(), "{path}");
            }
        }
    }
    // Nothing is left out that the build reads, or git has.
    for pattern in IGNORED.lines().filter(|line| !line.starts_with('#')) {
        let tracked = Command::new("git")
            .args(["ls-files", "--", pattern])
            .current_dir(root)
            .output();
        // An unpacked archive has no git.
        let tracked = tracked.map(|output| output.stdout).unwrap_or_default();
        assert!(tracked.is_empty(), "{pattern}");
    }
    let rust = format!("ARG RUST_VERSION={}.", env!("CARGO_PKG_RUST_VERSION"));
    assert!(RECIPE.contains(&rust), "{rust}");
    assert!(!RECIPE.contains(":latest"));
}

/// Everything of the recipe's last stage, but the image.
struct Container {
    folder: tempfile::TempDir,
    user: String,
}

impl Container {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), open).expect("a mode");
        // Its user may run it there, unlike in the folder of the build.
        fs::copy(cargo_bin!("kontor"), folder.path().join("kontor")).expect("a copy");
        let state = folder.path().join("state");
        fs::create_dir(&state).expect("a folder");
        fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).expect("a mode");
        let user = last("USER");
        let (uid, gid) = user.split_once(':').expect("numbers");
        if geteuid().is_root() {
            let (uid, gid) = (
                uid.parse().expect("a number"),
                gid.parse().expect("a number"),
            );
            std::os::unix::fs::chown(&state, Some(uid), Some(gid)).expect("an owner");
        }
        Self { folder, user }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The program in the working folder of the recipe, with nothing else that it may write. Who is not root stays who he is.
    fn command(&self, arguments: &[String]) -> Command {
        let program = self.folder.path().join("kontor");
        let mut command = if geteuid().is_root() {
            let (uid, gid) = self.user.split_once(':').expect("numbers");
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid", uid, "--regid", gid, "--clear-groups"])
                .args(["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"])
                .arg(program);
            command
        } else {
            Command::new(program)
        };
        command
            .args(arguments)
            .env_clear()
            .current_dir(self.state());
        for pair in last("ENV").split_whitespace() {
            let (name, value) = pair.split_once('=').expect("a variable");
            command.env(
                name,
                value.replace("0.0.0.0", "127.0.0.1").replace(":9966", ":0"),
            );
        }
        command.env("KONTOR_PASSWORDS__MEMORY_KIB", "32");
        command.env("TMPDIR", "/nowhere");
        command
    }
}

#[test]
fn the_program_runs_as_the_recipe_says() {
    let container = Container::new();
    let program = words(&last("ENTRYPOINT"));
    assert_eq!(program, ["/usr/local/bin/kontor"]);
    assert_eq!(last("WORKDIR"), words(&last("VOLUME"))[0]);
    let management = format!("127.0.0.1:{}", free_port());
    let with_port = |mut command: Command| {
        command.env("KONTOR_MANAGEMENT__LISTEN", &management);
        command
    };
    let mut server = with_port(container.command(&words(&last("CMD"))))
        .env("KONTOR_ADMIN_PASSWORD", "sesame")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a server");
    let check = last("HEALTHCHECK");
    let (_, check) = check.split_once("CMD ").expect("a command");
    let check = words(check);
    assert_eq!(check[0], program[0]);
    let is_well = || {
        let health = with_port(container.command(&check[1..])).output();
        health.expect("a check").status.success()
    };
    let well = (0..300).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        is_well()
    });
    let signal = format!("-{}", last("STOPSIGNAL").trim_start_matches("SIG"));
    let process = server.id().to_string();
    let told = Command::new("kill").args([&signal, &process]).status();
    assert!(told.expect("kill").success());
    let ended = server.wait().expect("the end");
    assert!(well, "it was not well within 30 s");
    assert!(ended.success(), "{ended}");
    assert!(!is_well(), "it says so after its end");
    let made = crate::cli::program::names_in(&container.state());
    assert!(made.contains(&"kontor.db".to_owned()), "{made:?}");
    assert!(made.contains(&"kontor.key".to_owned()), "{made:?}");
    let around = crate::cli::program::names_in(container.folder.path());
    assert_eq!(around, ["kontor", "state"]);
}
