//! Parameters in path, query and header.

use std::str::FromStr;

use crate::scalar::Malformed;

/// A text parameter: any string without a NUL character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub String);

impl FromStr for Text {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text.contains('\0') {
            Err(Malformed::new("contains a NUL character"))
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

parameter_type!(Text, "string");

/// Lets a type that can be read from text stand as a parameter.
#[macro_export]
macro_rules! parameter_type {
    ($type:ty, $schema:literal) => {
        impl $crate::export::poem_openapi::types::Type for $type {
            const IS_REQUIRED: bool = true;

            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> ::std::borrow::Cow<'static, str> {
                ::std::borrow::Cow::Borrowed(stringify!($type))
            }

            fn schema_ref() -> $crate::export::poem_openapi::registry::MetaSchemaRef {
                let schema = $crate::export::poem_openapi::registry::MetaSchema::new($schema);
                $crate::export::poem_openapi::registry::MetaSchemaRef::Inline(
                    ::std::boxed::Box::new(schema),
                )
            }

            fn as_raw_value(&self) -> ::std::option::Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(
                &'a self,
            ) -> ::std::boxed::Box<dyn ::std::iter::Iterator<Item = &'a Self> + 'a> {
                ::std::boxed::Box::new(::std::iter::once(self))
            }
        }

        impl $crate::export::poem_openapi::types::ParseFromParameter for $type {
            fn parse_from_parameter(
                value: &str,
            ) -> $crate::export::poem_openapi::types::ParseResult<Self> {
                value
                    .parse::<Self>()
                    .map_err($crate::export::poem_openapi::types::ParseError::custom)
            }
        }
    };
}
use parameter_type;
