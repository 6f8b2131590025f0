//! Lines of text on pages of A4.

use krilla::Document;
use krilla::geom::Point;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::text::TextDirection;
use zeroize::Zeroizing;

use super::Unprintable;
use super::font::Typeface;

/// Size of A4, in millimetres.
const A4: (f32, f32) = (210.0, 297.0);
/// Where the text of a further page begins, and where that of every page ends, in millimetres.
const TOP: f32 = 25.0;
const BOTTOM: f32 = 272.0;
/// Where the number of a page stands, if there are several.
const NUMBER: (f32, f32) = (25.0, 284.0);
const NUMBER_SIZE: f32 = 9.0;

/// Millimetres as points.
pub(super) fn points(millimetres: f32) -> f32 {
    millimetres * 72.0 / 25.4
}

/// Points as millimetres.
pub(super) fn millimetres(points: f32) -> f32 {
    points * 25.4 / 72.0
}

/// A line where it stands.
pub(super) struct Line {
    /// Where it begins, and its base line, in millimetres from the left and upper edge.
    pub at: (f32, f32),
    /// In points.
    pub size: f32,
    /// What it says.
    pub text: Zeroizing<String>,
}

/// Pages that are being filled.
pub(super) struct Pages<'a> {
    typeface: &'a Typeface,
    language: String,
    pub pages: Vec<Vec<Line>>,
    /// Where the next line begins, in millimetres.
    height: f32,
}

impl<'a> Pages<'a> {
    /// One empty page, of a letter in this language.
    pub fn new(typeface: &'a Typeface, language: &str) -> Self {
        Self {
            typeface,
            language: language.to_owned(),
            pages: vec![Vec::new()],
            height: TOP,
        }
    }

    /// A line with this base line, wherever the others are.
    pub fn line(&mut self, left: f32, base: f32, size: f32, text: &str) {
        if let Some(page) = self.pages.last_mut() {
            page.push(Line {
                at: (left, base),
                size,
                text: Zeroizing::new(text.to_owned()),
            });
        }
    }

    /// Lets the next line begin here.
    pub fn go_to(&mut self, height: f32) {
        self.height = height;
    }

    /// The next line, of this height in points; on a new page where it has no room.
    pub fn next_line(&mut self, left: f32, size: f32, pitch: f32, text: &str) {
        let pitch = millimetres(pitch);
        if self.height + pitch > BOTTOM {
            self.pages.push(Vec::new());
            self.height = TOP;
        }
        self.height += pitch;
        if !text.is_empty() {
            // A quarter of the size is below the base line.
            let base = self.height - millimetres(size) / 4.0;
            self.line(left, base, size, text);
        }
    }

    /// The pages as a PDF. No time and no random number goes into it.
    pub fn finish(mut self) -> Result<Zeroizing<Vec<u8>>, Unprintable> {
        self.number();
        let mut document = Document::new();
        document.set_metadata(Metadata::new().language(self.language.clone()));
        let settings = PageSettings::from_wh(points(A4.0), points(A4.1));
        let settings = settings.ok_or(Unprintable::Defect)?;
        for lines in &self.pages {
            let mut page = document.start_page_with(settings.clone());
            let mut surface = page.surface();
            for line in lines {
                let at = Point::from_xy(points(line.at.0), points(line.at.1));
                let font = self.typeface.font.clone();
                surface.draw_text(
                    at,
                    font,
                    line.size,
                    &line.text,
                    false,
                    TextDirection::LeftToRight,
                );
            }
            surface.finish();
            page.finish();
        }
        let pdf = document.finish().map_err(|_| Unprintable::Defect)?;
        Ok(Zeroizing::new(pdf))
    }

    fn number(&mut self) {
        let count = self.pages.len();
        if count < 2 {
            return;
        }
        for (index, page) in self.pages.iter_mut().enumerate() {
            page.push(Line {
                at: NUMBER,
                size: NUMBER_SIZE,
                text: Zeroizing::new(format!("{}/{count}", index + 1)),
            });
        }
    }
}
