//! Which representation of a text a client gets: media type, language, or none because it has it already.

use headers_accept::Accept;
use mediatype::{MediaType, MediaTypeBuf, WriteParams, names};
use poem::{
    http::{
        HeaderMap, HeaderValue,
        header::{self, ACCEPT_LANGUAGE},
    },
    web::headers::{ETag, HeaderMapExt, IfNoneMatch},
};

use super::quality;

/// The offered media type that `Accept` prefers (RFC 9110 §12.5.1); of equal ones the first offered.
///
/// Without the header, or with one that cannot be read, the first. `None` where the client takes none of them.
#[must_use]
pub fn media_type<'a>(headers: &HeaderMap, offered: &[&'a str]) -> Option<&'a str> {
    let accept = headers
        .typed_get::<Accept>()
        .filter(|accept| accept.media_types().next().is_some());
    let Some(accept) = accept else {
        return offered.first().copied();
    };
    // The charset is ours to choose: it takes no part in the choice, on neither side.
    let accept: Accept = accept.media_types().map(without_charset).collect();
    let essence = |text: &'a str| {
        MediaType::parse(text)
            .ok()
            .map(|parsed| MediaType::from_parts(parsed.ty, parsed.subty, parsed.suffix, &[]))
    };
    let parsed: Vec<(MediaType<'a>, &'a str)> = offered
        .iter()
        .filter_map(|text| Some((essence(text)?, *text)))
        .collect();
    let chosen = accept.negotiate(parsed.iter().map(|(media_type, _)| media_type))?;
    parsed
        .iter()
        .find(|(media_type, _)| media_type == chosen)
        .map(|(_, text)| *text)
}

fn without_charset(range: &MediaTypeBuf) -> MediaTypeBuf {
    let mut range = range.to_ref();
    range.remove_params(names::CHARSET);
    range.into()
}

/// The offered language that `Accept-Language` prefers, by lookup (RFC 4647 §3.4): `de-CH` finds `de`, and `de` finds `de-AT`.
///
/// A text in a foreign language is better than none: without a match it is the first that was not refused, else the
/// first. `None` only where nothing is offered.
#[must_use]
pub fn language<'a>(headers: &HeaderMap, offered: &[&'a str]) -> Option<&'a str> {
    let mut wanted: Vec<(&str, u16)> = quality::members(headers, &ACCEPT_LANGUAGE).collect();
    // Stable: of equal qualities the first written wins.
    wanted.sort_by_key(|(_, quality)| std::cmp::Reverse(*quality));
    let refused = |tag: &str| {
        wanted
            .iter()
            .any(|(range, quality)| *quality == 0 && range.eq_ignore_ascii_case(tag))
    };
    let allowed = || offered.iter().copied().filter(|tag| !refused(tag));
    wanted
        .iter()
        .filter(|(range, quality)| *quality > 0 && *range != "*")
        .find_map(|(range, _)| look_up(range, allowed))
        .or_else(|| allowed().next())
        .or_else(|| offered.first().copied())
}

fn look_up<'a, I: Iterator<Item = &'a str>>(
    range: &str,
    allowed: impl Fn() -> I,
) -> Option<&'a str> {
    if let Some(narrower) = allowed().find(|tag| covers(range, tag)) {
        return Some(
            allowed()
                .find(|tag| tag.eq_ignore_ascii_case(range))
                .unwrap_or(narrower),
        );
    }
    let mut prefix = range;
    while let Some((shorter, _)) = prefix.rsplit_once('-') {
        prefix = shorter;
        if let Some(tag) = allowed().find(|tag| tag.eq_ignore_ascii_case(prefix)) {
            return Some(tag);
        }
    }
    None
}

/// Whether a tag is the range or a narrower form of it.
fn covers(range: &str, tag: &str) -> bool {
    tag.get(..range.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(range))
        && matches!(tag.as_bytes().get(range.len()), None | Some(b'-'))
}

fn has_quoted_blank(value: &[u8]) -> bool {
    let between = value.split(|byte| *byte == b'"').skip(1).step_by(2);
    between.flatten().any(u8::is_ascii_whitespace)
}

