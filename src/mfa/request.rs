//! A request that a second factor may have to confirm, and what its challenges are bound to.

use std::collections::BTreeMap;

use entity::challenge_group::Budget;
use kontor_openapi::Described;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::challenge_id::PresentedIds;
use crate::{audit::Origin, error::Error, tan::Purpose};

/// What is to be confirmed. Its challenges are good for this operation, instance, parameters and body alone.
pub struct ProtectedRequest {
    pub(super) operation: &'static str,
    pub(super) purpose: Purpose,
    pub(super) budget: Budget,
    /// The instance whose second factor is asked.
    pub(super) instance_id: String,
    /// The instance that it is about.
    pub(super) subject: String,
    pub(super) origin: Origin,
    pub(super) presented: PresentedIds,
    parameters: BTreeMap<&'static str, Value>,
    body: Option<Value>,
}

impl ProtectedRequest {
    /// A request for an operation, by somebody who is asked for the second factor of this instance.
    #[must_use]
    pub fn to<O: Described>(
        purpose: Purpose,
        instance_id: &str,
        origin: Origin,
        presented: PresentedIds,
    ) -> Self {
        Self {
            operation: O::operation().id,
            purpose,
            budget: match purpose {
                Purpose::LogIn => Budget::Login,
                Purpose::ResetPassword => Budget::Reset,
                Purpose::SignUp => Budget::SignUp,
                Purpose::ChangeCredentials
                | Purpose::DeleteInstance
                | Purpose::AddAccount
                | Purpose::ConfirmContact
                | Purpose::ChangeFactor => Budget::Bearer,
            },
            instance_id: instance_id.to_owned(),
            subject: instance_id.to_owned(),
            origin,
            presented,
            parameters: BTreeMap::new(),
            body: None,
        }
    }

    /// It is about another instance than the one whose factor is asked.
    #[must_use]
    pub fn about(mut self, subject: &str) -> Self {
        self.subject = subject.to_owned();
        self
    }

    /// Where it comes from, as limits see it.
    pub(super) fn network(&self) -> String {
        self.origin.network().to_string()
    }

    /// A parameter of its path or query.
    ///
    /// # Errors
    /// [`Error::Internal`] for a value that is no JSON.
    pub fn parameter(mut self, name: &'static str, value: &impl Serialize) -> Result<Self, Error> {
        self.parameters.insert(name, json(value)?);
        Ok(self)
    }

    /// Its body, as it was understood.
    ///
    /// # Errors
    /// [`Error::Internal`] for a value that is no JSON.
    pub fn body(mut self, body: &impl Serialize) -> Result<Self, Error> {
        self.body = Some(json(body)?);
        Ok(self)
    }

    /// The same request, confirmed as a login to this instance.
    #[must_use]
    pub fn as_login(&self, instance_id: &str) -> Self {
        Self {
            operation: self.operation,
            purpose: Purpose::LogIn,
            budget: Budget::Login,
            instance_id: instance_id.to_owned(),
            subject: instance_id.to_owned(),
            origin: self.origin.clone(),
            presented: self.presented.clone(),
            parameters: self.parameters.clone(),
            body: self.body.clone(),
        }
    }

    /// What is hashed to know the request again: canonical JSON, so that a client that writes the same body in another way passes.
    pub(super) fn binding(&self) -> Zeroizing<Vec<u8>> {
        let parts = serde_json::json!({
            "operation": self.operation,
            "instance": self.instance_id,
            "subject": self.subject,
            "parameters": self.parameters,
            "body": self.body,
        });
        Zeroizing::new(canonical(&parts).into_bytes())
    }

    /// The body to be taken again when the request is repeated without one.
    pub(super) fn canonical_body(&self) -> Option<Zeroizing<String>> {
        self.body
            .as_ref()
            .map(|body| Zeroizing::new(canonical(body)))
    }
}

fn json(value: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::Internal(error.to_string()))
}

/// JSON without blanks, members sorted by name, those that are `null` left out.
fn canonical(value: &Value) -> String {
    sorted(value).to_string()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), sorted(value)))
                .collect();
            members.into_iter().collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_value_has_one_text() {
        let one = json!({"b": [{"y": 1, "x": null}, "é"], "a": {"d": 2, "c": 1}, "z": null});
        assert_eq!(canonical(&one), r#"{"a":{"c":1,"d":2},"b":[{"y":1},"é"]}"#);
    }
}
