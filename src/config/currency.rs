//! How a currency is shown: known currencies, and what the configuration changes about one.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest currency code, in letters.
const MAX_CODE_LENGTH: usize = 11;
/// Most fractional digits of an amount.
const MAX_FRACTIONAL_DIGITS: u8 = 8;

/// How clients show one currency; what is not set comes from the built-in table.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CurrencyOverride {
    /// Name of the currency in plain language.
    #[schemars(example = &"Euro")]
    pub name: Option<String>,
    /// Fractional digits that a user may type, 0 to 8.
    #[schemars(example = 2)]
    pub num_fractional_input_digits: Option<u8>,
    /// Fractional digits drawn at normal size, 0 to 8; further ones are drawn smaller.
    #[schemars(example = 2)]
    pub num_fractional_normal_digits: Option<u8>,
    /// Fractional digits that are always drawn, filled with zeros, 0 to 8.
    #[schemars(example = 2)]
    pub num_fractional_trailing_zero_digits: Option<u8>,
    /// Symbol for each power of ten of the unit; that of "0" is the symbol of the unit itself.
    #[schemars(extend("examples" = [{"0": "€"}]))]
    pub alt_unit_names: Option<BTreeMap<String, String>>,
    /// Amounts that clients offer as presets, such as "EUR:5".
    #[schemars(extend("examples" = [["EUR:5", "EUR:10"]]))]
    pub common_amounts: Option<Vec<String>>,
}

/// How clients show one currency, complete. The meaning of each field is that of [`CurrencyOverride`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currency {
    /// Name in plain language.
    pub name: String,
    /// Fractional digits that a user may type.
    pub num_fractional_input_digits: u8,
    /// Fractional digits drawn at normal size.
    pub num_fractional_normal_digits: u8,
    /// Fractional digits that are always drawn.
    pub num_fractional_trailing_zero_digits: u8,
    /// Symbol for each power of ten; "0" is always there.
    pub alt_unit_names: BTreeMap<String, String>,
    /// Preset amounts, each `CODE:VALUE`.
    pub common_amounts: Vec<String>,
}

impl Currency {
    /// What is known of a currency without configuration: the Taler demonstration currencies, ISO 4217, and for any other
    /// code the code itself as its name with two digits.
    #[must_use]
    pub fn built_in(code: &str) -> Self {
        let iso = iso_currency::Currency::from_code(code);
        let (name, symbol) = match (code, &iso) {
            ("KUDOS", _) => ("Kudos (Taler demonstrator)".to_owned(), "ク".to_owned()),
            ("TESTKUDOS", _) => (
                "Test kudos (Taler demonstrator)".to_owned(),
                "テ".to_owned(),
            ),
            // The symbol "Fr." of ISO tables is that of several currencies; Swiss prices are written with the code.
            ("CHF", Some(iso)) => (iso.name().to_owned(), "CHF".to_owned()),
            (_, Some(iso)) => (iso.name().to_owned(), iso.symbol().symbol),
            (_, None) => (code.to_owned(), code.to_owned()),
        };
        let digits = iso
            .and_then(iso_currency::Currency::exponent)
            .and_then(|digits| u8::try_from(digits).ok())
            .unwrap_or(2);
        Self {
            name,
            num_fractional_input_digits: digits,
            num_fractional_normal_digits: digits,
            num_fractional_trailing_zero_digits: digits,
            alt_unit_names: BTreeMap::from([("0".to_owned(), symbol)]),
            common_amounts: Vec::new(),
        }
    }

    /// The same currency with what the configuration sets.
    #[must_use]
    pub fn with(mut self, set: &CurrencyOverride) -> Self {
        fn take<T: Clone>(field: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                field.clone_from(value);
            }
        }
        take(&mut self.name, set.name.as_ref());
        take(
            &mut self.num_fractional_input_digits,
            set.num_fractional_input_digits.as_ref(),
        );
        take(
            &mut self.num_fractional_normal_digits,
            set.num_fractional_normal_digits.as_ref(),
        );
        take(
            &mut self.num_fractional_trailing_zero_digits,
            set.num_fractional_trailing_zero_digits.as_ref(),
        );
        take(&mut self.alt_unit_names, set.alt_unit_names.as_ref());
        take(&mut self.common_amounts, set.common_amounts.as_ref());
        self
    }
}

impl From<Currency> for CurrencyOverride {
    /// The override that says everything.
    fn from(currency: Currency) -> Self {
        Self {
            name: Some(currency.name),
            num_fractional_input_digits: Some(currency.num_fractional_input_digits),
            num_fractional_normal_digits: Some(currency.num_fractional_normal_digits),
            num_fractional_trailing_zero_digits: Some(currency.num_fractional_trailing_zero_digits),
            alt_unit_names: Some(currency.alt_unit_names),
            common_amounts: Some(currency.common_amounts),
        }
    }
}

/// Says what is wrong with a currency code: it has 1 to 11 upper-case letters.
pub(super) fn check_code(code: &str) -> Result<(), String> {
    let right = (1..=MAX_CODE_LENGTH).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if right {
        Ok(())
    } else {
        Err(format!(
            "{code:?} is not a currency code: 1 to {MAX_CODE_LENGTH} upper-case letters"
        ))
    }
}

/// Says which key of an override is wrong, and why.
pub(super) fn check_override(code: &str, set: &CurrencyOverride) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    let digits = [
        (
            "num_fractional_input_digits",
            set.num_fractional_input_digits,
        ),
        (
            "num_fractional_normal_digits",
            set.num_fractional_normal_digits,
        ),
        (
            "num_fractional_trailing_zero_digits",
            set.num_fractional_trailing_zero_digits,
        ),
    ];
    for (key, value) in digits {
        if value.is_some_and(|value| value > MAX_FRACTIONAL_DIGITS) {
            wrong.push((key, format!("must be at most {MAX_FRACTIONAL_DIGITS}")));
        }
    }
    if let Some(names) = &set.alt_unit_names {
        if !names.contains_key("0") {
            wrong.push((
                "alt_unit_names",
                "needs the key \"0\", the symbol of the unit itself".to_owned(),
            ));
        }
        if let Some(power) = names.keys().find(|power| power.parse::<i8>().is_err()) {
            wrong.push((
                "alt_unit_names",
                format!(
                    "has the key {power:?}; each key is a power of ten such as \"3\" or \"-2\""
                ),
            ));
        }
    }
    if let Some(amount) = set
        .common_amounts
        .iter()
        .flatten()
        .find(|amount| !is_amount(code, amount))
    {
        wrong.push((
            "common_amounts",
            format!("has {amount:?}; write amounts of this currency such as \"{code}:5\""),
        ));
    }
    wrong
}

/// Whether the text is an amount of this currency: `CODE:DIGITS`, with at most eight fractional digits.
fn is_amount(code: &str, text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some(value) = text
        .strip_prefix(code)
        .and_then(|rest| rest.strip_prefix(':'))
    else {
        return false;
    };
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    digits(whole)
        && whole.len() <= 16
        && digits(fraction)
        && fraction.len() <= usize::from(MAX_FRACTIONAL_DIGITS)
}
