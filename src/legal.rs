//! Terms of service and privacy policy: files of the operator, one for each language and format.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use kontor_openapi::scalar::base32;
use poem::http::HeaderMap;
use sha2::{Digest, Sha512};

use crate::http::negotiation;

/// Both documents, where the operator has them.
#[derive(Debug, Default)]
pub struct LegalDocuments {
    /// Terms of service.
    pub terms: Option<LegalDocument>,
    /// Privacy policy.
    pub privacy: Option<LegalDocument>,
}

/// One document in its languages and formats.
#[derive(Debug)]
pub struct LegalDocument {
    /// The legal version: people must accept again when it changes.
    pub version: Option<String>,
    texts: Vec<Text>,
}

/// The document in one language and format.
#[derive(Debug)]
pub struct Text {
    /// BCP 47 tag.
    pub language: String,
    /// Its format.
    pub format: Format,
    /// The file's content.
    pub content: Vec<u8>,
    /// The first 32 bytes of the content's SHA-512, in Crockford base32 and quotes.
    pub etag: String,
}

/// The formats of legal documents, by the ending of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.txt`
    Plain,
    /// `.html`
    Html,
    /// `.md`
    Markdown,
    /// `.pdf`
    Pdf,
}

impl Format {
    const ALL: [Self; 4] = [Self::Plain, Self::Html, Self::Markdown, Self::Pdf];

    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain",
            Self::Html => "text/html",
            Self::Markdown => "text/markdown",
            Self::Pdf => "application/pdf",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Plain => "txt",
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Pdf => "pdf",
        }
    }
}

/// Why legal documents cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LegalError {
    /// A file or folder cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file that is none of the formats.
    #[error("{}: legal documents are named LANGUAGE.txt, .html, .md or .pdf, such as en.md", .0.display())]
    Name(PathBuf),
    /// A text that is not UTF-8.
    #[error("{}: the text is not UTF-8", .0.display())]
    Encoding(PathBuf),
    /// A folder without documents.
    #[error("{}: there is no document in this folder", .0.display())]
    Empty(PathBuf),
}

impl LegalDocuments {
    /// Reads the folders of both, each with the legal version of its document.
    ///
    /// # Errors
    /// The file that cannot be used.
    pub fn load(
        terms: (Option<&Path>, Option<String>),
        privacy: (Option<&Path>, Option<String>),
    ) -> Result<Self, LegalError> {
        let load = |(folder, version): (Option<&Path>, Option<String>)| {
            folder
                .map(|folder| LegalDocument::load(folder, version))
                .transpose()
        };
        Ok(Self {
            terms: load(terms)?,
            privacy: load(privacy)?,
        })
    }
}

/// A text that was chosen for a client.
pub struct Chosen<'d> {
    /// The text.
    pub text: &'d Text,
    /// What goes with it.
    pub headers: LegalHeaders,
    /// Whether the client has it already.
    pub not_modified: bool,
}

/// The headers of a legal document, as the documents of the interfaces name them.
pub struct LegalHeaders {
    /// The version of the text.
    pub etag: Option<String>,
    /// The legal version.
    pub taler_terms_version: Option<String>,
    /// In which languages there are texts.
    pub avail_languages: Option<String>,
    /// What the choice depends on.
    pub vary: Option<String>,
}

/// What the choice of a text depends on.
const VARY: &str = "Accept, Accept-Language";

/// The reply of an operation with a chosen text: the replies of all such operations differ in nothing but their names.
macro_rules! legal_reply {
    ($reply:ident, $content:ident, $chosen:expr) => {{
        let $crate::legal::Chosen {
            text,
            headers,
            not_modified,
        } = $chosen;
        let $crate::legal::LegalHeaders {
            etag,
            taler_terms_version,
            avail_languages,
            vary,
        } = headers;
        let text_content = || String::from_utf8_lossy(&text.content).into_owned();
        if not_modified {
            $reply::NotModified { etag, vary }
        } else {
            let body = match text.format {
                $crate::legal::Format::Plain => $content::Plain(text_content()),
                $crate::legal::Format::Html => $content::Html(text_content()),
                $crate::legal::Format::Markdown => $content::Markdown(text_content()),
                $crate::legal::Format::Pdf => $content::Pdf(text.content.clone()),
            };
            $reply::Ok {
                body,
                etag,
                taler_terms_version,
                avail_languages,
                vary,
            }
        }
    }};
}
pub(crate) use legal_reply;

