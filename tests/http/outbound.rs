//! The client by which other servers are called.

mod answers;
mod hostile;
mod names;
mod support;
mod tls;
