//! What `docs/install.md` shows, lived through: a newcomer sets a server up, from the program in an archive to the first shop and the
//! first upgrade, on PostgreSQL and behind nginx.
//!
//! The folders of the system are those of a folder here. Played are the parts for which a whole machine is needed: users and owners, and systemd, of
//! which is done what the unit says. What the page has for `console` only a person can do.

use std::{fs, os::unix::fs::symlink, path::Path};

use sea_orm::{ConnectionTrait as _, Database};
use snapbox::cmd::cargo_bin;
use url::Url;

use super::{
    page::Page,
    reader::{INSTALL_AS_ONESELF, Reader},
};
use crate::{
    cli::program::Place,
    database::support::postgres_url,
    deploy::nginx::{ONE_HOST, arguments, certify, free_port, lay_out, relocated, replaced},
};

const PAGE: Page = Page(include_str!("../../docs/install.md"));
const BACKUP: Page = Page(include_str!("../../docs/backup.md"));

const HOST: &str = "shop.example";

/// What the page's commands mean where there is no machine to set up.
const PLAYED: &str = r#"
useradd() { :; }
chown() { :; }
runuser() { shift 3 && "$@"; }
start() {
    local unit=$ROOT/etc/systemd/system/kontor.service
    local environment program
    environment=$(sed -n "s#^Environment=\(.*\)=/#\1=$ROOT/#p" "$unit")
    program=$ROOT$(sed -n 's/^ExecStart=//p' "$unit")
    (cd "$ROOT/var/lib/kontor" && exec setpriv --pdeathsig TERM env "$environment" $program) </dev/null >>"$ROOT/log" 2>&1 &
    SERVER=$!
    until as_kontor health >/dev/null 2>&1; do kill -0 "$SERVER" && sleep 0.1; done
}
stop() { kill -TERM "$SERVER" && wait "$SERVER"; }
start_nginx() {
    setpriv --pdeathsig TERM "$NGINX" "${NGINX_ARGUMENTS[@]}" -g 'daemon off;' </dev/null >/dev/null &
    PROXY=$!
    until (: <"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; do kill -0 "$PROXY" && sleep 0.1; done
}
systemctl() {
    case "$*" in
        daemon-reload | 'enable --now kontor-backup.timer') ;;
        'enable --now kontor') start ;;
        'restart kontor') stop && start ;;
        'stop kontor') stop ;;
        'reload nginx') start_nginx ;;
        *) return 1 ;;
    esac
}
nginx() { "$NGINX" "${NGINX_ARGUMENTS[@]}" "$@" 2>&1; }
curl() { command curl --cacert "$ROOT/authority.pem" --connect-to "::127.0.0.1:$PORT" "$@"; }
"#;

/// The machine that the page sets up.
struct Machine {
    root: tempfile::TempDir,
    server: Url,
    /// For role and database: the server is that of other tests too.
    name: String,
}

impl Machine {
    fn new(server: &str) -> Self {
        let name = format!("kontor_{}", std::process::id());
        let server = Url::parse(server).expect("a URL");
        Self {
            root: tempfile::tempdir().expect("a folder"),
            server,
            name,
        }
    }

    /// The unpacked archive, and the rest of what is there before.
    fn prepare(&self, port: u16, services: [u16; 2]) {
        let root = self.root.path();
        lay_out(root);
        certify(root, &[HOST]);
        for name in ["archive", "usr/local/bin", "etc/systemd/system"] {
            fs::create_dir_all(root.join(name)).expect("a folder");
        }
        let archive = root.join("archive");
        symlink(cargo_bin!("kontor"), archive.join("kontor")).expect("a link");
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
        fs::create_dir(archive.join("deploy")).expect("a folder");
        for entry in fs::read_dir(sources).expect("a folder") {
            let entry = entry.expect("an entry");
            let target = archive.join("deploy").join(entry.file_name());
            fs::copy(entry.path(), target).expect("a copy");
        }
        let site = relocated(ONE_HOST, root, port, free_port());
        let [merchant, challenger] = services.map(|port| format!("127.0.0.1:{port}"));
        let site = replaced(&site, "127.0.0.1:9966", &merchant);
        let site = replaced(&site, "127.0.0.1:9967", &challenger);
        fs::write(archive.join("deploy/nginx.conf"), site).expect("the site");
    }

