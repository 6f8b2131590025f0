//! Letters: a message as a PDF of A4 pages, to be printed, folded, and put into an envelope with a window.

mod font;
mod page;
mod script;

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use iso_currency::Country;
use zeroize::Zeroizing;

use self::font::Typeface;
use self::page::Pages;
use super::error::{DeliveryError, Failure};
use super::message::Message;
use super::template::Text;
use crate::clock::Clock;
use crate::config::Window;

pub use self::script::is_printable;

/// Sizes of the address's letters in points, from the one that is wanted to the smallest that is tried.
const ADDRESS_SIZES: [f32; 4] = [10.5, 9.5, 8.5, 7.5];
/// Height of a line, in the size of its letters.
const LEADING: f32 = 1.25;
/// Width of the address zone in millimetres: what windows of both sorts show.
const ADDRESS_WIDTH: f32 = 80.0;
/// Where the address begins and ends, in millimetres from the upper edge: where DIN 5008, form B, has its zone of 6 lines.
const ADDRESS_ZONE: (f32, f32) = (62.7, 90.0);
/// Where a longer address begins, which takes the zone of the notes above: still in the window.
const ADDRESS_ZONE_TOP: f32 = 51.0;
/// The left margin, which is also where the address begins for a window at the left.
const LEFT: f32 = 25.0;
/// Where the address begins for a window at the right, as in Switzerland.
const ADDRESS_RIGHT: f32 = 118.0;
/// The right margin, as a distance from the left edge.
const RIGHT: f32 = 190.0;
/// Where the sender stands, the line that says what the letter is about, and the text.
const SENDER: f32 = 22.0;
const ABOUT: f32 = 103.0;
const BODY: f32 = 114.0;
/// Sizes of letters in points.
const TEXT_SIZE: f32 = 11.0;
const CODE_SIZE: f32 = 26.0;
/// The last second that has a date of four digits for its year.
const LAST_SECOND: u64 = 253_402_300_799;

/// What a printed letter cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unprintable {
    /// A letter of another script than those of Europe, or one that the typeface does not have.
    Letter,
    /// An address that is larger than the window.
    AddressTooLarge,
    /// The typeface or the PDF cannot be made.
    Defect,
}

impl fmt::Display for Unprintable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Letter => "has letters that cannot be printed",
            Self::AddressTooLarge => "is larger than the window of the envelope",
            Self::Defect => "the PDF cannot be made",
        })
    }
}

/// Makes letters. The same message of the same day gives the same bytes.
pub(super) struct Printer {
    typeface: Typeface,
    window: Window,
    clock: Clock,
}

impl Printer {
    /// Reads the typeface.
    ///
    /// # Errors
    /// A sentence, which is a defect of this program.
    pub fn new(window: Window, clock: Clock) -> Result<Self, String> {
        let typeface = Typeface::load().ok_or("the typeface of letters cannot be read")?;
        Ok(Self {
            typeface,
            window,
            clock,
        })
    }

    /// Whether a text can be printed as it is.
    ///
    /// # Errors
    /// [`Unprintable::Letter`].
    pub fn check(&self, text: &str) -> Result<(), Unprintable> {
        let mut letters = text.chars().filter(|letter| *letter != '\n');
        match letters.all(|letter| self.typeface.has(letter)) && is_printable(text) {
            true => Ok(()),
            false => Err(Unprintable::Letter),
        }
    }

