//! The code itself.

use std::fmt;

use zeroize::Zeroizing;

use crate::random::Random;

/// How many codes there are.
const COUNT: u32 = 100_000_000;

/// A confirmation code: eight decimal digits. It is overwritten when it is dropped, and no way of printing shows it
/// by accident.
#[derive(Clone)]
pub struct Tan(Zeroizing<String>);

impl Tan {
    /// Number of digits.
    pub const DIGITS: usize = 8;

    /// A new code, each of the hundred million equally likely.
    ///
    /// # Panics
    /// As [`Random::fill`].
    #[must_use]
    pub fn generate(random: &Random) -> Self {
        // Numbers beyond the last full hundred million would make the lower codes likelier.
        const LIMIT: u32 = u32::MAX / COUNT * COUNT;
        loop {
            let number = u32::from_le_bytes(random.bytes());
            if number < LIMIT {
                return Self(Zeroizing::new(format!("{:08}", number % COUNT)));
            }
        }
    }

    /// Reads what somebody typed: `12345678` or `1234-5678`, with blanks around it; nothing else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = match text.split_once('-') {
            Some((first, second)) if first.len() == 4 && second.len() == 4 => {
                Zeroizing::new([first, second].concat())
            }
            Some(_) => return None,
            None => Zeroizing::new(text.to_owned()),
        };
        let is_code =
            digits.len() == Self::DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then_some(Self(digits))
    }

    /// As people read it: `1234-5678`.
    #[must_use]
    pub fn printed(&self) -> Zeroizing<String> {
        let (first, second) = self.0.split_at(Self::DIGITS / 2);
        Zeroizing::new([first, "-", second].concat())
    }

    /// The digits alone: what is hashed and compared.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Tan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tan(***)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_two_forms_are_read() {
        for text in ["12345678", "1234-5678", " 1234-5678\n", "\t12345678 "] {
            assert_eq!(Tan::read(text).unwrap().digits(), "12345678", "{text}");
        }
        for text in [
            "",
            "-",
            "1234567",
            "123456789",
            "1234 5678",
            "1234--5678",
            "123-45678",
            "1234-567",
            "-12345678",
            "1234-5678-",
            "+1234567",
            "1234567a",
            "١٢٣٤٥٦٧٨",
            "12345678.",
            "1234–5678",
        ] {
            assert!(Tan::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn nothing_is_shown_by_accident() {
        assert_eq!(format!("{:?}", Tan::read("12345678")), "Some(Tan(***))");
    }

    #[test]
    fn every_digit_is_equally_likely() {
        let random = Random::seeded(7);
        let mut counts = [[0_u32; 10]; Tan::DIGITS];
        for _ in 0..20_000 {
            for (place, digit) in Tan::generate(&random).digits().bytes().enumerate() {
                counts[place][usize::from(digit - b'0')] += 1;
            }
        }
        // 2000 are expected, with a standard deviation of 42.
        assert!(
            counts
                .iter()
                .flatten()
                .all(|count| (1750..2250).contains(count)),
            "{counts:?}"
        );
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(seed: u64) {
            let tan = Tan::generate(&Random::seeded(seed));
            prop_assert_eq!(tan.digits().len(), Tan::DIGITS);
            for text in [tan.printed().as_str(), tan.digits()] {
                let read = Tan::read(text).unwrap();
                prop_assert_eq!(read.digits(), tan.digits());
            }
        }

        #[test]
        fn whatever_is_read_is_eight_digits(text in "[-0-9 ]{0,12}|.{0,12}") {
            if let Some(tan) = Tan::read(&text) {
                let typed: String = text.chars().filter(char::is_ascii_digit).collect();
                prop_assert_eq!(tan.digits(), typed);
            }
        }
    }
}
