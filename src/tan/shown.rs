//! Messages that are shown instead of being sent: what the sandbox does.

use std::sync::Arc;

use serde::Serialize;

use super::message::Message;
use super::template::Text;

/// A message as it would have been sent, code and all. Only who may know every code is given one.
#[derive(Clone, Copy, Serialize)]
pub struct Sent<'a> {
    /// `email`, `sms` or `post`.
    pub channel: &'a str,
    /// The whole address.
    pub address: &'a str,
    /// The code as it is printed.
    pub tan: &'a str,
    /// What the code is for.
    pub purpose: &'a str,
    /// The shop that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<&'a str>,
    /// What the page shows too that asks for the code, if it is about an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<&'a str>,
    /// The text.
    pub message: &'a str,
}

/// What is done with a message that is shown. It is called on a thread that others need too and must be quick.
pub type Show = Arc<dyn Fn(&Sent<'_>) + Send + Sync>;

pub(super) fn send(show: &Show, message: &Message, text: &Text) {
    show(&Sent {
        channel: message.channel.as_str(),
        address: message.address.as_str(),
        tan: &message.tan.printed(),
        purpose: message.about.purpose(),
        instance: message.about.instance(),
        reference: message.about.reference(),
        message: &text.body,
    });
}
