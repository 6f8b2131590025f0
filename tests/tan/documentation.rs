//! The helper that the documentation shows.
