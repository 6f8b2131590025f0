//! Terms of service and privacy policy: files of the operator, one for each language and format.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use kontor_openapi::scalar::base32;
use poem::http::HeaderMap;
use sha2::{Digest, Sha512};

use crate::{config, http::negotiation};

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
    /// Reads the folders that the settings name.
    ///
    /// # Errors
    /// The file that cannot be used.
    pub fn load(settings: &config::Merchant) -> Result<Self, LegalError> {
        let load = |folder: &Option<PathBuf>, version: &Option<String>| {
            folder
                .as_ref()
                .map(|folder| LegalDocument::load(folder, version.clone()))
                .transpose()
        };
        Ok(Self {
            terms: load(&settings.terms, &settings.terms_version)?,
            privacy: load(&settings.privacy, &settings.privacy_version)?,
        })
    }
}

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
