//! The registry of Taler error codes, `error-codes.tsv`, as a Rust enum.

use std::{collections::BTreeMap, path::Path};

use heck::ToUpperCamelCase;
use quote::{format_ident, quote};

use crate::{
    document::{Error, Node},
    emit::source,
};

/// One row of the registry.
#[derive(Debug, Clone)]
struct Row {
    number: u16,
    status: u16,
    hint: String,
}

/// The registry: what each name stands for.
#[derive(Debug, Clone, Default)]
pub struct ErrorCodes {
    rows: BTreeMap<String, Row>,
}

impl ErrorCodes {
    /// Reads a registry from tab-separated text with the columns name, number, status and hint.
    ///
    /// # Errors
    /// A row that lacks a column or repeats a name, with its line.
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let mut rows = BTreeMap::new();
        for (index, line) in text.lines().enumerate().skip(1) {
            let place = format!("line {}", index + 1);
            let fields: Vec<&str> = line.split('\t').collect();
            let [name, number, status, hint] = fields[..] else {
                return Err(Error::new(
                    file,
                    place,
                    "expected name, number, status and hint",
                ));
            };
            let parse = |text: &str| {
                text.parse()
                    .map_err(|_| Error::new(file, &place, format!("`{text}` is no number")))
            };
            let row = Row {
                number: parse(number)?,
                status: parse(status)?,
                hint: hint.to_owned(),
            };
            if rows.insert(name.to_owned(), row).is_some() {
                return Err(Error::new(
                    file,
                    place,
                    format!("`{name}` stands here twice"),
                ));
            }
        }
        Ok(Self { rows })
    }

    /// The number that a name stands for.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u16> {
        self.rows.get(name).map(|row| row.number)
    }

    /// The same, for a name that stands at this place of a document.
    pub(crate) fn known(&self, node: &Node<'_>, name: &str) -> Result<u16, Error> {
        self.number(name)
            .ok_or_else(|| node.error(format!("`{name}` is not in the registry of error codes")))
    }

    /// The Rust source of the enum `ErrorCode`.
    #[must_use]
    pub fn generate(&self) -> String {
        let idents: Vec<_> = self.rows.keys().map(|name| variant(name)).collect();
        let names: Vec<_> = self.rows.keys().collect();
        let numbers: Vec<_> = self.rows.values().map(|row| row.number).collect();
        let statuses: Vec<_> = self.rows.values().map(|row| row.status).collect();
        let hints: Vec<_> = self.rows.values().map(|row| &row.hint).collect();
        source(quote! {
            /// The Taler error codes that Kontor can answer with, from the registry.
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
            #[non_exhaustive]
            pub enum ErrorCode {
                #(#[doc = #hints] #idents,)*
            }

            impl ErrorCode {
                /// Every code of the registry.
                pub const ALL: &'static [Self] = &[#(Self::#idents),*];

                /// The number that travels in `code`.
                #[must_use]
                pub const fn number(self) -> u16 {
                    match self { #(Self::#idents => #numbers,)* }
                }

                /// The name in the registry, without its common prefix.
                #[must_use]
                pub const fn name(self) -> &'static str {
                    match self { #(Self::#idents => #names,)* }
                }

                /// The HTTP status that goes with the code where an operation names no other.
                #[must_use]
                pub const fn status(self) -> u16 {
                    match self { #(Self::#idents => #statuses,)* }
                }

                /// What the code means, for a person.
                #[must_use]
                pub const fn hint(self) -> &'static str {
                    match self { #(Self::#idents => #hints,)* }
                }
            }
        })
    }
}

/// Reads the registry from its file.
///
/// # Errors
/// A file that cannot be read, or a row that cannot be understood.
pub fn error_codes(path: &Path) -> Result<ErrorCodes, Error> {
    let file = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|error| Error::new(&file, "", error.to_string()))?;
    ErrorCodes::parse(&file, &text)
}

/// The Rust name of a code: `GENERIC_JSON_INVALID` is `GenericJsonInvalid`.
pub(crate) fn variant(name: &str) -> proc_macro2::Ident {
    format_ident!("{}", name.to_upper_camel_case())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_becomes_a_variant() {
        let codes = ErrorCodes::parse(
            "codes",
            "name\tnumber\tstatus\thint\nGENERIC_JSON_INVALID\t22\t400\tNot JSON.\n",
        )
        .unwrap();
        assert_eq!(codes.number("GENERIC_JSON_INVALID"), Some(22));
        assert!(codes.generate().contains("GenericJsonInvalid"));
    }

    #[test]
    fn a_broken_row_names_its_line() {
        let error =
            ErrorCodes::parse("codes", "name\tnumber\tstatus\thint\nA\t22\t400\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "codes: line 2: expected name, number, status and hint"
        );
    }
}
