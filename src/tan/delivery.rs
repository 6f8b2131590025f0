//! From a message to whatever carries it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

use super::channel::Channel;
use super::command::Helper;
use super::error::{DeliveryError, Failure};
use super::letter::Printer;
use super::message::{About, Message};
use super::output::cleaned;
use super::shown::{self, Show};
use super::smtp::Relay;
use super::spool::Spool;
use super::template::{Templates, Text};
use crate::clock::Clock;
use crate::config::{self, LetterFormat};
use crate::random::Random;

/// Delivers messages on the channels that the configuration names.
pub struct Delivery {
    transports: BTreeMap<Channel, Transport>,
    lifetimes: BTreeMap<Channel, Duration>,
    templates: Templates,
    /// Of each channel its own, so that one that hangs does not hold up the others.
    turns: BTreeMap<Channel, Turns>,
    limit: Duration,
}

/// A setting of `[tan]` that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key:?}: {reason}")]
pub struct Undeliverable {
    /// The key, such as `tan.email.from`.
    pub key: String,
    /// What is wrong with it, in one sentence without secrets.
    pub reason: String,
}

enum Transport {
    Helper(Helper),
    /// A program that gets letters, ready to be printed.
    Letters(Helper, Arc<Printer>),
    Relay(Box<Relay>),
    Spool(Spool),
    Show(Show),
}

impl Delivery {
    /// Reads the templates, and looks whether programs and files are where the settings say. No server is asked, and
    /// nothing is written.
    ///
    /// # Errors
    /// The first key that cannot be used.
    pub fn start(
        settings: &config::Tan,
        clock: &Clock,
        random: &Random,
    ) -> Result<Self, Undeliverable> {
        let templates = Templates::load(settings.templates.as_deref())
            .map_err(|reason| wrong("tan.templates", reason))?;
        let transports = transports(settings, clock, random)?;
        if let Some(Transport::Letters(_, printer)) = transports.get(&Channel::Post) {
            templates
                .try_out_letters(|text| printer.check(text).map_err(|reason| reason.to_string()))
                .map_err(|reason| wrong("tan.templates", reason))?;
        }
        Ok(Self {
            transports,
            lifetimes: Channel::ALL
                .map(|channel| (channel, settings.lifetime(channel)))
                .into(),
            templates,
            turns: Channel::ALL
                .map(|channel| (channel, Turns::new(settings.concurrency)))
                .into(),
            limit: settings.command_timeout,
        })
    }

    /// Lets messages be shown where the settings say nothing about their channel; it then counts as configured. For the
    /// sandbox.
    #[must_use]
    pub fn or_show(mut self, show: &Show) -> Self {
        for channel in Channel::ALL {
            let transport = self.transports.entry(channel);
            transport.or_insert_with(|| Transport::Show(show.clone()));
        }
        self
    }

    /// Whether messages can be sent on this channel.
    #[must_use]
    pub fn is_configured(&self, channel: Channel) -> bool {
        self.transports.contains_key(&channel)
    }

    /// How long a code can be used that was sent on this channel.
    #[must_use]
    pub fn lifetime(&self, channel: Channel) -> Duration {
        self.lifetimes.get(&channel).copied().unwrap_or_default()
    }

    /// Sends a message, and waits until whatever carries it has taken it: half of `tan.command_timeout` for its turn at
    /// most, and then that time itself. A failure is logged, without code and address.
    ///
    /// Dropping the future ends the attempt, and a helper that runs for it; it is then not known whether it was sent.
    ///
    /// # Errors
    /// What keeps it from being sent, or from being known to be sent.
    pub async fn deliver(&self, message: Message) -> Result<(), DeliveryError> {
        self.attempt(&message).await.map_err(|failure| {
            tracing::warn!(
                tan.channel = %message.channel,
                tan.purpose = message.about.purpose(),
                tan.address = message.address.hint(),
                error = %failure.error,
                cause = cleaned(&failure.cause, &message),
                "a code was not delivered"
            );
            failure.error
        })
    }

    async fn attempt(&self, message: &Message) -> Result<(), Failure> {
        let channel = message.channel;
        let way = self.transports.get(&channel).zip(self.turns.get(&channel));
        let (transport, turns) = way.ok_or_else(|| {
            Failure::new(
                DeliveryError::Misconfigured,
                "the channel is not configured",
            )
        })?;
        if message.address.channel() != channel {
            let cause = format!("an address of the channel {}", message.address.channel());
            return Err(Failure::new(DeliveryError::AddressUnusable, cause));
        }
        let text = self
            .templates
            .render(message)
            .map_err(|reason| Failure::new(DeliveryError::Misconfigured, reason))?;
        let turn = tokio::time::timeout(self.limit / 2, turns.take(&message.about));
        // Held until the end.
        let _turn = turn.await.map_err(|_| {
            let cause = "too many messages are being sent, see \"tan.concurrency\"";
            Failure::new(DeliveryError::OutcomeUnknown, cause)
        })?;
        transport.send(message, &text, self.limit).await
    }
}

