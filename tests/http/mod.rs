//! What every request passes, through the whole service.

mod bodies;
mod documentation;
mod failures;
mod faults;
mod headers;
mod log;
mod management;
mod shutdown;
pub mod support;
