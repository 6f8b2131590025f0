//! The file that collects messages.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use kontor::{
    config,
    tan::{Channel, DeliveryError},
};
use serde_json::{Value, json};

use super::{SENT_AT, command::PATIENCE, delivery, message, start};

fn settings(file: &std::path::Path) -> config::Tan {
    let mut settings = config::Tan::default();
    settings.sms.spool = Some(file.to_owned());
    settings.email.spool = Some(file.to_owned());
    settings.post.spool = Some(file.to_owned());
    settings
}

#[tokio::test]
async fn each_message_is_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sent.jsonl");
    let delivery = delivery(&settings(&file));
    assert!(!file.exists(), "it is made with the first message");
    for (channel, address) in [
        (Channel::Sms, "079 123 45 67"),
        (Channel::Post, "Main Street 1\nBern"),
    ] {
        assert_eq!(delivery.deliver(message(channel, address)).await, Ok(()));
    }
    let text = std::fs::read_to_string(&file).expect("the file");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        lines[0],
        json!({
            "channel": "sms", "address": "0791234567", "tan": "1234-5678",
            "message": "1234-5678 is the code to log in to coffee-shop at pay.example.com. Valid for 5 minutes. \
                        Not asked for by you? Do not pass it on.",
            "sent_at": SENT_AT,
        })
    );
    assert_eq!(lines[1]["address"], "Main Street 1\nBern");
    assert_eq!(lines.len(), 2);
    let mode = file.metadata().expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "only the owner reads codes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lines_of_several_writers_do_not_mix() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sent.jsonl");
    let writers = (0..4).map(|writer| {
        let delivery = delivery(&settings(&file));
        tokio::spawn(async move {
            for count in 0..50 {
                let address = format!("writer{writer}.{count}@shop.example");
                assert_eq!(
                    delivery.deliver(message(Channel::Email, &address)).await,
                    Ok(())
                );
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("a writer");
    }
    let text = std::fs::read_to_string(&file).expect("the file");
    let mut addresses: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|line| line["address"].as_str().expect("an address").to_owned())
        .collect();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 200);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("spool/sent.jsonl");
    let missing = start(&settings(&file)).err().expect("no such folder");
    assert_eq!(missing.key, "tan.email.spool");
    std::fs::create_dir(folder.path().join("spool")).expect("a folder");
    let delivery = delivery(&settings(&file));
    std::fs::remove_dir(folder.path().join("spool")).expect("a folder");
    let outcome = delivery.deliver(message(Channel::Sms, "0791234567")).await;
    assert_eq!(outcome, Err(DeliveryError::Failed));
}

#[tokio::test]
async fn a_file_that_stays_locked_gets_nothing_then_or_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sent.jsonl");
    let mut settings = settings(&file);
    settings.command_timeout = Duration::from_secs(1);
    let delivery = delivery(&settings);
    let other = std::fs::File::create(&file).expect("a file");
    other.lock().expect("a lock");
    let send = || delivery.deliver(message(Channel::Sms, "0791234567"));
    assert_eq!(send().await, Err(DeliveryError::Failed));
    // Whoever asked went away, or the server stops, while the file is locked.
    let given_up = tokio::time::timeout(Duration::from_millis(50), send());
    assert!(given_up.await.is_err());
    other.unlock().expect("no lock");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "");
    assert_eq!(send().await, Ok(()));
}

#[tokio::test]
async fn a_pipe_that_nobody_reads_is_not_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("sent.jsonl");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let mut settings = settings(&pipe);
    settings.command_timeout = PATIENCE;
    let delivery = delivery(&settings);
    let send = || delivery.deliver(message(Channel::Sms, "0791234567"));
    assert_eq!(send().await, Err(DeliveryError::Failed));

    // Whoever opens a pipe to read and to write waits for nobody, and is a reader.
    let mut options = std::fs::OpenOptions::new();
    let _reader = options.read(true).write(true).open(&pipe).expect("a pipe");
    assert_eq!(send().await, Ok(()));
    let until_full = async {
        loop {
            if let Err(error) = send().await {
                return error;
            }
        }
    };
    assert_eq!(until_full.await, DeliveryError::Failed);
}
