//! `HOST[:PORT]`, where a bank is reached.

use super::PaytoError;

/// Checks host and port as exchanges do, and that the port is one.
pub fn check(text: &str) -> Result<(), PaytoError> {
    let (host, port) = text
        .split_once(':')
        .map_or((text, None), |(host, port)| (host, Some(port)));
    if !is_host(host) {
        return Err(PaytoError::Host);
    }
    match port {
        Some(port) if !is_port(port) => Err(PaytoError::Port),
        _ => Ok(()),
    }
}

fn is_host(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['-', '.'])
        && !text.contains("..")
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}