    /// The letter as a PDF.
    ///
    /// # Errors
    /// An address that no letter can go to, or a text that cannot be printed. Nothing was sent.
    pub fn print(&self, message: &Message, text: &Text) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let address = printed_address(message.address.as_str());
        self.check(&address)
            .and_then(|()| self.lay_out_address(&address))
            .map_err(|reason| {
                Failure::new(
                    DeliveryError::AddressUnusable,
                    format!("the address {reason}"),
                )
            })
            .and_then(|lines| {
                let pages = self.lay_out(message, text, &lines);
                pages.and_then(Pages::finish).map_err(|reason| {
                    let cause = format!("the text {reason}");
                    Failure::new(DeliveryError::Misconfigured, cause)
                })
            })
    }

    /// The lines of the address, in the largest letters that fit.
    fn lay_out_address(&self, address: &str) -> Result<(f32, Vec<String>), Unprintable> {
        let width = page::points(ADDRESS_WIDTH);
        let height = page::points(ADDRESS_ZONE.1 - ADDRESS_ZONE_TOP);
        let mut sizes = ADDRESS_SIZES.into_iter().map(|size| {
            let wrap = |line| self.typeface.wrap(line, size, width);
            (size, address.lines().flat_map(wrap).collect::<Vec<_>>())
        });
        sizes
            .find(|(size, lines)| lines.iter().map(|_| size * LEADING).sum::<f32>() <= height)
            .ok_or(Unprintable::AddressTooLarge)
    }

    fn lay_out(
        &self,
        message: &Message,
        text: &Text,
        (address_size, address): &(f32, Vec<String>),
    ) -> Result<Pages<'_>, Unprintable> {
        let service = &message.service;
        let about = message.about.reference().or(message.about.instance());
        let about = format!("{service}  ·  {}", about.unwrap_or_default());
        for printed in [&about, text.body.as_str()] {
            self.check(printed)?;
        }
        let day = self.today();
        let mut pages = Pages::new(&self.typeface, &text.language);
        pages.line(LEFT, SENDER, TEXT_SIZE, service);
        let left = match self.window {
            Window::Left => LEFT,
            Window::Right => ADDRESS_RIGHT,
        };
        let pitch = address_size * LEADING;
        let height = address
            .iter()
            .map(|_| page::millimetres(pitch))
            .sum::<f32>();
        pages.go_to(ADDRESS_ZONE.0.min(ADDRESS_ZONE.1 - height));
        for line in address {
            pages.next_line(left, *address_size, pitch, line);
        }
        pages.line(LEFT, ABOUT, TEXT_SIZE, &about);
        let width = self.typeface.width(&day, TEXT_SIZE);
        pages.line(RIGHT - page::millimetres(width), ABOUT, TEXT_SIZE, &day);
        pages.go_to(BODY);
        self.write_body(&mut pages, message, text);
        Ok(pages)
    }

    /// The date as everybody reads it, `2027-01-15`, in UTC.
    fn today(&self) -> String {
        let seconds = u64::try_from(self.clock.now().seconds()).unwrap_or_default();
        let now = UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND));
        let mut now = humantime::format_rfc3339_seconds(now).to_string();
        now.truncate("2027-01-15".len());
        now
    }

    /// The text as the template breaks it into lines, and the code where it has a line of its own; else the code first.
    fn write_body(&self, pages: &mut Pages<'_>, message: &Message, text: &Text) {
        let code = message.tan.printed();
        let (pitch, width) = (TEXT_SIZE * LEADING, page::points(RIGHT - LEFT));
        let is_code = |line: &str| line.trim() == code.as_str();
        if !text.body.lines().any(is_code) {
            pages.next_line(LEFT, CODE_SIZE, CODE_SIZE * LEADING, &code);
        }
        for line in text.body.lines() {
            if is_code(line) {
                pages.next_line(LEFT, CODE_SIZE, CODE_SIZE * LEADING, &code);
                continue;
            }
            for part in self.typeface.wrap(line.trim_end(), TEXT_SIZE, width) {
                pages.next_line(LEFT, TEXT_SIZE, pitch, &part);
            }
        }
    }
}

/// The address with the name of its country, as the post wants it: in capitals, in English, where there was a code.
fn printed_address(address: &str) -> String {
    let Some((lines, last)) = address.rsplit_once('\n') else {
        return address.to_owned();
    };
    let name = match last {
        "XK" => Some("Kosovo"),
        code if code.len() == 2 => code.parse().ok().map(|country: Country| country.name()),
        _ => None,
    };
    match name {
        Some(name) => format!("{lines}\n{}", name.to_uppercase()),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests;
