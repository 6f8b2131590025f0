//! Reply enums: exactly the answers of an operation that are no plain errors, with typed bodies and headers.

use heck::ToUpperCamelCase;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{doc, rust_type};
use crate::model::{Content, Header, MediaKind, Operation, Success};

pub(super) fn name(operation: &Operation) -> Ident {
    format_ident!("{}Reply", operation.type_name())
}

pub(super) fn reply(operation: &Operation) -> TokenStream {
    let name = name(operation);
    let docs = format!("What `{}` answers.", operation.id);
    let variants = operation
        .successes
        .iter()
        .map(|success| variant(operation, success));
    let responses = operation
        .successes
        .iter()
        .map(|success| response(operation, success));
    let metas = operation.successes.iter().map(meta);
    let contents = operation
        .successes
        .iter()
        .filter(|success| success.content.len() > 1);
    let contents = contents.map(|success| content_enum(operation, success));
    quote! {
        #[doc = #docs]
        #[derive(Debug, Clone, PartialEq)]
        pub enum #name { #(#variants,)* }

        impl ::kontor_openapi::export::poem::IntoResponse for #name {
            fn into_response(self) -> ::kontor_openapi::export::poem::Response {
                match self { #(#responses)* }
            }
        }

        impl ::kontor_openapi::export::poem_openapi::ApiResponse for #name {
            fn meta() -> ::kontor_openapi::export::poem_openapi::registry::MetaResponses {
                ::kontor_openapi::export::poem_openapi::registry::MetaResponses { responses: ::std::vec![#(#metas),*] }
            }

            fn register(_registry: &mut ::kontor_openapi::export::poem_openapi::registry::Registry) {}
        }

        #(#contents)*
    }
}

fn status_name(status: u16) -> Ident {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    reason.map_or_else(
        || format_ident!("Status{status}"),
        |reason| match status {
            200 => format_ident!("Ok"),
            _ => format_ident!("{}", reason.to_upper_camel_case()),
        },
    )
}

fn content_name(operation: &Operation, success: &Success) -> Ident {
    format_ident!(
        "{}{}Content",
        operation.type_name(),
        status_name(success.status)
    )
}

fn body_type(operation: &Operation, success: &Success) -> Option<TokenStream> {
    match &success.content[..] {
        [] => None,
        [content] => Some(media_type(content)),
        _ => {
            let name = content_name(operation, success);
            Some(quote!(#name))
        }
    }
}

fn media_type(content: &Content) -> TokenStream {
    match &content.kind {
        MediaKind::Json(ty) => rust_type(ty),
        MediaKind::Text => quote!(::std::string::String),
        MediaKind::Binary => quote!(::std::vec::Vec<u8>),
        MediaKind::Page => quote!(::kontor_openapi::scalar::Page),
    }
}

fn variant(operation: &Operation, success: &Success) -> TokenStream {
    let name = status_name(success.status);
    let docs = doc(&success.description, &success.status.to_string());
    let body = body_type(operation, success);
    if success.headers.is_empty() {
        let body = body.map(|body| quote!((#body)));
        return quote!(#docs #name #body);
    }
    let body = body.map(|body| quote!(#[doc = " The body."] body: #body,));
    let headers = success.headers.iter().map(|header| {
        let name = &header.name;
        let docs = doc(
            &header.description,
            &format!("The header `{}`.", header.wire),
        );
        quote!(#docs #name: ::std::option::Option<::std::string::String>)
    });
    quote!(#docs #name { #body #(#headers,)* })
}

fn response(operation: &Operation, success: &Success) -> TokenStream {
    let name = status_name(success.status);
    let names: Vec<_> = success.headers.iter().map(|header| &header.name).collect();
    let has_body = !success.content.is_empty();
    let pattern = match (has_body, names.is_empty()) {
        (false, true) => quote!(Self::#name),
        (true, true) => quote!(Self::#name(body)),
        (false, false) => quote!(Self::#name { #(#names),* }),
        (true, false) => quote!(Self::#name { body, #(#names),* }),
    };
    let status = success.status;
    let answer = match &success.content[..] {
        [] => quote!(::kontor_openapi::reply::empty(#status)),
        [content] => write(content, status),
        contents => {
            let enumeration = content_name(operation, success);
            let arms = contents.iter().map(|content| {
                let (variant, answer) = (media_name(content), write(content, status));
                quote!(#enumeration::#variant(body) => #answer,)
            });
            quote!(match body { #(#arms)* })
        }
    };
    let wires = success.headers.iter().map(|header: &Header| &header.wire);
    quote!(#pattern => ::kontor_openapi::reply::with_headers(#answer, [#((#wires, #names)),*]),)
}

fn write(content: &Content, status: u16) -> TokenStream {
    let media = &content.media;
    match &content.kind {
        MediaKind::Json(_) => quote!(::kontor_openapi::reply::json(#status, &body)),
        MediaKind::Text => {
            quote!(::kontor_openapi::reply::bytes(#status, concat!(#media, "; charset=utf-8"), body.into_bytes()))
        }
        MediaKind::Binary => quote!(::kontor_openapi::reply::bytes(#status, #media, body)),
        MediaKind::Page => quote!(::kontor_openapi::reply::page(#status, body)),
    }
}

fn media_name(content: &Content) -> Ident {
    let subtype = content.media.split('/').nth(1).unwrap_or(&content.media);
    format_ident!("{}", subtype.to_upper_camel_case())
}

fn content_enum(operation: &Operation, success: &Success) -> TokenStream {
    let name = content_name(operation, success);
    let docs = format!(
        "The body of `{}` with status {}, in one of its media types.",
        operation.id, success.status
    );
    let variants = success.content.iter().map(|content| {
        let (name, ty) = (media_name(content), media_type(content));
        let docs = format!("`{}`", content.media);
        quote!(#[doc = #docs] #name(#ty))
    });
    quote! {
        #[doc = #docs]
        #[derive(Debug, Clone, PartialEq)]
        pub enum #name { #(#variants,)* }
    }
}

fn meta(success: &Success) -> TokenStream {
    let Success {
        status,
        description,
        ..
    } = success;
    let media = success.content.iter().map(|content| &content.media);
    let headers = success.headers.iter().map(|header| &header.wire);
    quote!(::kontor_openapi::reply::meta(#status, #description, &[#(#media),*], &[#(#headers),*]))
}
