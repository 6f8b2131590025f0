//! E-mail by way of an SMTP server.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kontor_openapi::scalar::base32;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message as Mail};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Noop, Rcpt};
use lettre::transport::smtp::extension::ClientId;

use super::error::{DeliveryError, Failure};
use super::message::Message;
use super::template::Text;
use crate::clock::Clock;
use crate::config::{EmailDelivery, SmtpEncryption, SmtpUrl};
use crate::random::Random;

/// How long a server may take to say goodbye, when all is done.
const FAREWELL: Duration = Duration::from_secs(1);

/// How far a conversation with the server has come; what an error means depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connecting,
    Encrypting,
    LoggingIn,
    /// Only where there is no message.
    Idling,
    NamingSender,
    NamingReceiver,
    Announcing,
    /// From here on the server may have the message, whatever it says.
    Transmitting,
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Connecting => "while connecting",
            Self::Encrypting => "while starting TLS",
            Self::LoggingIn => "while logging in",
            Self::Idling => "while asking whether it is there",
            Self::NamingSender => "while naming the sender",
            Self::NamingReceiver => "while naming the receiver",
            Self::Announcing => "while announcing the message",
            Self::Transmitting => "while handing over the message",
        })
    }
}

/// A server that takes e-mails.
pub(super) struct Relay {
    url: SmtpUrl,
    tls: Option<TlsParameters>,
    from: Mailbox,
    clock: Clock,
    random: Random,
}

impl Relay {
    /// Checks the settings; the server is not asked yet.
    ///
    /// # Errors
    /// The key that is wrong below `tan.email`, and a sentence.
    pub fn new(
        url: &SmtpUrl,
        settings: &EmailDelivery,
        clock: Clock,
        random: Random,
    ) -> Result<Self, (&'static str, String)> {
        let from = settings.from.as_deref().ok_or((
            "from",
            "is needed beside \"tan.email.smtp_url\": the sender of the messages".to_owned(),
        ))?;
        let from = from.parse().map_err(|_| {
            let example = "\"Our Shops <noreply@shop.example>\"";
            (
                "from",
                format!("{from:?} is not a sender; write for example {example}"),
            )
        })?;
        let authority = settings.smtp_authority.as_deref();
        let tls = match (url.encryption(), authority) {
            (SmtpEncryption::None, Some(_)) => {
                let reason = "is of no use with ?tls=none in \"tan.email.smtp_url\"";
                return Err(("smtp_authority", reason.to_owned()));
            }
            (SmtpEncryption::None, None) => None,
            _ => Some(tls(url.host(), authority).map_err(|reason| ("smtp_authority", reason))?),
        };
        Ok(Self {
            url: url.clone(),
            tls,
            from,
            clock,
            random,
        })
    }

    /// Hands one message to the server.
    pub async fn send(
        &self,
        message: &Message,
        text: &Text,
        limit: Duration,
    ) -> Result<(), Failure> {
        let to: lettre::Address =
            message.address.as_str().parse().map_err(|_| {
                Failure::new(DeliveryError::AddressUnusable, "not an e-mail address")
            })?;
        let mail = self.mail(to.clone(), text).map_err(|reason| {
            Failure::new(
                DeliveryError::Failed,
                format!("cannot write the message: {reason}"),
            )
        })?;
        let mut stage = Stage::Connecting;
        match tokio::time::timeout(limit, self.converse(&mut stage, to, &mail)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Failure::new(judge(stage, &error), said(stage, &error))),
            // Whatever was not said until now counts as sent: otherwise a slow server could be kept busy for nothing.
            Err(_) => Err(Failure::new(
                DeliveryError::OutcomeUnknown,
                format!("{stage}: the SMTP server took too long"),
            )),
        }
    }

    /// Connects, encrypts and logs in, as the settings say.
    async fn connect(&self, stage: &mut Stage) -> Result<AsyncSmtpConnection, SmtpError> {
        let hello = ClientId::Domain(self.from.email.domain().to_owned());
        let server = (self.url.host(), self.url.port());
        let from_the_start = self
            .tls
            .clone()
            .filter(|_| self.url.encryption() == SmtpEncryption::Tls);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, None, &hello, from_the_start, None).await?;
        if let (SmtpEncryption::StartTls, Some(tls)) = (self.url.encryption(), &self.tls) {
            *stage = Stage::Encrypting;
            connection.starttls(tls.clone(), &hello).await?;
        }
        if let Some((user, password)) = self.url.expose_login() {
            *stage = Stage::LoggingIn;
            let credentials = Credentials::new(user.to_owned(), password.to_owned());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, &credentials).await?;
        }
        Ok(connection)
    }

    async fn converse(
        &self,
        stage: &mut Stage,
        to: lettre::Address,
        mail: &[u8],
    ) -> Result<(), SmtpError> {
        let mut connection = self.connect(stage).await?;
        *stage = Stage::NamingSender;
        let from = MailFrom::new(Some(self.from.email.clone()), Vec::new());
        connection.command(from).await?;
        *stage = Stage::NamingReceiver;
        connection.command(Rcpt::new(to, Vec::new())).await?;
        *stage = Stage::Announcing;
        connection.command(Data).await?;
        *stage = Stage::Transmitting;
        connection.message(mail).await?;
        // The message is the server's now; how the conversation ends does not matter any more.
        tokio::spawn(say_goodbye(connection));
        Ok(())
    }

    /// A conversation without a message.
    async fn greet(&self, stage: &mut Stage) -> Result<(), SmtpError> {
        let mut connection = self.connect(stage).await?;
        *stage = Stage::Idling;
        connection.command(Noop).await?;
        say_goodbye(connection).await;
        Ok(())
    }

    fn mail(&self, to: lettre::Address, text: &Text) -> Result<Vec<u8>, lettre::error::Error> {
        let id = base32::encode(&self.random.bytes::<16>());
        let mail = Mail::builder()
            .date(time(&self.clock))
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(text.subject.clone().unwrap_or_default())
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("Content-Language", &text.language))
            .header(ContentType::TEXT_PLAIN)
            .body(format!("{}\n", *text.body))?;
        Ok(mail.formatted())
    }
}

