//! Wire types.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{camel, doc, rust_type};
use crate::{
    document::Document,
    model::{Field, Kind, Schema, Type, Variant},
};

/// The types of all schemas, and the document's text, against which bodies are checked.
pub(crate) fn types(document: &Document, schemas: &[Schema]) -> TokenStream {
    let text = format!("/{}.json", document.stem());
    let types = schemas.iter().map(schema);
    let checks = schemas.iter().filter_map(check);
    quote! {
        /// The document with everything that it refers to, as JSON.
        pub static DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), #text));

        static SCHEMAS: ::std::sync::LazyLock<::kontor_openapi::json::Schemas> =
            ::std::sync::LazyLock::new(|| ::kontor_openapi::json::Schemas::of(DOCUMENT));

        #(#types)*

        /// Reads and writes again a value of each component schema, by name.
        pub static ROUND_TRIPS: &[(&str, ::kontor_openapi::json::RoundTrip)] = &[#(#checks),*];
    }
}

fn check(schema: &Schema) -> Option<TokenStream> {
    let name = schema.component.as_ref()?;
    let ty = type_name(schema);
    Some(quote!((#name, ::kontor_openapi::json::round_trip::<#ty>)))
}

fn type_name(schema: &Schema) -> TokenStream {
    match &schema.kind {
        Kind::Scalar(scalar) => quote!(::kontor_openapi::scalar::#scalar),
        _ => {
            let name = &schema.name;
            quote!(#name)
        }
    }
}

fn schema(schema: &Schema) -> TokenStream {
    let name = &schema.name;
    let docs = doc(&schema.description, &format!("`{name}` of the document."));
    let deprecated = deprecated(schema.deprecated);
    let item = match &schema.kind {
        Kind::Scalar(_) => return TokenStream::new(),
        Kind::Alias(ty) => {
            let (derive, ty) = (derive(&TokenStream::new()), rust_type(ty));
            quote!(#derive #[serde(transparent)] pub struct #name(pub #ty);)
        }
        Kind::Struct { fields, open } => structure(name, fields, *open),
        Kind::Enum(values) => string_enum(name, values),
        Kind::Union {
            variants,
            discriminator,
        } => union(name, variants, discriminator.as_deref()),
    };
    let validated = schema.component.as_ref().map(|component| {
        quote! {
            impl ::kontor_openapi::json::Schema for #name {
                fn validator() -> &'static ::kontor_openapi::json::Validator {
                    static VALIDATOR: ::std::sync::LazyLock<::kontor_openapi::json::Validator> =
                        ::std::sync::LazyLock::new(|| SCHEMAS.validator(#component));
                    &VALIDATOR
                }
            }
        }
    });
    quote!(#docs #deprecated #item #validated)
}

/// Deprecation is news for the clients that the document speaks to, not for the code that still serves them.
fn deprecated(is: bool) -> Option<TokenStream> {
    is.then(|| quote!(#[doc = ""] #[doc = " Deprecated in the protocol."]))
}

fn derive(more: &TokenStream) -> TokenStream {
    quote! {
        #[derive(Debug, Clone, PartialEq, #more ::kontor_openapi::export::serde::Serialize, ::kontor_openapi::export::serde::Deserialize)]
        #[serde(crate = "::kontor_openapi::export::serde")]
    }
}

fn structure(name: &Ident, fields: &[Field], open: bool) -> TokenStream {
    let derive = derive(&TokenStream::new());
    let fields = fields.iter().map(field);
    let others = open.then(|| {
        let ty = rust_type(&Type::Free);
        quote! {
            /// The members that the document does not name.
            #[serde(flatten)]
            pub others: #ty,
        }
    });
    quote!(#derive pub struct #name { #(#fields,)* #others })
}

fn field(field: &Field) -> TokenStream {
    let Field {
        wire,
        name,
        required,
        ty,
        description,
        deprecated: is_deprecated,
    } = field;
    let docs = doc(description, &format!("`{wire}` of the document."));
    let deprecated = deprecated(*is_deprecated);
    let ty = rust_type(ty);
    if *required {
        quote!(#docs #deprecated #[serde(rename = #wire)] pub #name: #ty)
    } else {
        quote! {
            #docs #deprecated
            #[serde(rename = #wire, default, skip_serializing_if = "Option::is_none")]
            pub #name: ::std::option::Option<#ty>
        }
    }
}

fn string_enum(name: &Ident, values: &[String]) -> TokenStream {
    let variants: Vec<_> = values.iter().map(|value| camel(value)).collect();
    let docs = values.iter().map(|value| format!("`{value}`"));
    let derive = derive(&quote!(Copy, Eq, Hash,));
    quote! {
        #derive
        pub enum #name { #(#[doc = #docs] #[serde(rename = #values)] #variants,)* }

        impl #name {
            /// Every value, in the order of the document.
            pub const ALL: &'static [Self] = &[#(Self::#variants),*];

            /// The value as it stands on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { #(Self::#variants => #values,)* }
            }
        }

        impl ::std::fmt::Display for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for #name {
            type Err = ::kontor_openapi::scalar::Malformed;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                match text {
                    #(#values => Ok(Self::#variants),)*
                    _ => Err(::kontor_openapi::scalar::Malformed::new(concat!("expected one of" #(, " ", #values)*))),
                }
            }
        }

        ::kontor_openapi::parameter_type!(#name, "string");
    }
}

fn union(name: &Ident, variants: &[Variant], discriminator: Option<&str>) -> TokenStream {
    let items = variants.iter().map(|variant| {
        let (name, ty) = (&variant.name, rust_type(&variant.ty));
        let docs = format!("{} as the value.", describe(&variant.ty));
        quote!(#[doc = #docs] #name(#ty))
    });
    let Some(property) = discriminator else {
        let derive = derive(&TokenStream::new());
        // What serde says otherwise, names the type.
        return quote!(#derive #[serde(untagged, expecting = "has none of the forms that are described")] pub enum #name { #(#items,)* });
    };
    let arms = variants.iter().map(|variant| {
        let (name, tags) = (&variant.name, &variant.tags);
        quote!(Some(#(#tags)|*) => ::kontor_openapi::json::variant(value).map(Self::#name))
    });
    quote! {
        #[derive(Debug, Clone, PartialEq, ::kontor_openapi::export::serde::Serialize)]
        #[serde(crate = "::kontor_openapi::export::serde", untagged)]
        pub enum #name { #(#items,)* }

        impl<'de> ::kontor_openapi::export::serde::Deserialize<'de> for #name {
            fn deserialize<D: ::kontor_openapi::export::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let value = <::kontor_openapi::export::serde_json::Value as ::kontor_openapi::export::serde::Deserialize>::deserialize(deserializer)?;
                match value.get(#property).and_then(|tag| tag.as_str()) {
                    #(#arms,)*
                    _ => Err(::kontor_openapi::export::serde::de::Error::custom(concat!("`", #property, "` has no known value"))),
                }
            }
        }
    }
}

fn describe(ty: &Type) -> String {
    match ty {
        Type::Text => "A string".to_owned(),
        Type::Boolean => "A boolean".to_owned(),
        Type::Integer | Type::Natural => "An integer".to_owned(),
        Type::Number => "A number".to_owned(),
        Type::Free | Type::Map(_) => "An object".to_owned(),
        Type::List(_) => "An array".to_owned(),
        Type::Named(reference) => format!("`{}`", format_ident!("{}", reference.name)),
    }
}
