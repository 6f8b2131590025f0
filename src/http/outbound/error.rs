//! Why a call came to nothing.

use std::{io, net::IpAddr, time::Duration};

use super::NotPublic;

/// Why a call came to nothing. The texts name the host, and never path, query, headers or body.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// A stranger's URL leads to an address that is not public and that the operator does not allow. Nothing was sent.
    #[error("{host} must not be called: its address is not public but {rule}")]
    Refused {
        /// The host of the URL.
        host: String,
        /// The address, or one of several. The text does not tell it: it may be of a network that the stranger cannot see.
        address: IpAddr,
        /// The network that it belongs to.
        rule: NotPublic,
    },
    /// The name has no address.
    #[error("no address was found for {host}")]
    NotResolved {
        /// The host of the URL.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// None of the addresses took the connection.
    #[error("no connection to {host}")]
    NotConnected {
        /// The host of the URL.
        host: String,
        /// What the last address said.
        source: io::Error,
    },
    /// No TLS session: a certificate that is not trusted, or no TLS at all.
    #[error("no TLS session with {host}")]
    TlsFailed {
        /// The host of the URL.
        host: String,
        /// What failed.
        source: io::Error,
    },
    /// The answer was not complete in time.
    #[error("{host} did not answer within {}", humantime::format_duration(*.after))]
    TimedOut {
        /// The host of the URL.
        host: String,
        /// The time that it had.
        after: Duration,
    },
    /// The body is longer than the call allows, as sent or decoded.
    #[error("{host} answered with more than {limit_bytes} bytes")]
    TooLarge {
        /// The host of the URL.
        host: String,
        /// What was allowed.
        limit_bytes: usize,
    },
    /// The answer is not HTTP, ended early, or has a content coding that was not asked for.
    #[error("{host} did not answer in HTTP as it should: {reason}")]
    Protocol {
        /// The host of the URL.
        host: String,
        /// What is wrong.
        reason: String,
    },
}

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum OutboundStartError {
    /// The file with further authorities cannot be read.
    #[error("{path} holds no certificates that can be read: {reason}")]
    CaFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The TLS library cannot be used.
    #[error("TLS cannot be set up")]
    Tls(#[from] tokio_rustls::rustls::Error),
}
