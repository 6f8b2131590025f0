//! Confirmation codes (TANs) and how they reach people: by e-mail, SMS or letter.
//!
//! A [`Message`] holds what one person is to be told. [`Delivery`] makes its text of a template and hands it to what the
//! configuration names for its [`Channel`]: a helper program, an SMTP server, or a file. Who may be sent a code, how often and
//! what for is decided by whoever calls; nothing of it is known here.

mod address;
mod channel;
mod code;
mod command;
mod delivery;
mod error;
mod hint;
mod letter;
mod message;
mod output;
mod shown;
mod smtp;
mod spool;
mod template;

pub use address::{Address, UnusableAddress};
pub use channel::{Channel, UnknownChannel};
pub use code::Tan;
pub(crate) use command::find as find_program;
pub use command::status;
pub use delivery::{Delivery, Undeliverable};
pub use error::DeliveryError;
pub use hint::hint;
pub use letter::is_printable;
pub use message::{About, Message, Purpose};
pub(crate) use output::{plain, printable};
pub use shown::{Sent, Show};
pub use smtp::greet;
