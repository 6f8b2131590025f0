//! What every request passes, through the whole service.

mod bodies;
mod documentation;
mod faults;
mod headers;
mod leaving;
mod log;
mod management;
mod outbound;
mod routes;
mod shutdown;
pub mod support;
mod targets;
