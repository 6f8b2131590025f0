//! Request bodies as generated routes take them.

use std::{borrow::Cow, marker::PhantomData};

use poem::{
    Request, RequestBody,
    http::{StatusCode, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef},
};
use serde_json::{Map, Value};

use crate::{
    ApiError, Described, ErrorCode,
    json::{self, Fault, Schema},
};

/// What can be made of a body.
pub trait FromBody: Sized + Send {
    /// Whether a request without a body is refused.
    const REQUIRED: bool;

    /// From the body's value; none where the request has no body.
    ///
    /// # Errors
    /// A value that does not fit the schema.
    fn from_body(value: Option<Value>) -> Result<Self, Fault>;
}

impl<T: Schema> FromBody for T {
    const REQUIRED: bool = true;

    fn from_body(value: Option<Value>) -> Result<Self, Fault> {
        json::from_value(value.ok_or_else(|| Fault::Syntax("the body is empty".to_owned()))?)
    }
}

impl<T: Schema> FromBody for Option<T> {
    const REQUIRED: bool = false;

    fn from_body(value: Option<Value>) -> Result<Self, Fault> {
        value.map(json::from_value).transpose()
    }
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Form,
}

impl Format {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }

    fn accepts(self, media_type: &str) -> bool {
        let essence = media_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let is_json =
            self == Self::Json && essence.starts_with("application/") && essence.ends_with("+json");
        is_json || essence == self.media_type()
    }

    /// The body's value. Nothing at all is a form without fields where there has to be a body, and no body elsewhere.
    fn parse(self, bytes: &[u8], required: bool) -> Result<Option<Value>, Fault> {
        match self {
            Self::Form if required => form(bytes).map(Some),
            _ if bytes.is_empty() => Ok(None),
            Self::Json => json::parse(bytes).map(Some),
            Self::Form => form(bytes).map(Some),
        }
    }
}

fn form(bytes: &[u8]) -> Result<Value, Fault> {
    let mut members = Map::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        let pointer = || format!("/{name}");
        if name.contains('\0') || value.contains('\0') {
            return Err(Fault::Malformed(
                pointer(),
                "contains a NUL character".to_owned(),
            ));
        }
        if matches!(value, Cow::Owned(_)) && value.contains('\u{fffd}') {
            return Err(Fault::Malformed(pointer(), "is not UTF-8".to_owned()));
        }
        if members
            .insert(name.to_string(), Value::String(value.into_owned()))
            .is_some()
        {
            return Err(Fault::Malformed(
                pointer(),
                "stands in the form twice".to_owned(),
            ));
        }
    }
    Ok(Value::Object(members))
}

async fn read<T: FromBody, O: Described>(
    request: &Request,
    body: &mut RequestBody,
    formats: &[Format],
) -> poem::Result<T> {
    // One that is no text is not the same as none.
    let media_type = request.headers().get(header::CONTENT_TYPE);
    let format = match media_type.map(|media_type| media_type.to_str().unwrap_or_default()) {
        None => formats.first(),
        Some(media_type) => formats.iter().find(|format| format.accepts(media_type)),
    };
    let bytes = body.take()?.into_bytes().await?;
    let Some(format) =
        format.or_else(|| formats.first().filter(|_| bytes.is_empty() && !T::REQUIRED))
    else {
        let expected: Vec<_> = formats.iter().map(|format| format.media_type()).collect();
        let error = ApiError::new(ErrorCode::GenericHttpHeadersMalformed)
            .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        return Err(error
            .with_detail(format!("Content-Type must be {}", expected.join(" or ")))
            .with_parameter("Content-Type")
            .into());
    };
    let value = format.parse(&bytes, T::REQUIRED).and_then(T::from_body);
    Ok(value.map_err(|fault| fault.into_error(O::operation()))?)
}

macro_rules! body {
    ($(#[$doc:meta])* $name:ident, $($format:ident),+) => {
        $(#[$doc])*
        pub struct $name<T, O>(pub T, PhantomData<O>);

        impl<'a, T: FromBody, O: Described> ApiExtractor<'a> for $name<T, O> {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

            type ParamType = ();
            type ParamRawType = ();

            fn request_meta() -> Option<MetaRequest> {
                let schema = || MetaSchemaRef::Inline(Box::new(MetaSchema::new("object")));
                let content = vec![$(MetaMediaType { content_type: Format::$format.media_type(), schema: schema() }),+];
                Some(MetaRequest { description: None, content, required: T::REQUIRED })
            }

            async fn from_request(request: &'a Request, body: &mut RequestBody, _options: ExtractParamOptions<()>) -> poem::Result<Self> {
                Ok(Self(read::<T, O>(request, body, &[$(Format::$format),+]).await?, PhantomData))
            }
        }
    };
}

body! {
    /// A JSON body. Without a `Content-Type` it counts as JSON, as older clients rely on.
    JsonBody, Json
}

body! {
    /// A form.
    FormBody, Form
}

body! {
    /// A JSON body or a form, told apart by `Content-Type`.
    JsonOrFormBody, Json, Form
}