/// Whether `If-None-Match` names this entity tag (quoted, `W/` or not), or is `*`: the answer is then a 304 without a
/// body. Tags are compared weakly (RFC 9110 §13.1.2).
#[must_use]
pub fn not_modified(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).into_iter();
    let values: Vec<_> = values.map(HeaderValue::as_bytes).collect();
    // No tag has a blank in it, and the parser takes that for granted. It reads several headers as one list.
    if values.is_empty() || has_quoted_blank(&values.join(&b", "[..])) {
        return false;
    }
    let (Some(condition), Ok(etag)) = (headers.typed_get::<IfNoneMatch>(), etag.parse::<ETag>())
    else {
        return false;
    };
    !condition.precondition_passes(&etag)
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderName;

    use super::*;

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn the_preferred_media_type_is_chosen() {
        let offered = ["text/html; charset=utf-8", "text/plain", "application/pdf"];
        for (accept, expected) in [
            ("text/plain", Some("text/plain")),
            ("text/plain;q=0.5, text/html", Some(offered[0])),
            ("text/html;q=0.5, text/plain", Some("text/plain")),
            ("text/*", Some(offered[0])),
            ("text/*, text/html;q=0", Some("text/plain")),
            ("*/*", Some(offered[0])),
            ("*/*;q=0.1, application/pdf", Some("application/pdf")),
            ("image/png", None),
            (
                "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8",
                Some(offered[0]),
            ),
            ("", Some(offered[0])),
            ("nonsense", Some(offered[0])),
        ] {
            assert_eq!(
                media_type(&with(header::ACCEPT, accept), &offered),
                expected,
                "{accept}"
            );
        }
        assert_eq!(media_type(&HeaderMap::new(), &offered), Some(offered[0]));
        assert_eq!(media_type(&HeaderMap::new(), &[]), None);
    }

    #[test]
    fn the_preferred_language_is_chosen() {
        let offered = ["en", "de-AT", "de", "zh-Hant"];
        for (accept, expected) in [
            ("de", "de"),
            ("DE-at", "de-AT"),
            ("de-CH", "de"),
            ("de-AT-1996", "de-AT"),
            ("zh", "zh-Hant"),
            ("zh-Hans-CN, en;q=0.1", "en"),
            ("fr, en;q=0.2, de;q=0.7", "de"),
            ("fr", "en"),
            ("fr, *;q=0.5", "en"),
            ("en;q=0", "de-AT"),
            ("en;q=0, de;q=0, de-AT;q=0, zh-Hant;q=0", "en"),
            ("de;q=nan, en", "en"),
            ("", "en"),
        ] {
            assert_eq!(
                language(&with(ACCEPT_LANGUAGE, accept), &offered),
                Some(expected),
                "{accept}"
            );
        }
        assert_eq!(language(&HeaderMap::new(), &offered), Some("en"));
        assert_eq!(language(&HeaderMap::new(), &[]), None);
    }

    #[test]
    fn known_tags_are_recognised() {
        for (condition, etag, expected) in [
            ("\"a\"", "\"a\"", true),
            ("W/\"a\"", "\"a\"", true),
            ("\"a\"", "W/\"a\"", true),
            ("\"b\", W/\"a\"", "\"a\"", true),
            ("\"b\", \"c,a\"", "\"a\"", false),
            ("*", "\"a\"", true),
            ("\"b\"", "\"a\"", false),
            ("\"b\",\t\"a\"", "\"a\"", true),
            ("\"a b\", \"a\"", "\"a\"", false),
            ("\"\t\"", "\"a\"", false),
            ("\"a\", \" ", "\"a\"", false),
            ("a", "\"a\"", false),
            ("", "\"a\"", false),
        ] {
            assert_eq!(
                not_modified(&with(header::IF_NONE_MATCH, condition), etag),
                expected,
                "{condition} {etag}"
            );
        }
        assert!(!not_modified(&HeaderMap::new(), "\"a\""));
        for (values, expected) in [
            (["\"b\"", "\"a\""], true),
            (["\"b\"", "\"c\""], false),
            (["\"", "\"a\""], false),
        ] {
            let values =
                values.map(|value| (header::IF_NONE_MATCH, HeaderValue::from_static(value)));
            let headers = values.into_iter().collect();
            assert_eq!(not_modified(&headers, "\"a\""), expected, "{headers:?}");
        }
    }
}