impl Transport {
    async fn send(&self, message: &Message, text: &Text, limit: Duration) -> Result<(), Failure> {
        match self {
            Self::Helper(helper) => helper.send(message, text, limit).await,
            Self::Letters(helper, printer) => {
                let letter = print(printer, message, text).await?;
                helper.send_as(message, text, &letter, limit).await
            }
            Self::Relay(relay) => relay.send(message, text, limit).await,
            Self::Spool(spool) => spool.send(message, text, limit).await,
            Self::Show(show) => {
                shown::send(show, message, text);
                Ok(())
            }
        }
    }
}

/// Lays a letter out where it holds nobody up: that may take a good part of a second.
async fn print(
    printer: &Arc<Printer>,
    message: &Message,
    text: &Text,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let (printer, message, text) = (Arc::clone(printer), message.clone(), text.clone());
    let printing = tokio::task::spawn_blocking(move || printer.print(&message, &text));
    let printed = printing.await;
    printed.unwrap_or_else(|error| {
        let cause = format!("the printing of a letter ended: {error}");
        Err(Failure::new(DeliveryError::Failed, cause))
    })
}

fn wrong(key: impl Into<String>, reason: impl Into<String>) -> Undeliverable {
    Undeliverable {
        key: key.into(),
        reason: reason.into(),
    }
}

/// Who may send at the same time on one channel.
struct Turns {
    all: Semaphore,
    /// Half of them, for what anybody can ask for, so that strangers never keep owners waiting.
    strangers: Semaphore,
}

impl Turns {
    fn new(concurrency: u32) -> Self {
        let count = usize::try_from(concurrency).unwrap_or(usize::MAX);
        let all = count.min(Semaphore::MAX_PERMITS);
        Self {
            all: Semaphore::new(all),
            strangers: Semaphore::new(all.div_ceil(2)),
        }
    }

    /// Waits for a turn. The semaphores are never closed.
    async fn take(
        &self,
        about: &About,
    ) -> (Option<SemaphorePermit<'_>>, Option<SemaphorePermit<'_>>) {
        let of_stranger = match about.is_open_to_strangers() {
            true => self.strangers.acquire().await.ok(),
            false => None,
        };
        (of_stranger, self.all.acquire().await.ok())
    }
}

fn transports(
    settings: &config::Tan,
    clock: &Clock,
    random: &Random,
) -> Result<BTreeMap<Channel, Transport>, Undeliverable> {
    let config::Tan {
        email, sms, post, ..
    } = settings;
    let mut transports = BTreeMap::new();
    let local = [
        (Channel::Email, &email.command, &email.spool),
        (Channel::Sms, &sms.command, &sms.spool),
        (Channel::Post, &post.command, &post.spool),
    ];
    for (channel, command, spool) in local {
        let transport = local_transport(channel, command.as_deref(), spool.as_deref(), clock)?;
        transports.extend(transport.map(|transport| (channel, transport)));
    }
    if post.format == LetterFormat::Pdf {
        print_letters(&mut transports, post.window, clock)?;
    }
    if let Some(relay) = relay(email, clock, random)?
        && transports.insert(Channel::Email, relay).is_some()
    {
        let reason = "cannot be set together with \"command\" or \"spool\"; keep one of them";
        return Err(wrong("tan.email.smtp_url", reason));
    }
    Ok(transports)
}

/// Has the program of letters get them as PDF.
fn print_letters(
    transports: &mut BTreeMap<Channel, Transport>,
    window: config::Window,
    clock: &Clock,
) -> Result<(), Undeliverable> {
    let key = "tan.post.format";
    let Some(Transport::Helper(helper)) = transports.remove(&Channel::Post) else {
        return Err(wrong(
            key,
            "\"pdf\" is of no use without \"tan.post.command\"",
        ));
    };
    let printer = Printer::new(window, clock.clone()).map_err(|reason| wrong(key, reason))?;
    let letters = Transport::Letters(helper, Arc::new(printer));
    transports.insert(Channel::Post, letters);
    Ok(())
}

fn local_transport(
    channel: Channel,
    command: Option<&[String]>,
    spool: Option<&Path>,
    clock: &Clock,
) -> Result<Option<Transport>, Undeliverable> {
    let (key, made) = match (command, spool) {
        (None, None) => return Ok(None),
        (Some(command), None) => ("command", Helper::new(command).map(Transport::Helper)),
        (None, Some(file)) => (
            "spool",
            Spool::new(file, clock.clone()).map(Transport::Spool),
        ),
        (Some(_), Some(_)) => {
            let reason = "cannot be set together with \"command\"; keep one of them";
            ("spool", Err(reason.to_owned()))
        }
    };
    made.map(Some)
        .map_err(|reason| wrong(format!("tan.{channel}.{key}"), reason))
}

fn relay(
    email: &config::EmailDelivery,
    clock: &Clock,
    random: &Random,
) -> Result<Option<Transport>, Undeliverable> {
    let Some(url) = &email.smtp_url else {
        let reason = "is of no use without \"tan.email.smtp_url\"";
        return match (&email.from, &email.smtp_authority) {
            (None, None) => Ok(None),
            (Some(_), _) => Err(wrong("tan.email.from", reason)),
            (None, Some(_)) => Err(wrong("tan.email.smtp_authority", reason)),
        };
    };
    Relay::new(url, email, clock.clone(), random.clone())
        .map(|relay| Some(Transport::Relay(Box::new(relay))))
        .map_err(|(key, reason)| wrong(format!("tan.email.{key}"), reason))
}
