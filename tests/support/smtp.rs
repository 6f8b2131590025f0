//! An SMTP server of one test: real sessions, with STARTTLS, TLS and a login where asked for. What it takes is kept
//! until the test reads it.
//!
//! Some receivers have a fate of their own, by what stands in front of the `@`: see [`Fate`].

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

use mail_parser::MessageParser;
use mailin::{Action, AuthMechanism, Handler, Response, Session, SessionBuilder, response};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tempfile::TempDir;

/// What takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    None,
    StartTls,
    Tls,
}

/// What becomes of a message to `FATE@...`, such as `unknown@shop.example`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Anything else: taken.
    Taken,
    /// `unknown`: 550 after RCPT.
    Unknown,
    /// `busy`: 450 after RCPT.
    Busy,
    /// `forbidden`: 550 5.7.1 after RCPT.
    Forbidden,
    /// `closing`: 421 after RCPT, and the end.
    Closing,
    /// `unwanted`: 554 after the text.
    Unwanted,
    /// `dropped`: the connection ends after the text, without an answer.
    Dropped,
    /// `hanging`: no answer after the text.
    Hanging,
    /// `stalled`: no answer after RCPT.
    Stalled,
}

impl Fate {
    fn of(address: &str) -> Self {
        match address.split('@').next() {
            Some("unknown") => Self::Unknown,
            Some("busy") => Self::Busy,
            Some("forbidden") => Self::Forbidden,
            Some("closing") => Self::Closing,
            Some("unwanted") => Self::Unwanted,
            Some("dropped") => Self::Dropped,
            Some("hanging") => Self::Hanging,
            Some("stalled") => Self::Stalled,
            _ => Self::Taken,
        }
    }
}

/// A message that was taken.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Who it is for, of the envelope.
    pub to: String,
    /// All of it, as it came.
    pub raw: String,
    /// The subject, decoded.
    pub subject: String,
    /// The text, decoded.
    pub text: String,
}

impl Mail {
    fn parse(to: &str, raw: &[u8]) -> Self {
        let message = MessageParser::default().parse(raw).expect("an e-mail");
        Self {
            to: to.to_owned(),
            raw: String::from_utf8_lossy(raw).into_owned(),
            subject: message.subject().expect("a subject").to_owned(),
            text: message.body_text(0).expect("a text").into_owned(),
        }
    }

    /// The code in the text.
    pub fn code(&self) -> String {
        let is_code = |word: &&str| word.len() == 9 && word.as_bytes()[4] == b'-';
        let code = self.text.split_whitespace().find(is_code);
        code.expect("a code").to_owned()
    }
}

#[derive(Default)]
struct Inbox {
    mails: Mutex<Vec<Mail>>,
    arrival: Condvar,
}

/// The server. It runs as long as the test.
pub struct SmtpServer {
    address: SocketAddr,
    encryption: Encryption,
    inbox: Arc<Inbox>,
    folder: TempDir,
}

impl SmtpServer {
    /// Starts on a free port, without a login.
    pub fn start(encryption: Encryption) -> Self {
        Self::start_with(encryption, None)
    }

    /// Starts on a free port; with a user and password, without which it takes nothing.
    pub fn start_with(encryption: Encryption, login: Option<(&'static str, &'static str)>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (authority, tls) = certificates("localhost");
        std::fs::write(folder.path().join("authority.pem"), authority).expect("a file");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let server = Self {
            address: listener.local_addr().expect("its address"),
            encryption,
            inbox: Arc::default(),
            folder,
        };
        let inbox = Arc::clone(&server.inbox);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let host = Host {
                    encryption,
                    tls: Arc::clone(&tls),
                    login,
                    inbox: Arc::clone(&inbox),
                };
                // A client that goes away ends its session; the test sees what it got.
                thread::spawn(move || drop(host.serve(stream)));
            }
        });
        server
    }

    /// The URL for `tan.email.smtp_url`; the user in front of the host is the caller's (`me:secret@`, or nothing).
    pub fn url(&self, user: &str) -> String {
        let port = self.address.port();
        match self.encryption {
            Encryption::None => format!("smtp://{user}localhost:{port}?tls=none"),
            Encryption::StartTls => format!("smtp://{user}localhost:{port}"),
            Encryption::Tls => format!("smtps://{user}localhost:{port}"),
        }
    }

    /// The certificate that its own is signed by, for `tan.email.smtp_authority`.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// All messages that were taken for an address.
    pub fn mails(&self, to: &str) -> Vec<Mail> {
        let mails = self.inbox.mails.lock().expect("the inbox");
        mails.iter().filter(|mail| mail.to == to).cloned().collect()
    }

    /// Waits for a message to an address, takes it out and gives it. The oldest comes first.
    pub fn wait_for(&self, to: &str) -> Mail {
        let is_missing = |mails: &mut Vec<Mail>| !mails.iter().any(|mail| mail.to == to);
        let mails = self.inbox.mails.lock().expect("the inbox");
        let waited = self
            .inbox
            .arrival
            .wait_timeout_while(mails, PATIENCE, is_missing);
        let (mut mails, _) = waited.expect("the inbox");
        let place = mails.iter().position(|mail| mail.to == to);
        mails.remove(place.expect("no message came"))
    }
}

