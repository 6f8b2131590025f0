//! What can be done with one bank account.

mod add;
mod change;
mod facade;
mod shown;

pub use add::{WantedAccount, add, refuse_if_it_differs};
pub use change::{change, deactivate};
pub use facade::FacadeSettings;
pub use shown::{detail, entry, text};
