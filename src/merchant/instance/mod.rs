//! What the operator's and the owner's operations on an instance have in common.

mod auth;
mod create;
mod remove;
mod settings;
mod shown;

use kontor_openapi::scalar::InstanceId;

pub use auth::{ChangedBy, NewAuth, change_auth};
pub use create::{By, CreateOutcome, Creation, create};
pub use remove::{Removal, check_removable, remove};
pub use settings::{InstanceSettings, rounding_interval};
pub use shown::{logo, public_key, relative_time, shown};

use crate::app::App;

/// Where clients see an instance.
#[must_use]
pub fn base_url(app: &App, id: &InstanceId) -> String {
    match id.is_admin() {
        true => app.public_url.to_string(),
        false => format!("{}instances/{id}/", app.public_url),
    }
}
