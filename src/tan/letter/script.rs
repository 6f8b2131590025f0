//! Which scripts letters are printed in.

use unicode_script::{Script, UnicodeScript as _};

/// Whether every letter is of a script that printed letters have: Latin, Greek, Cyrillic, Armenian or Georgian. Others are written
/// in another direction, or change their letters by their neighbours; a letter with wrong ones would be none.
#[must_use]
pub fn is_printable(text: &str) -> bool {
    text.chars().all(|letter| {
        matches!(
            letter.script(),
            Script::Latin
                | Script::Greek
                | Script::Cyrillic
                | Script::Armenian
                | Script::Georgian
                | Script::Common
                | Script::Inherited
        )
    })
}