impl LegalDocument {
    /// Reads the files `LANGUAGE.ENDING` of a folder. Hidden files are left alone.
    ///
    /// # Errors
    /// The file that cannot be used.
    pub fn load(folder: &Path, version: Option<String>) -> Result<Self, LegalError> {
        let failed = |source| LegalError::Read {
            path: folder.to_owned(),
            source,
        };
        let mut texts = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if !path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'))
            {
                texts.push(Text::read(path)?);
            }
        }
        if texts.is_empty() {
            return Err(LegalError::Empty(folder.to_owned()));
        }
        texts.sort_by(|one, other| one.language.cmp(&other.language));
        Ok(Self { version, texts })
    }

    /// The media types that it comes in, the simplest first.
    #[must_use]
    pub fn media_types(&self) -> Vec<&'static str> {
        let has = |format: &Format| self.texts.iter().any(|text| text.format == *format);
        Format::ALL
            .iter()
            .filter(|format| has(format))
            .map(|format| format.media_type())
            .collect()
    }

    /// The languages of a media type; English first, where there is English.
    #[must_use]
    pub fn languages(&self, media_type: &str) -> Vec<&str> {
        let texts = self
            .texts
            .iter()
            .filter(|text| text.format.media_type() == media_type);
        let mut languages: Vec<&str> = texts.map(|text| text.language.as_str()).collect();
        languages.sort_by_key(|language| *language != "en");
        languages
    }

    /// Whether the client has one of its texts, in whatever language or format, according to `If-None-Match`.
    #[must_use]
    pub fn is_known(&self, headers: &HeaderMap) -> bool {
        self.texts
            .iter()
            .any(|text| negotiation::not_modified(headers, &text.etag))
    }

    /// The text that the client prefers, first by media type, then by language. `None` where it takes none of the media types.
    #[must_use]
    pub fn choose(&self, headers: &HeaderMap) -> Option<Chosen<'_>> {
        let media_type = negotiation::media_type(headers, &self.media_types())?;
        let languages = self.languages(media_type);
        let text = self.text(media_type, negotiation::language(headers, &languages)?)?;
        Some(Chosen {
            text,
            headers: LegalHeaders {
                etag: Some(text.etag.clone()),
                taler_terms_version: self.version.clone(),
                avail_languages: Some(languages.join(", ")),
                vary: Some(VARY.to_owned()),
            },
            not_modified: self.is_known(headers),
        })
    }

    /// The text in a media type and language.
    #[must_use]
    pub fn text(&self, media_type: &str, language: &str) -> Option<&Text> {
        self.texts
            .iter()
            .find(|text| text.format.media_type() == media_type && text.language == language)
    }
}

impl Text {
    fn read(path: PathBuf) -> Result<Self, LegalError> {
        let named = |path: &Path| -> Option<(String, Format)> {
            let ending = path.extension()?.to_str()?;
            let format = Format::ALL
                .into_iter()
                .find(|format| format.ending() == ending)?;
            let language = path.file_stem()?.to_str()?;
            let is_tag = language.split('-').all(|part| {
                (1..=8).contains(&part.len())
                    && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
            is_tag.then(|| (language.to_owned(), format))
        };
        let Some((language, format)) = named(&path) else {
            return Err(LegalError::Name(path));
        };
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(source) => return Err(LegalError::Read { path, source }),
        };
        if format != Format::Pdf && str::from_utf8(&content).is_err() {
            return Err(LegalError::Encoding(path));
        }
        let etag = format!("\"{}\"", base32::encode(&Sha512::digest(&content)[..32]));
        Ok(Self {
            language,
            format,
            content,
            etag,
        })
    }
}
