//! The typeface of letters: DejaVu Sans Condensed, which may be embedded and passed on freely.

use krilla::text::Font;
use ttf_parser::Face;

/// The typeface, to be drawn with and to be measured.
pub(super) struct Typeface {
    pub font: Font,
    face: Face<'static>,
}

impl Typeface {
    /// Reads the typeface that this program carries.
    pub fn load() -> Option<Self> {
        let data = dejavu::sans_condensed::regular();
        Some(Self {
            font: Font::new(data.into(), 0)?,
            face: Face::parse(data, 0).ok()?,
        })
    }

    /// Whether it has the letter.
    pub fn has(&self, letter: char) -> bool {
        self.face.glyph_index(letter).is_some()
    }

    /// Width of a line of text in points. Letters that move together are drawn a little narrower.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        let advance = |letter| {
            let glyph = self.face.glyph_index(letter)?;
            self.face.glyph_hor_advance(glyph)
        };
        let units: f32 = text.chars().filter_map(advance).map(f32::from).sum();
        units * size / f32::from(self.face.units_per_em())
    }

    /// The line as it is, or several of at most this width: broken at blanks, and within a word where it alone is wider. What the
    /// line begins with, indentation included, stays.
    pub fn wrap(&self, line: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in line.split_inclusive(' ') {
            let fits = |begun: &str, more: &str| {
                self.width(begun, size) + self.width(more.trim_end(), size) <= width
            };
            if lines
                .last()
                .is_some_and(|begun| !fits(begun, word) && !begun.trim().is_empty())
            {
                lines.push(String::new());
            }
            for letter in word.chars() {
                let mut buffer = [0; 4];
                if lines.last().is_some_and(|begun| {
                    !begun.is_empty() && !fits(begun, letter.encode_utf8(&mut buffer))
                }) {
                    lines.push(String::new());
                }
                if let Some(begun) = lines.last_mut() {
                    begun.push(letter);
                }
            }
        }
        for line in &mut lines {
            line.truncate(line.trim_end().len());
        }
        lines
    }
}
