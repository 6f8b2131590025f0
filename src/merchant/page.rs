//! Which part of a list is asked for.

use kontor_openapi::scalar::{PageLimit, PageOffset};

use crate::db::Page;

/// The page that the parameters of a list mean: `limit` and `offset`, or their older names `delta` and `start`, which give
/// way. Without any of them, the 20 newest.
pub(super) fn page(
    limit: Option<PageLimit>,
    offset: Option<PageOffset>,
    delta: Option<PageLimit>,
    start: Option<PageOffset>,
) -> Page {
    Page {
        limit: limit.or(delta).unwrap_or_default().into(),
        offset: offset.or(start).map(i64::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_names_give_way_one_by_one() {
        let limit = |size: i64| PageLimit::try_from(size).ok();
        let offset = |number: i64| PageOffset::try_from(number).ok();
        for (asked, limit, offset) in [
            (page(None, None, None, None), -20, None),
            (page(limit(5), None, limit(-7), None), 5, None),
            (page(None, None, limit(-7), offset(3)), -7, Some(3)),
            (
                page(limit(1), offset(i64::MAX), None, offset(0)),
                1,
                Some(i64::MAX),
            ),
            (page(None, offset(0), limit(1024), offset(9)), 1024, Some(0)),
        ] {
            assert_eq!(asked, Page { limit, offset });
        }
    }
}