/// An authority made for the test, and a server of this name that it vouches for.
pub fn certificates(name: &str) -> (String, Arc<ServerConfig>) {
    let mut params = CertificateParams::new(Vec::new()).expect("an authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(params, key).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec![name.to_owned()])
        .and_then(|params| params.signed_by(&key, &authority))
        .expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a certificate with its key");
    (authority.pem(), Arc::new(config))
}

/// What a session needs.
struct Host {
    encryption: Encryption,
    tls: Arc<ServerConfig>,
    login: Option<(&'static str, &'static str)>,
    inbox: Arc<Inbox>,
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

impl Host {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let remote = stream.peer_addr()?.ip();
        let mut builder = SessionBuilder::new("mail.test");
        if self.encryption == Encryption::StartTls {
            builder.enable_start_tls();
        }
        if self.login.is_some() {
            builder.enable_auth(AuthMechanism::Plain);
        }
        if self.encryption != Encryption::StartTls {
            builder.insecure_enable_plaintext_auth();
        }
        let fate = Arc::new(Mutex::new(Fate::Taken));
        let mut session = builder.build(
            remote,
            Letterbox {
                login: self.login,
                is_welcome: self.login.is_none(),
                inbox: Arc::clone(&self.inbox),
                fate: Arc::clone(&fate),
                to: String::new(),
                data: Vec::new(),
            },
        );
        let mut socket = stream.try_clone()?;
        if self.encryption == Encryption::Tls {
            let mut stream = self.encrypt(stream)?;
            session.greeting().write_to(&mut stream)?;
            stream.flush()?;
            talk(&mut session, &mut BufReader::new(stream), &fate)?;
        } else {
            session.greeting().write_to(&mut socket)?;
            let mut plain = BufReader::new(stream);
            if talk(&mut session, &mut plain, &fate)? == Action::UpgradeTls {
                session.tls_active();
                let mut encrypted = BufReader::new(self.encrypt(plain.into_inner())?);
                talk(&mut session, &mut encrypted, &fate)?;
            }
        }
        socket.shutdown(Shutdown::Both)
    }

    fn encrypt(&self, stream: TcpStream) -> io::Result<StreamOwned<ServerConnection, TcpStream>> {
        let connection = ServerConnection::new(Arc::clone(&self.tls)).map_err(io::Error::other)?;
        Ok(StreamOwned::new(connection, stream))
    }
}

/// Goes on until the session ends or goes over to TLS.
fn talk<S: Stream>(
    session: &mut Session<Letterbox>,
    stream: &mut BufReader<S>,
    fate: &Mutex<Fate>,
) -> io::Result<Action> {
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line)? == 0 {
            return Ok(Action::Close);
        }
        let answer = session.process(&line);
        let is_end_of_text = line == b".\r\n";
        match *fate.lock().expect("the fate") {
            Fate::Dropped if is_end_of_text => return Ok(Action::Close),
            Fate::Stalled => {}
            Fate::Hanging if is_end_of_text => {}
            _ => {
                answer.write_to(stream.get_mut())?;
                stream.get_mut().flush()?;
                if matches!(answer.action, Action::Close | Action::UpgradeTls) {
                    return Ok(answer.action);
                }
            }
        }
    }
}

/// One session's messages.
struct Letterbox {
    login: Option<(&'static str, &'static str)>,
    is_welcome: bool,
    inbox: Arc<Inbox>,
    fate: Arc<Mutex<Fate>>,
    to: String,
    data: Vec<u8>,
}

impl Handler for Letterbox {
    fn mail(&mut self, _: std::net::IpAddr, _: &str, _: &str) -> Response {
        match self.is_welcome {
            true => response::OK,
            false => response::AUTHENTICATION_REQUIRED,
        }
    }

    fn rcpt(&mut self, to: &str) -> Response {
        let fate = Fate::of(to);
        to.clone_into(&mut self.to);
        *self.fate.lock().expect("the fate") = fate;
        match fate {
            Fate::Unknown => Response::custom(550, format!("5.1.1 <{to}>: no such user")),
            Fate::Busy => Response::custom(450, "4.2.1 mailbox busy".to_owned()),
            Fate::Forbidden => Response::custom(550, "5.7.1 relaying denied".to_owned()),
            Fate::Closing => response::NO_SERVICE,
            _ => response::OK,
        }
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.data.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        if Fate::of(&self.to) == Fate::Unwanted {
            return response::TRANSACTION_FAILED;
        }
        let mail = Mail::parse(&self.to, &std::mem::take(&mut self.data));
        self.inbox.mails.lock().expect("the inbox").push(mail);
        self.inbox.arrival.notify_all();
        response::OK
    }

    fn auth_plain(&mut self, _: &str, user: &str, password: &str) -> Response {
        self.is_welcome = self.login == Some((user, password));
        match self.is_welcome {
            true => response::AUTH_OK,
            false => response::INVALID_CREDENTIALS,
        }
    }
}
