//! What `deploy/` has for operators, tried out: behind nginx, under systemd's eyes, as in a container.

mod container;
mod credentials;
mod curl;
mod journey;
mod kernel;
pub mod nginx;
mod proxy;
mod supervisor;
mod units;
