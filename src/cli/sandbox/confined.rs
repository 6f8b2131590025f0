//! What a configuration says that would take the sandbox beyond this machine.

use std::net::Ipv4Addr;

use crate::config::{EmailDelivery, LetterFormat, Origin, Origins, Settings};

/// Leaves out what would let others in or send something, unless the command line says it, and returns the keys. Everybody knows
/// the secret of the sandbox's first client, and anybody can sign up: what is right for a server that somebody keeps, such as
/// its mail server, is not meant for that.
pub(super) fn confine(settings: &mut Settings, origins: &Origins) -> Vec<&'static str> {
    let is_said = |key: &str| {
        let path: Vec<&str> = key.split('.').collect();
        matches!(origins.of(&path), Origin::Flag(_))
    };
    let mut left_out = Vec::new();
    let mut leave_out = |key: &'static str, is_set: bool| {
        let is_left_out = is_set && !is_said(key);
        left_out.extend(is_left_out.then_some(key));
        is_left_out
    };
    let Settings {
        merchant,
        challenger,
        management,
        tan,
        ..
    } = settings;
    for (key, listen) in [
        ("merchant.listen", &mut merchant.listen),
        ("challenger.listen", &mut challenger.listen),
        ("management.listen", &mut management.listen),
    ] {
        if leave_out(key, !listen.ip().is_loopback()) {
            listen.set_ip(Ipv4Addr::LOCALHOST.into());
        }
    }
    // Where others would be sent, and the commands that are printed with secrets.
    for (key, url) in [
        ("merchant.public_url", &mut merchant.public_url),
        ("challenger.public_url", &mut challenger.public_url),
    ] {
        if leave_out(key, url.is_some()) {
            *url = None;
        }
    }
    let (email, post) = (&mut tan.email, &mut tan.post);
    if leave_out("tan.email.smtp_url", email.smtp_url.is_some()) {
        *email = EmailDelivery {
            command: email.command.take(),
            spool: email.spool.take(),
            lifetime: email.lifetime,
            ..EmailDelivery::default()
        };
    }
    if leave_out("tan.email.command", email.command.is_some()) {
        email.command = None;
    }
    if leave_out("tan.sms.command", tan.sms.command.is_some()) {
        tan.sms.command = None;
    }
    if leave_out("tan.post.command", post.command.is_some()) {
        (post.command, post.format) = (None, LetterFormat::Text);
    }
    left_out
}
