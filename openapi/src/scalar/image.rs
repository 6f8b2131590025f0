//! Images as data URLs.

use std::{fmt, str::FromStr};

use data_encoding::BASE64;

use super::{Malformed, string_scalar};

/// An image as `data:image/TYPE;base64,DATA` with PNG, JPEG, WebP, GIF or SVG in it.
#[derive(Clone, PartialEq, Eq)]
pub struct ImageDataUrl(String);

impl ImageDataUrl {
    const TYPES: [&'static str; 5] = ["png", "jpeg", "webp", "gif", "svg+xml"];

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ImageDataUrl {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let rest = text
            .strip_prefix("data:image/")
            .ok_or(Malformed::new("expected data:image/TYPE;base64,DATA"))?;
        let (kind, data) = rest
            .split_once(";base64,")
            .ok_or(Malformed::new("expected data:image/TYPE;base64,DATA"))?;
        if !Self::TYPES.contains(&kind) {
            return Err(Malformed::new(
                "the image is neither png, jpeg, webp, gif nor svg+xml",
            ));
        }
        if data.is_empty() || BASE64.decode(data.as_bytes()).is_err() {
            return Err(Malformed::new("the image is not base64"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ImageDataUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ImageDataUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ImageDataUrl({} bytes)", self.0.len())
    }
}

string_scalar!(ImageDataUrl);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images() {
        assert!(
            "data:image/png;base64,iVBORw0KGgo="
                .parse::<ImageDataUrl>()
                .is_ok()
        );
        for bad in [
            "",
            "data:image/png,abc",
            "data:text/html;base64,PGI+",
            "data:image/png;base64,",
            "data:image/png;base64,a",
            "http://x/y.png",
        ] {
            assert!(bad.parse::<ImageDataUrl>().is_err(), "{bad}");
        }
    }
}
