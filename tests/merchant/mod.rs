//! The operations of the merchant, one file per tag.

mod authorization;
mod bodies;
mod instances;
mod login_limit;
mod own_instance;
