//! Rust source from the model.
//!
//! Generated code names the runtime by its full path, so that it may be included anywhere in a crate that depends on it.

mod replies;
mod routes;
mod table;
mod types;

use heck::ToUpperCamelCase;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

pub(crate) use types::types;

use crate::{
    document::Document,
    model::{Operation, Reference, Schema, Scheme, Type},
};

/// Formatted source text.
///
/// # Panics
/// Where the generator wrote something that is no Rust: a defect of the generator itself.
pub(crate) fn source(tokens: TokenStream) -> String {
    let file = syn::parse2(tokens).expect("the generator writes Rust");
    prettyplease::unparse(&file)
}

/// Everything of one document.
pub(crate) fn service(
    document: &Document,
    schemas: &[Schema],
    schemes: &[Scheme],
    operations: &[Operation],
) -> TokenStream {
    let types = types::types(document, schemas);
    let replies = operations.iter().map(replies::reply);
    let table = table::table(operations);
    let routes = routes::routes(schemes, operations);
    quote! { #types #(#replies)* #table #routes }
}

fn rust_type(ty: &Type) -> TokenStream {
    match ty {
        Type::Text => quote!(::std::string::String),
        Type::Boolean => quote!(bool),
        Type::Integer => quote!(i64),
        Type::Natural => quote!(u64),
        Type::Number => quote!(f64),
        Type::Free => {
            quote!(::kontor_openapi::export::serde_json::Map<::std::string::String, ::kontor_openapi::export::serde_json::Value>)
        }
        Type::Map(inner) => {
            let inner = rust_type(inner);
            quote!(::std::collections::BTreeMap<::std::string::String, #inner>)
        }
        Type::List(inner) => {
            let inner = rust_type(inner);
            quote!(::std::vec::Vec<#inner>)
        }
        Type::Named(reference) => named_type(reference),
    }
}

fn named_type(reference: &Reference) -> TokenStream {
    let name = format_ident!("{}", reference.name);
    match &reference.module {
        _ if reference.scalar => quote!(::kontor_openapi::scalar::#name),
        None => quote!(#name),
        Some(module) => {
            let module = format_ident!("{module}");
            quote!(::kontor_openapi::#module::#name)
        }
    }
}

/// A doc comment that is never empty.
fn doc(text: &str, otherwise: &str) -> TokenStream {
    let text = if text.trim().is_empty() {
        otherwise
    } else {
        text.trim()
    };
    let lines = text.lines().map(|line| format!(" {line}"));
    quote!(#(#[doc = #lines])*)
}

fn camel(text: &str) -> Ident {
    let name = text.to_upper_camel_case();
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        format_ident!("V{name}")
    } else {
        format_ident!("{name}")
    }
}