    /// A shell of root in the folder of the archive.
    fn shell(&self) -> Reader {
        let root = self.root.path();
        let [port, merchant, challenger, management] = [(); 4].map(|()| free_port());
        self.prepare(port, [merchant, challenger]);
        let mut shell = Reader::new("http://unused");
        shell.run(PLAYED);
        shell.run(INSTALL_AS_ONESELF);
        shell.run(&format!(
            "unset KONTOR; HOST={HOST} ROOT='{root}' PORT={port} NGINX='{nginx}' NGINX_ARGUMENTS=({arguments})
             export PATH='{root}/usr/local/bin':$PATH TMPDIR='{root}'
             export PGHOST='{host}' PGPORT={database} PGUSER='{user}' PGDATABASE=postgres
             export KONTOR_MERCHANT__LISTEN=127.0.0.1:{merchant} KONTOR_CHALLENGER__LISTEN=127.0.0.1:{challenger}
             export KONTOR_MANAGEMENT__LISTEN=127.0.0.1:{management} KONTOR_PASSWORDS__MEMORY_KIB=32 KONTOR_LIMITS__SHUTDOWN_NOTICE='0 s'
             umask 022 && cd '{root}/archive'",
            root = root.display(),
            nginx = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nginx.sh").display(),
            arguments = arguments(root).map(|argument| format!("'{argument}'")).join(" "),
            host = self.server.host_str().expect("a host"),
            database = self.server.port().unwrap_or(5432),
            user = self.server.username(),
        ));
        shell
    }

    /// The commands of a block for this machine.
    fn adapted(&self, block: &str) -> String {
        let root = self.root.path().display();
        let mut text = block.to_owned();
        if let Some((commands, sql)) = block.split_once("<<'SQL'") {
            let sql = sql.replace("kontor", &self.name);
            text = format!("{commands}<<'SQL'{sql}");
        }
        let mut url = self.server.clone();
        url.set_username(&self.name).expect("a name");
        url.set_path(&self.name);
        text = text.replace("postgres:///kontor?host=/run/postgresql", url.as_str());
        for folder in ["/etc/", "/var/", "/usr/local/"] {
            text = text.replace(folder, &format!("{root}{folder}"));
        }
        // The server of the tests forgets what it has acknowledged, which is a finding.
        text.replace("doctor --quiet", "doctor --quiet || test $? = 1")
    }

    /// What the role may do besides: nothing.
    async fn look_at_rights(&self) {
        let url = self.adapted("postgres:///kontor?host=/run/postgresql");
        let role = Database::connect(url).await.expect("the database");
        for forbidden in [
            "CREATE ROLE another",
            "CREATE DATABASE another",
            "CREATE SCHEMA another",
            "ALTER SCHEMA public RENAME TO another",
            "CREATE TEMPORARY TABLE another (a int)",
            "COPY (SELECT 1) TO PROGRAM 'true'",
        ] {
            let refused = role.execute_unprepared(forbidden).await;
            assert!(refused.is_err(), "{forbidden}");
        }
        role.close().await.expect("the end of a connection");
    }

    async fn clean_up(&self) {
        let server = Database::connect(self.server.as_str())
            .await
            .expect("the server");
        for statement in ["DROP DATABASE IF EXISTS", "DROP ROLE IF EXISTS"] {
            let statement = format!("{statement} {}", self.name);
            server
                .execute_unprepared(&statement)
                .await
                .expect("the end");
        }
        server.close().await.expect("the end of a connection");
    }
}

/// What a block printed that has these words.
#[track_caller]
fn of<'a>(printed: &'a [(&str, String)], words: &str) -> &'a str {
    let found = printed.iter().find(|(block, _)| block.contains(words));
    &found
        .unwrap_or_else(|| panic!("no commands with {words}"))
        .1
}

/// The next release is as easy, and one whose backup fails leaves everything as it is.
fn upgrade_again(shell: &mut Reader, machine: &Machine) {
    let blocks = PAGE.blocks("sh");
    let upgrade = blocks.iter().find(|block| block.contains("restart kontor"));
    let upgrade = machine.adapted(upgrade.expect("the upgrade"));
    shell.run("THEN=$(date +%s); until [ \"$(date +%s)\" -gt \"$THEN\" ]; do sleep 0.1; done");
    assert!(shell.run(&upgrade).contains("ready: yes"));
    let backups = shell.run("ls \"$ROOT\"/var/backups/kontor/before-*.db");
    assert_eq!(backups.lines().count(), 2, "{backups}");
    let failed = shell.run(&format!(
        "(as_kontor() {{ return 1; }}; install() {{ echo touched; }}; systemctl() {{ echo touched; }}\n{upgrade}) || true"
    ));
    assert_eq!(failed, "");
}

