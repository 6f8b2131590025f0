//! The types that a document names with `x-rust-type`: values with rules that a schema alone cannot say.
//!
//! Each is made by one `parse` and is then known to be right.

mod amount;
pub mod base32;
mod hash;
mod html;
mod id;
mod image;
mod key;
mod otp;
mod page;
mod password;
mod query;
mod secret_text;
mod secret_token;
mod time;

pub use amount::Amount;
pub use hash::{HashCode, WireSalt};
pub use html::Page;
pub use id::InstanceId;
pub use image::ImageDataUrl;
pub use key::EddsaPublicKey;
pub use otp::{OtpAlgorithm, OtpKey};
pub use page::{PageLimit, PageOffset};
pub use password::Password;
pub use query::{TimestampParameter, YesNoAll};
pub use secret_text::SecretText;
pub use secret_token::SecretToken;
pub use time::{RelativeTime, Timestamp};

/// The largest integer that every JSON implementation reads exactly: 2^53 - 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Text that is not what it should be. The message never repeats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(&'static str);

impl Malformed {
    /// With the reason.
    #[must_use]
    pub const fn new(reason: &'static str) -> Self {
        Self(reason)
    }
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}

/// A scalar that travels as a JSON string: `FromStr` to read, `Display` to write.
macro_rules! string_scalar {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        kontor_openapi::parameter_type!($type, "string");
    };
}
use string_scalar;
