//! The operations of the merchant, one file per tag.

mod authorization;