/// And what `docs/backup.md` says of a database that is to be restored where a server has run.
fn restore_anew(shell: &mut Reader, machine: &Machine) {
    let blocks = BACKUP.blocks("sh");
    let anew = blocks.iter().find(|block| block.contains("DROP DATABASE"));
    let anew = anew.expect("how it is made anew");
    let (_, sql) = anew.split_once(";\n").expect("statements");
    let made = PAGE.blocks("sh");
    let made = made.iter().find(|block| block.contains("CREATE ROLE"));
    assert!(made.is_some_and(|made| made.ends_with(sql)), "{sql}");
    let restore =
        "as_kontor restore \"$(ls \"$ROOT\"/var/backups/kontor/before-*.db | tail -n 1)\"";
    shell.run(&format!("{restore} && exit 1"));
    shell.run(&machine.adapted(anew));
    let printed = shell.run(restore);
    assert!(printed.contains("Restored"), "{printed}");
    assert!(shell.run("as_kontor instance list").contains("tea-house"));
    shell.run("start");
}

/// What the page has left out without a mail server leaves a configuration that is right.
#[test]
fn a_server_without_mail_is_configured_as_printed() {
    let place = Place::new();
    let mut blocks = PAGE.blocks("sh").into_iter();
    let written = blocks.find_map(|block| block.split_once("<<TOML\n"));
    let (_, text) = written.expect("the configuration");
    let (text, _) = text.split_once("\nTOML").expect("its end");
    let sections = text.split("\n\n");
    let kept = sections.filter(|text| {
        !["[tan.email]", "[challenger]"]
            .iter()
            .any(|name| text.starts_with(name))
    });
    let kept: Vec<_> = kept.collect();
    assert_eq!(kept.len() + 2, text.split("\n\n").count());
    let key = place.path("kontor.key").display().to_string();
    let text = kept.join("\n\n").replace("$HOST", HOST);
    let text = replaced(&text, "/var/lib/kontor/kontor.key", &key);
    fs::write(place.path("kontor.toml"), text).expect("a configuration");
    let told = place.output(&["config", "check"]);
    assert!(told.contains("The configuration is right"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_installed_as_printed() {
    let Some(server) = postgres_url() else { return };
    let machine = Machine::new(&server);
    let mut shell = machine.shell();
    let blocks = PAGE.blocks("sh").into_iter();
    let printed: Vec<_> = blocks
        .map(|block| (block, shell.run(&machine.adapted(block))))
        .collect();
    machine.look_at_rights().await;
    upgrade_again(&mut shell, &machine);
    restore_anew(&mut shell, &machine);
    machine.look_at_rights().await;
    shell.run("stop; kill -TERM $PROXY; wait $PROXY || true");
    machine.clean_up().await;

    let of = |words| of(&printed, words);
    let version = concat!("kontor ", env!("CARGO_PKG_VERSION"), "\n");
    assert!(of("kontor --version").ends_with(version));
    assert!(of("config check").contains("The configuration is right"));
    assert!(of("enable --now kontor\n").contains("ready: yes"));
    let configurations = of("nginx -t");
    assert!(
        configurations.contains("test is successful"),
        "{configurations}"
    );
    assert!(
        configurations.contains(r#""name":"taler-merchant""#),
        "{configurations}"
    );
    assert!(
        configurations.contains(r#""name":"challenger""#),
        "{configurations}"
    );
    assert!(of("instance list").contains("tea-house"));
    assert!(of("restart kontor").contains("ready: yes"));
    let findings = of("doctor");
    // Those of the test: a server that forgets, and hashes that cost nothing.
    let expected = ["postgres-forgetful", "password-cost"];
    let names = findings.lines().filter_map(|line| {
        let (severity, rest) = line.split_once(' ')?;
        let (name, _) = rest.trim().split_once(':')?;
        ["problem", "warning"].contains(&severity).then_some(name)
    });
    for name in names {
        assert!(expected.contains(&name), "{findings}");
    }
}
