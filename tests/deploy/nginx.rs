//! nginx with a configuration of `deploy/`, at ports and in a folder of the test.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustix::process::geteuid;
use tempfile::TempDir;

pub const ONE_HOST: &str = include_str!("../../deploy/nginx.conf");
pub const TWO_HOSTS: &str = include_str!("../../deploy/nginx-two-hosts.conf");
const PROXY: &str = include_str!("../../deploy/nginx-proxy.conf");

/// A running nginx, which does not outlive the test.
pub struct Nginx {
    process: Child,
    pub folder: TempDir,
    pub port: u16,
    pub plain_port: u16,
}

/// Enables a site with its certificates.
fn enable(folder: &Path, site: &str, hosts: &[&str]) {
    lay_out(folder);
    certify(folder, hosts);
    let write = |name: &str, text: &str| fs::write(folder.join("etc/nginx").join(name), text);
    write("sites-enabled/kontor", site).expect("the site");
    write("snippets/kontor-proxy.conf", PROXY).expect("the snippet");
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// The program, which is installed where that is possible.
pub fn command() -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nginx.sh"))
}

impl Nginx {
    /// Starts it with `deploy/nginx.conf` at this port, before the two services at these addresses.
    pub fn before(port: u16, merchant: &str, challenger: &str) -> Self {
        let site = replaced(ONE_HOST, "127.0.0.1:9966", merchant);
        let site = replaced(&site, "127.0.0.1:9967", challenger);
        Self::start(port, &site, &["shop.example"])
    }

    /// Starts it with a site of these hosts.
    pub fn start(port: u16, site: &str, hosts: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let plain_port = free_port();
        let site = relocated(site, folder.path(), port, plain_port);
        enable(folder.path(), &site, hosts);
        let process = command()
            .args(arguments(folder.path()))
            .args(["-g", "daemon off;"])
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx");
        let mut nginx = Self {
            process,
            folder,
            port,
            plain_port,
        };
        nginx.wait();
        nginx
    }

    fn wait(&mut self) {
        for _ in 0..1500 {
            if let Some(ended) = self.process.try_wait().expect("a process") {
                panic!("nginx {ended}: {}", self.read("error.log"));
            }
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("nginx does not listen");
    }

    /// One of its logs.
    pub fn read(&self, name: &str) -> String {
        let logs = self.folder.path().join("var/log/nginx");
        fs::read_to_string(logs.join(name)).unwrap_or_default()
    }

    /// One of its logs, once it has this: nginx writes of an answer after it was sent.
    #[track_caller]
    pub fn read_with(&self, name: &str, text: &str) -> String {
        for _ in 0..500 {
            let log = self.read(name);
            if log.contains(text) {
                return log;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{name} lacks {text}: {}", self.read(name));
    }

    pub fn authority(&self) -> String {
        self.folder
            .path()
            .join("authority.pem")
            .display()
            .to_string()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed, it would leave its workers behind.
        let process = self.process.id().to_string();
        drop(Command::new("kill").args(["-TERM", &process]).status());
        drop(self.process.wait());
    }
}

/// What leads nginx there.
pub fn arguments(folder: &Path) -> [String; 6] {
    let path = |name: &str| folder.join(name).display().to_string();
    [
        "-p".to_owned(),
        path(""),
        "-c".to_owned(),
        path("etc/nginx/nginx.conf"),
        "-e".to_owned(),
        path("var/log/nginx/error.log"),
    ]
}

#[track_caller]
pub fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not in the configuration");
    text.replace(from, to)
}

/// A site of `deploy/` at other ports, with its certificates and logs below a folder.
pub fn relocated(site: &str, folder: &Path, port: u16, plain_port: u16) -> String {
    let folder = folder.display();
    let lines = site.lines().filter(|line| !line.contains("listen [::]"));
    let site = lines.map(|line| format!("{line}\n")).collect::<String>();
    let plain = format!("listen 127.0.0.1:{plain_port};");
    let site = replaced(&site, "listen 80;", &plain);
    let site = replaced(&site, "listen 443 ", &format!("listen 127.0.0.1:{port} "));
    let site = replaced(
        &site,
        "/etc/letsencrypt/",
        &format!("{folder}/etc/letsencrypt/"),
    );
    replaced(
        &site,
        "/var/log/nginx/",
        &format!("{folder}/var/log/nginx/"),
    )
}

/// Lays out what Debian has for nginx: a configuration that includes the sites, and folders.
pub fn lay_out(folder: &Path) {
    let folders = [
        "etc/nginx/snippets",
        "etc/nginx/sites-available",
        "etc/nginx/sites-enabled",
        "var/log/nginx",
    ];
    for name in folders {
        fs::create_dir_all(folder.join(name)).expect("a folder");
    }
    // Its workers could not open files of root otherwise.
    let user = match geteuid().is_root() {
        true => "user root;",
        false => "",
    };
    let shown = folder.display();
    let main = format!(
        "{user}\nworker_processes 1;\npid {shown}/pid;\nevents {{}}\nhttp {{\n\
         client_body_temp_path {shown}/body;\nproxy_temp_path {shown}/proxy;\nfastcgi_temp_path {shown}/fastcgi;\n\
         uwsgi_temp_path {shown}/uwsgi;\nscgi_temp_path {shown}/scgi;\ninclude sites-enabled/*;\n}}\n"
    );
    fs::write(folder.join("etc/nginx/nginx.conf"), main).expect("the configuration");
}

/// An authority of the test, and a certificate of it for each host.
pub fn certify(folder: &Path, hosts: &[&str]) {
    let mut params = CertificateParams::new(Vec::new()).expect("an authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // A certificate with the same name as its issuer would pass for one that is signed by itself.
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, "Authority of a test");
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(params, key).expect("an authority");
    fs::write(folder.join("authority.pem"), authority.pem()).expect("a file");
    for host in hosts {
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(vec![(*host).to_owned()])
            .and_then(|params| params.signed_by(&key, &authority))
            .expect("a certificate");
        let live = folder.join("etc/letsencrypt/live").join(host);
        fs::create_dir_all(&live).expect("a folder");
        fs::write(live.join("fullchain.pem"), certificate.pem()).expect("a file");
        fs::write(live.join("privkey.pem"), key.serialize_pem()).expect("a file");
    }
}

#[test]
fn both_configurations_are_right() {
    let two = ["pay.shop.example", "addresses.shop.example"];
    for (site, hosts) in [(ONE_HOST, &["shop.example"][..]), (TWO_HOSTS, &two)] {
        let folder = tempfile::tempdir().expect("a folder");
        let site = relocated(site, folder.path(), free_port(), free_port());
        enable(folder.path(), &site, hosts);
        let checked = command()
            .arg("-t")
            .args(arguments(folder.path()))
            .output()
            .expect("nginx");
        let told = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{told}");
        // Newer ones would have HTTP/2 on a line of its own, which older ones do not know.
        let mut warnings = told.lines().filter(|line| line.contains("[warn]"));
        assert!(warnings.all(|line| line.contains("http2")), "{told}");
    }
}

/// nginx waits longer than Kontor by itself takes.
#[test]
fn no_long_poll_is_cut() {
    let line = PROXY
        .lines()
        .find_map(|line| line.strip_prefix("proxy_read_timeout "));
    let seconds = line.and_then(|line| line.strip_suffix("s;")?.parse().ok());
    let limits = kontor::config::Limits::default();
    let longest = limits.request_timeout + limits.long_poll;
    assert!(Duration::from_secs(seconds.expect("a time")) > longest);
}
