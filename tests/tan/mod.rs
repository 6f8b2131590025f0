//! The delivery of confirmation codes, by real programs, to real servers, into real files.

mod command;
pub mod documentation;
mod letters;
mod settings;
mod smtp;
mod spool;
mod turns;

use std::time::Duration;

use kontor::{
    clock::{Clock, UnixMicros},
    config,
    random::Random,
    tan::{About, Address, Channel, Delivery, Message, Purpose, Tan},
};

/// The code of every message, as it is printed.
const CODE: &str = "1234-5678";
/// The time of every message, in seconds since 1970.
const SENT_AT: i64 = 1_800_000_000;

/// A message in English to an address.
fn message(channel: Channel, address: &str) -> Message {
    Message {
        channel,
        address: Address::parse(channel, address).expect("an address"),
        tan: Tan::read(CODE).expect("a code"),
        about: shop(Purpose::LogIn),
        service: "pay.example.com".to_owned(),
        valid_for: Duration::from_secs(300),
        languages: None,
    }
}

/// What a message is about that the sample shop needs.
fn shop(purpose: Purpose) -> About {
    About::Shop {
        purpose,
        instance: "coffee-shop".to_owned(),
    }
}

/// A delivery of these settings.
fn delivery(settings: &config::Tan) -> Delivery {
    start(settings).expect("settings that can be used")
}

fn start(settings: &config::Tan) -> Result<Delivery, kontor::tan::Undeliverable> {
    let (clock, _) = Clock::mock(UnixMicros::from_seconds(SENT_AT));
    Delivery::start(settings, &clock, &Random::seeded(7))
}
