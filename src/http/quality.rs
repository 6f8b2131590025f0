//! Lists with quality values, such as `gzip, deflate;q=0.5` (RFC 9110 §12.4.2).

use poem::http::{HeaderMap, HeaderName};

/// A quality of 1, in thousandths.
pub const FULL: u16 = 1000;

/// The members of a list header with their quality in thousandths, in the order sent.
///
/// A member whose quality is malformed counts as refused (0).
pub fn members<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = (&'a str, u16)> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(member)
        .filter(|(token, _)| !token.is_empty())
}

fn member(text: &str) -> (&str, u16) {
    let mut parts = text.split(';').map(str::trim);
    let token = parts.next().unwrap_or_default();
    let quality = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim_end()
            .eq_ignore_ascii_case("q")
            .then(|| thousandths(value.trim_start()))
    });
    (token, quality.unwrap_or(FULL))
}

/// `0`, `0.5`, `0.125`, `1`, `1.000`; everything else is 0.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    match whole {
        "1" => FULL,
        "0" => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderValue, header::ACCEPT_ENCODING};

    use super::*;

    #[test]
    fn qualities_are_read_as_written() {
        let mut headers = HeaderMap::new();
        headers.append(
            ACCEPT_ENCODING,
            HeaderValue::from_static("gzip;q=0.5, deflate ; Q=0.125,br;x=1;q=1.000"),
        );
        headers.append(
            ACCEPT_ENCODING,
            HeaderValue::from_static("*;q=0, , identity"),
        );
        let found: Vec<_> = members(&headers, &ACCEPT_ENCODING).collect();
        assert_eq!(
            found,
            [
                ("gzip", 500),
                ("deflate", 125),
                ("br", 1000),
                ("*", 0),
                ("identity", 1000)
            ]
        );
    }

    #[test]
    fn malformed_qualities_refuse() {
        for text in ["", "nan", "inf", "-1", "2", "0.1234", "0.x", "1e3", ".5"] {
            assert_eq!(thousandths(text), 0, "{text}");
        }
    }
}
