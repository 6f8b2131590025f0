//! The second factor: who must confirm a request with codes, and the challenges that do.
//!
//! [`protect`] is the one call that turns an operation into a protected one: it lets the operation act, with a [`Permit`] to be redeemed in its write,
//! or returns challenges. [`send_code`] and [`confirm`] are what clients then do with these. The protocol is that of the merchant; the rules of who is
//! asked are in [`Rules`], all state is in rows.

mod challenge_id;
mod confirmation;
mod limits;
mod permit;
mod protect;
pub mod replay;
mod request;
mod requirement;
mod reservation;
mod sealed_body;
mod transmission;

use entity::challenge::Channel;
use kontor_openapi::merchant::TanChannel;

use crate::{app::App, db::instance::SecondFactors, tan};

pub use challenge_id::{ChallengeId, PresentedIds};
pub use confirmation::{Confirmation, confirm};
pub use limits::clear_after_reset;
pub use permit::Permit;
pub use protect::{Asked, Protected, protect};
pub use request::ProtectedRequest;
pub use requirement::{Requirement, Rule, Rules, Target};
pub use transmission::{SentCode, send_code};

/// The channels over which codes can be sent to instances.
#[must_use]
pub fn configured_channels(app: &App) -> Vec<Channel> {
    let channels = SecondFactors::CHANNELS.into_iter();
    channels
        .filter(|channel| app.tan.is_configured(tan_channel(*channel)))
        .collect()
}

/// A channel as the document names it.
#[must_use]
pub const fn wire_channel(channel: Channel) -> TanChannel {
    match channel {
        Channel::Email => TanChannel::Email,
        Channel::Sms => TanChannel::Sms,
    }
}

/// A channel of instances as the delivery of codes knows it.
#[must_use]
pub const fn tan_channel(channel: Channel) -> tan::Channel {
    match channel {
        Channel::Email => tan::Channel::Email,
        Channel::Sms => tan::Channel::Sms,
    }
}
