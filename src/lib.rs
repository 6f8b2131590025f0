//! Kontor.

pub mod db;