async fn say_goodbye(mut connection: AsyncSmtpConnection) {
    drop(tokio::time::timeout(FAREWELL, connection.quit()).await);
}

/// Asks the SMTP server whether it is there: connects, encrypts and logs in as for a message, and sends none.
///
/// # Errors
/// What does not work, in a sentence without secrets.
pub async fn greet(
    settings: &EmailDelivery,
    clock: &Clock,
    random: &Random,
    limit: Duration,
) -> Result<(), String> {
    let url = settings.smtp_url.as_ref().ok_or("there is none")?;
    let relay = Relay::new(url, settings, clock.clone(), random.clone());
    let relay = relay.map_err(|(key, reason)| format!("{key}: {reason}"))?;
    let mut stage = Stage::Connecting;
    match tokio::time::timeout(limit, relay.greet(&mut stage)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(said(stage, &error)),
        Err(_) => Err(format!("{stage}: the SMTP server took too long")),
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn tls(host: &str, authority: Option<&Path>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(file) = authority {
        let unusable = |reason: String| format!("{}: {reason}", file.display());
        let pem = std::fs::read(file)
            .map_err(|reason| unusable(format!("cannot read the file: {reason}")))?;
        if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(unusable("holds no certificate in PEM form".to_owned()));
        }
        let certificate =
            Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificate);
    }
    builder.build().map_err(|error| error.to_string())
}

fn time(clock: &Clock) -> SystemTime {
    let seconds = u64::try_from(clock.now().seconds()).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// What an error at this stage says about the message.
fn judge(stage: Stage, error: &SmtpError) -> DeliveryError {
    let is_refused = error.is_permanent();
    match stage {
        Stage::Connecting if is_tls(error) => DeliveryError::Misconfigured,
        Stage::Encrypting if !error.is_transient() => DeliveryError::Misconfigured,
        Stage::LoggingIn if is_refused || error.is_client() => DeliveryError::Misconfigured,
        Stage::NamingSender if is_refused => DeliveryError::Misconfigured,
        Stage::NamingReceiver if is_refused && is_about_us(error) => DeliveryError::Misconfigured,
        Stage::NamingReceiver if is_refused => DeliveryError::AddressUnusable,
        Stage::NamingReceiver if error.is_transient() && !is_closing(error) => {
            DeliveryError::AddressUnreachable
        }
        Stage::Transmitting if !is_refused && !error.is_transient() => {
            DeliveryError::OutcomeUnknown
        }
        _ => DeliveryError::Failed,
    }
}

/// Whether the handshake failed, rather than the network.
fn is_tls(error: &SmtpError) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        let of_io = inner.downcast_ref::<io::Error>();
        if of_io.is_some_and(|of_io| of_io.kind() == io::ErrorKind::InvalidData) {
            return true;
        }
        cause = inner.source();
    }
    error.is_tls()
}

/// Whether a receiver is refused because of who asks: a login is missing (530), or the policy says so (5.7, RFC 3463).
fn is_about_us(error: &SmtpError) -> bool {
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    error.status().is_some_and(|code| code.to_string() == "530") || text.starts_with("5.7.")
}

/// Whether the server ends the conversation (421).
fn is_closing(error: &SmtpError) -> bool {
    error.status().is_some_and(|code| code.to_string() == "421")
}

fn said(stage: Stage, error: &SmtpError) -> String {
    let causes = std::iter::successors(error.source(), |cause: &&dyn StdError| (*cause).source());
    let last = causes.last().map(ToString::to_string).unwrap_or_default();
    match error.to_string() {
        whole if whole.contains(&last) => format!("{stage}: {whole}"),
        whole => format!("{stage}: {whole}: {last}"),
    }
}
