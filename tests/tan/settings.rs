//! Which channels there are, and what the sandbox makes of those that are not set.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use kontor::{
    config,
    tan::{Channel, DeliveryError, Show},
};
use serde_json::{Value, json};

use super::{delivery, message, start};

#[tokio::test]
async fn a_channel_that_is_not_set_is_not_configured() {
    let delivery = delivery(&config::Tan::default());
    for (channel, address) in [
        (Channel::Email, "alice@shop.example"),
        (Channel::Sms, "0791234567"),
        (Channel::Post, "Main Street 1"),
    ] {
        assert!(!delivery.is_configured(channel));
        let outcome = delivery.deliver(message(channel, address)).await;
        assert_eq!(outcome, Err(DeliveryError::Misconfigured));
    }
}

#[test]
fn each_channel_has_its_lifetime() {
    let mut settings = config::Tan::default();
    let lifetimes = |settings: &config::Tan| {
        Channel::ALL.map(|channel| delivery(settings).lifetime(channel).as_secs())
    };
    assert_eq!(lifetimes(&settings), [300, 300, 21 * 86_400]);
    settings.lifetime = Duration::from_secs(60);
    settings.sms.lifetime = Some(Duration::from_secs(90));
    assert_eq!(lifetimes(&settings), [60, 90, 21 * 86_400]);
}

#[tokio::test]
async fn the_sandbox_shows_what_nothing_else_sends() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = config::Tan::default();
    settings.sms.spool = Some(folder.path().join("sent.jsonl"));
    let shown: Arc<Mutex<Vec<Value>>> = Arc::default();
    let show: Show = {
        let shown = Arc::clone(&shown);
        Arc::new(move |sent| shown.lock().expect("what was shown").push(json!(sent)))
    };
    let delivery = delivery(&settings).or_show(&show);
    assert_eq!(
        Channel::ALL.map(|channel| delivery.is_configured(channel)),
        [true, true, true]
    );
    for (channel, address) in [
        (Channel::Email, "alice@shop.example"),
        (Channel::Sms, "0791234567"),
        (Channel::Post, "Main Street 1"),
    ] {
        assert_eq!(delivery.deliver(message(channel, address)).await, Ok(()));
    }
    let shown = shown.lock().expect("what was shown");
    assert_eq!(shown.len(), 2, "the text message is in the file");
    assert_eq!(shown[1]["channel"], "post");
    for (key, value) in [
        ("channel", "email"),
        ("address", "alice@shop.example"),
        ("tan", "1234-5678"),
        ("purpose", "log-in"),
        ("instance", "coffee-shop"),
    ] {
        assert_eq!(shown[0][key], value);
    }
}

#[tokio::test]
async fn an_address_of_another_channel_is_unusable() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = config::Tan::default();
    settings.sms.spool = Some(folder.path().join("sent.jsonl"));
    let mut message = message(Channel::Email, "alice@shop.example");
    message.channel = Channel::Sms;
    let outcome = delivery(&settings).deliver(message).await;
    assert_eq!(outcome, Err(DeliveryError::AddressUnusable));
}

#[test]
fn commands_are_whole_paths_or_names() {
    let with = |command: &[&str]| {
        let mut settings = config::Tan::default();
        settings.post.command = Some(command.iter().map(|&part| part.to_owned()).collect());
        start(&settings).map_err(|wrong| wrong.to_string())
    };
    assert!(with(&["sh", "-c", "true"]).is_ok());
    assert!(with(&["/bin/sh"]).is_ok());
    for (command, expected) in [
        (&[][..], "needs the name of a program"),
        (
            &["bin/sh"],
            "\"bin/sh\" is neither the whole path of a program nor a name without slashes",
        ),
        (
            &["no-such-program"],
            "no folder in PATH has a program \"no-such-program\"",
        ),
        (
            &["/no-such-program"],
            "there is no program \"/no-such-program\"",
        ),
        (&["/bin"], "\"/bin\" is no file, and cannot be run"),
    ] {
        let error = with(command).err().expect("a wrong command");
        assert_eq!(error, format!("\"tan.post.command\": {expected}"));
    }
}
