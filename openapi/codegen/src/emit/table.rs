//! The table of operations: what is known of each without calling it.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::doc;
use crate::{error_codes::variant, model::Operation};

pub(super) fn table(operations: &[Operation]) -> TokenStream {
    let rows = operations.iter().map(row);
    let indices = 0..operations.len();
    let names: Vec<_> = operations.iter().map(Operation::type_name).collect();
    let docs = operations
        .iter()
        .map(|operation| doc(&operation.summary, &operation.id));
    quote! {
        /// Every operation, in the order of the document.
        pub static OPERATIONS: &[::kontor_openapi::Operation] = &[#(#rows),*];

        /// The operations as types.
        pub mod operations {
            #(
                #docs
                #[derive(Debug, Clone, Copy)]
                pub struct #names;

                impl ::kontor_openapi::Described for #names {
                    fn operation() -> &'static ::kontor_openapi::Operation {
                        &super::OPERATIONS[#indices]
                    }
                }
            )*
        }
    }
}

fn row(operation: &Operation) -> TokenStream {
    let Operation {
        id,
        path,
        tag,
        root_only,
        usable_before_validation,
        public,
        ..
    } = operation;
    let method = operation.method.to_uppercase();
    let security = operation.security.iter().map(|requirement| {
        let scheme = &requirement.scheme;
        let permission = option(
            requirement
                .permission
                .as_ref()
                .map(|permission| quote!(#permission)),
        );
        quote!(::kontor_openapi::Requirement { scheme: #scheme, permission: #permission })
    });
    let successes = operation.successes.iter().map(|success| success.status);
    let failures = operation.failures.iter().map(|failure| {
        let status = failure.status;
        let description = &failure.description;
        let codes = failure.codes.iter().map(|code| variant(code));
        let (headers, media_types) = (&failure.headers, &failure.media);
        quote! {
            ::kontor_openapi::Failure {
                status: #status,
                description: #description,
                codes: &[#(::kontor_openapi::ErrorCode::#codes),*],
                headers: &[#(#headers),*],
                media_types: &[#(#media_types),*],
            }
        }
    });
    let pointers = operation.malformed.iter().map(|(pointer, _)| pointer);
    let codes = operation
        .malformed
        .iter()
        .map(|(_, code)| format_ident!("{}", variant(code)));
    quote! {
        ::kontor_openapi::Operation {
            id: #id,
            method: #method,
            path: #path,
            tag: #tag,
            root_only: #root_only,
            usable_before_validation: #usable_before_validation,
            security: &[#(#security),*],
            public: #public,
            successes: &[#(#successes),*],
            failures: &[#(#failures),*],
            malformed: &[#((#pointers, ::kontor_openapi::ErrorCode::#codes)),*],
        }
    }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(|| quote!(None), |value| quote!(Some(#value)))
}
