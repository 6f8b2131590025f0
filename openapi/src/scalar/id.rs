//! Names of instances.

use std::{fmt, str::FromStr};

use super::{Malformed, string_scalar};

/// The name of an instance in URLs and at login: a letter or digit, then at least one of letters, digits, `_`, `.`, `@`
/// and `-`, at most 255 characters in all. `default`, in any case, once meant the instance that is now `admin` and is
/// nobody's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InstanceId(String);

impl InstanceId {
    /// The operator's instance, the one at the root.
    pub const ADMIN: &'static str = "admin";

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the operator's instance.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.0 == Self::ADMIN
    }
}

impl FromStr for InstanceId {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut characters = text.bytes();
        let starts = characters
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric());
        let goes_on =
            characters.all(|byte| byte.is_ascii_alphanumeric() || b"_.@-".contains(&byte));
        if !starts || !goes_on || !(2..=255).contains(&text.len()) {
            return Err(Malformed::new(
                "is no instance id: 2 to 255 letters, digits and _ . @ -, beginning with a letter or digit",
            ));
        }
        if text.eq_ignore_ascii_case("default") {
            return Err(Malformed::new("may not be `default`, which is reserved"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

string_scalar!(InstanceId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["ab", "coffee-shop", "9x", "A.b_c@d", &"a".repeat(255)] {
            assert!(good.parse::<InstanceId>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "-a",
            "a b",
            "a/b",
            "é1",
            "default",
            "Default",
            "a\0",
            &"a".repeat(256),
        ] {
            assert!(bad.parse::<InstanceId>().is_err(), "{bad}");
        }
    }
}
