//! How far the payment providers know who is behind an account ("know your customer"), and what is left to do.
//!
//! [`check`] asks them in the background and stores what they say; [`report`] makes of that, and of what they say of
//! themselves (see [`crate::exchange`]), the entries that the API shows.

pub mod account;
pub mod answer;
pub mod check;
pub mod report;
pub mod standing;
mod token;
pub mod transfer;
