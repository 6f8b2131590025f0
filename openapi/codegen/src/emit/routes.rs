//! One trait per tag, and the routes that check what the document demands before they call it.

use heck::ToUpperCamelCase;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{camel, doc, replies, rust_type};
use crate::model::{Body, BodyKind, Location, Operation, Parameter, Scheme, Type};

pub(super) fn routes(schemes: &[Scheme], operations: &[Operation]) -> TokenStream {
    let mut tags: Vec<&str> = Vec::new();
    for operation in operations {
        if !tags.contains(&operation.tag.as_str()) {
            tags.push(&operation.tag);
        }
    }
    let security = security(schemes, operations);
    let apis = tags.iter().map(|tag| {
        let operations: Vec<_> = operations
            .iter()
            .filter(|operation| operation.tag == *tag)
            .collect();
        api(tag, &operations)
    });
    let variants: Vec<_> = tags.iter().map(|tag| camel(tag)).collect();
    let traits: Vec<_> = tags.iter().map(|tag| trait_name(tag)).collect();
    let routes = tags.iter().map(|tag| routes_name(tag));
    let clones = tags.iter().map(|tag| {
        let name = routes_name(tag);
        quote!(#name(::std::sync::Arc::clone(&api)))
    });
    quote! {
        #security

        #[derive(::kontor_openapi::export::poem_openapi::Tags)]
        enum Tag { #(#[oai(rename = #tags)] #variants,)* }

        #(#apis)*

        /// Every route of the document.
        pub type Routes<T> = (#(#routes<T>,)*);

        /// The routes of the document on an implementation of all its traits.
        pub fn routes<T: #(#traits)+*>(api: ::std::sync::Arc<T>) -> Routes<T> {
            (#(#clones,)*)
        }
    }
}

fn trait_name(tag: &str) -> Ident {
    format_ident!("{}Api", tag.to_upper_camel_case())
}

fn routes_name(tag: &str) -> Ident {
    format_ident!("{}Routes", tag.to_upper_camel_case())
}

/// The document's security schemes and permissions, as poem-openapi names them in the document that it derives.
fn security(schemes: &[Scheme], operations: &[Operation]) -> TokenStream {
    let schemes = schemes.iter().map(|scheme| {
        let (name, wire, http) = (camel(&scheme.name), &scheme.name, &scheme.http);
        quote! {
            struct #name;
            impl ::kontor_openapi::Scheme for #name {
                const NAME: &'static str = #wire;
                const HTTP: &'static str = #http;
            }
        }
    });
    let mut permissions: Vec<&str> = Vec::new();
    for permission in operations
        .iter()
        .flat_map(|operation| &operation.security)
        .filter_map(|requirement| requirement.permission.as_deref())
    {
        if !permissions.contains(&permission) {
            permissions.push(permission);
        }
    }
    let variants = permissions.iter().map(|permission| camel(permission));
    let permissions = (!permissions.is_empty()).then(|| {
        quote! {
            #[derive(::kontor_openapi::export::poem_openapi::OAuthScopes)]
            enum Permission { #(#[oai(rename = #permissions)] #variants,)* }
        }
    });
    quote!(#(#schemes)* #permissions)
}

fn api(tag: &str, operations: &[&Operation]) -> TokenStream {
    let (trait_name, routes_name) = (trait_name(tag), routes_name(tag));
    let trait_docs = format!("The operations of the tag {tag}.");
    let routes_docs = format!("The routes of the tag {tag}.");
    let methods = operations.iter().map(|operation| trait_method(operation));
    let routes = operations.iter().map(|operation| route(tag, operation));
    quote! {
        #[doc = #trait_docs]
        pub trait #trait_name: ::kontor_openapi::Gate { #(#methods)* }

        #[doc = #routes_docs]
        pub struct #routes_name<T>(::std::sync::Arc<T>);

        #[::kontor_openapi::export::poem_openapi::OpenApi]
        impl<T: #trait_name> #routes_name<T> { #(#routes)* }
    }
}

fn trait_method(operation: &Operation) -> TokenStream {
    let method = operation.method_name();
    let heading = format!(
        " `{} {}`: {}",
        operation.method.to_uppercase(),
        operation.path,
        operation.summary.trim()
    );
    let docs = doc(&operation.description, &operation.summary);
    let guest = if operation.public {
        quote!(visitor: Self::Visitor)
    } else {
        quote!(caller: Self::Caller)
    };
    let parameters = operation.parameters.iter().map(|parameter| {
        let (name, ty) = (
            &parameter.name,
            optional(parameter.required, rust_type(&parameter.ty)),
        );
        quote!(#name: #ty)
    });
    let body = operation.body.as_ref().map(|body| {
        let ty = optional(body.required, rust_type(&body.ty));
        quote!(, body: #ty)
    });
    let reply = replies::name(operation);
    quote! {
        #[doc = #heading]
        #[doc = ""]
        #docs
        fn #method(&self, #guest #(, #parameters)* #body)
            -> impl ::std::future::Future<Output = ::std::result::Result<#reply, Self::Error>> + Send;
    }
}

fn optional(required: bool, ty: TokenStream) -> TokenStream {
    if required {
        ty
    } else {
        quote!(::std::option::Option<#ty>)
    }
}

fn route(tag: &str, operation: &Operation) -> TokenStream {
    let Operation {
        id, method: verb, ..
    } = operation;
    let path = operation.path.replace('{', ":").replace('}', "");
    let (method, marker, reply, tag) = (
        operation.method_name(),
        operation.type_name(),
        replies::name(operation),
        format!("Tag::{}", camel(tag)),
    );
    let schemes = operation
        .security
        .iter()
        .enumerate()
        .map(|(index, requirement)| {
            let (name, scheme) = (format_ident!("_scheme{index}"), camel(&requirement.scheme));
            let scope = requirement.permission.as_ref().map(|permission| {
                let permission = format!("Permission::{}", camel(permission));
                quote!(#[oai(scope = #permission)])
            });
            quote!(#scope #name: ::kontor_openapi::Declared<#scheme>)
        });
    let guard = if operation.public {
        quote!(Admitted)
    } else {
        quote!(Authorized)
    };
    let arguments = operation.parameters.iter().map(parameter);
    let passed = operation.parameters.iter().map(pass);
    let body = operation.body.as_ref().map(|body| {
        let ty = body_extractor(body, &marker);
        quote!(body: #ty)
    });
    let body_passed = body.as_ref().map(|_| quote!(, body.0));
    let deprecated = operation.deprecated;
    quote! {
        #[oai(path = #path, method = #verb, operation_id = #id, tag = #tag, deprecated = #deprecated)]
        async fn #method(
            &self,
            #(#schemes,)*
            guest: ::kontor_openapi::#guard<T, operations::#marker>,
            #(#arguments,)*
            #body
        ) -> ::kontor_openapi::reply::Answer<#reply, operations::#marker> {
            ::kontor_openapi::reply::Answer::new(self.0.#method(guest.0 #(, #passed)* #body_passed).await)
        }
    }
}

fn parameter(parameter: &Parameter) -> TokenStream {
    let Parameter {
        wire,
        name,
        location,
        required,
        deprecated,
        ty,
    } = parameter;
    let extractor = match location {
        Location::Path => quote!(Path),
        Location::Query => quote!(Query),
        Location::Header => quote!(Header),
    };
    let ty = if *ty == Type::Text {
        quote!(::kontor_openapi::parameter::Text)
    } else {
        rust_type(ty)
    };
    let ty = optional(*required, ty);
    quote!(#[oai(name = #wire, deprecated = #deprecated)] #name: ::kontor_openapi::export::poem_openapi::param::#extractor<#ty>)
}

fn pass(parameter: &Parameter) -> TokenStream {
    let name = &parameter.name;
    match (&parameter.ty, parameter.required) {
        (Type::Text, true) => quote!(#name.0.0),
        (Type::Text, false) => quote!(#name.0.map(|text| text.0)),
        _ => quote!(#name.0),
    }
}

fn body_extractor(body: &Body, marker: &Ident) -> TokenStream {
    let ty = rust_type(&body.ty);
    let kind = match body.kind {
        BodyKind::Json => quote!(JsonBody),
        BodyKind::Form => quote!(FormBody),
        BodyKind::JsonOrForm => quote!(JsonOrFormBody),
    };
    let ty = optional(body.required, ty);
    quote!(::kontor_openapi::body::#kind<#ty, operations::#marker>)
}
