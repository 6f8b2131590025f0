//! Helper programs: shell scripts that do what helpers do, and what they should not.

use std::{path::Path, time::Duration};

use kontor::{
    config,
    tan::{About, Channel, DeliveryError, Message, status},
};

use super::{CODE, delivery, message, start};

/// Longest time that anything but a time limit takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Text messages by a shell script, with the address as `$1`.
pub(super) fn settings(script: &str, limit: Duration) -> config::Tan {
    let command = ["/bin/sh", "-c", script, "helper"]
        .map(str::to_owned)
        .to_vec();
    config::Tan {
        command_timeout: limit,
        sms: config::SmsDelivery {
            command: Some(command),
            ..config::SmsDelivery::default()
        },
        ..config::Tan::default()
    }
}

pub(super) fn sms() -> Message {
    message(Channel::Sms, "+41 79 123 45 67")
}

async fn run(script: &str) -> Result<(), DeliveryError> {
    delivery(&settings(script, PATIENCE)).deliver(sms()).await
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect("a file that the helper wrote")
}

#[tokio::test]
async fn a_helper_gets_address_and_text_and_little_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!(
        "cd '{}'; printf %s \"$#:$1\" >address; env >environment; cat >text",
        folder.path().display()
    );
    let message = Message {
        languages: Some("de-CH".to_owned()),
        ..sms()
    };
    let sent = delivery(&settings(&script, PATIENCE))
        .deliver(message)
        .await;
    assert_eq!(sent, Ok(()));
    assert_eq!(read(folder.path(), "address"), "1:+41791234567");
    let text = read(folder.path(), "text");
    assert!(
        text.starts_with("1234-5678 ist der Code") && text.ends_with(".\n"),
        "{text}"
    );
    let environment = read(folder.path(), "environment");
    for line in [
        "KONTOR_TAN_CHANNEL=sms",
        "KONTOR_TAN_PURPOSE=log-in",
        "KONTOR_TAN_LANGUAGE=de",
    ] {
        assert!(
            environment.lines().any(|found| found == line),
            "{environment}"
        );
    }
    assert!(!environment.contains(CODE) && !environment.contains("12345678"));
    let known = [
        "KONTOR_TAN_",
        "PATH=",
        "LANG=",
        "LC_",
        "PWD=",
        "OLDPWD=",
        "SHLVL=",
        "_=",
    ];
    for line in environment.lines() {
        assert!(known.iter().any(|known| line.starts_with(known)), "{line}");
    }
}

#[tokio::test]
async fn the_subject_of_an_e_mail_is_in_the_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!(
        "printf %s \"$KONTOR_TAN_SUBJECT\" >'{}/subject'",
        folder.path().display()
    );
    let mut settings = settings(&script, PATIENCE);
    settings.email.command = settings.sms.command.take();
    let sent = delivery(&settings)
        .deliver(message(Channel::Email, "alice@shop.example"))
        .await;
    assert_eq!(sent, Ok(()));
    assert_eq!(
        read(folder.path(), "subject"),
        "Confirmation code for coffee-shop at pay.example.com"
    );
}

#[tokio::test]
async fn a_helper_learns_which_page_a_code_is_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!(
        "env >'{}/environment'; cat >/dev/null",
        folder.path().display()
    );
    let delivery = delivery(&settings(&script, PATIENCE));
    let about = About::Address {
        reference: "V09S-83XP".to_owned(),
    };
    for (message, is_told) in [(Message { about, ..sms() }, true), (sms(), false)] {
        assert_eq!(delivery.deliver(message).await, Ok(()));
        let environment = read(folder.path(), "environment");
        for line in [
            "KONTOR_TAN_PURPOSE=validate-address",
            "KONTOR_TAN_REFERENCE=V09S-83XP",
        ] {
            let has_line = environment.lines().any(|found| found == line);
            assert_eq!(has_line, is_told, "{environment}");
        }
    }
}

#[tokio::test]
async fn every_exit_status_has_its_meaning() {
    use DeliveryError::{
        AddressUnreachable, AddressUnusable, Failed, Misconfigured, OutcomeUnknown,
    };
    for (status, expected) in [
        (0, Ok(())),
        (status::ADDRESS_MALFORMED, Err(AddressUnusable)),
        (status::NO_SUCH_RECEIVER, Err(AddressUnusable)),
        (status::NO_SUCH_HOST, Err(AddressUnusable)),
        (status::RECEIVER_UNREACHABLE, Err(AddressUnreachable)),
        (status::TRY_AGAIN, Err(Failed)),
        (status::NOT_PERMITTED, Err(Misconfigured)),
        (status::MISCONFIGURED, Err(Misconfigured)),
        (1, Err(OutcomeUnknown)),
        (64, Err(OutcomeUnknown)),
        (126, Err(OutcomeUnknown)),
        (127, Err(OutcomeUnknown)),
        (255, Err(OutcomeUnknown)),
    ] {
        let outcome = run(&format!("cat >/dev/null; echo no >&2; exit {status}")).await;
        assert_eq!(outcome, expected, "{status}");
        if let Err(error) = outcome {
            assert_eq!(error.is_surely_unsent(), error != OutcomeUnknown);
        }
    }
    assert_eq!(run("kill -9 $$").await, Err(OutcomeUnknown));
}

/// Whether the processes whose numbers stand in the files have ended.
async fn have_ended(folder: &Path, files: [&str; 2]) -> bool {
    for _ in 0..1000 {
        let is_running = |file: &&str| {
            let process = read(folder, file);
            let status = std::fs::read_to_string(format!("/proc/{}/stat", process.trim()));
            // One that nobody has asked for yet is a zombie.
            status.is_ok_and(|status| !status.contains(") Z "))
        };
        if !files.iter().any(is_running) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

fn hanging(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "cd '{folder}'; sleep 300 & echo $! >child; echo $$ >helper.new; mv helper.new helper; wait"
    )
}

#[tokio::test]
async fn a_hanging_helper_is_killed_with_its_children() {
    let folder = tempfile::tempdir().expect("a folder");
    let delivery = delivery(&settings(&hanging(folder.path()), Duration::from_secs(2)));
    let outcome = delivery.deliver(sms()).await;
    assert_eq!(outcome, Err(DeliveryError::OutcomeUnknown));
    assert!(have_ended(folder.path(), ["helper", "child"]).await);
}

#[tokio::test]
async fn a_helper_does_not_outlive_whoever_waits_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let delivery = delivery(&settings(&hanging(folder.path()), PATIENCE));
    let started = async {
        while !folder.path().join("helper").exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        _ = delivery.deliver(sms()) => panic!("it hangs"),
        () = started => {}
    }
    assert!(have_ended(folder.path(), ["helper", "child"]).await);
}

#[tokio::test]
async fn a_slow_helper_is_waited_for() {
    assert_eq!(run("cat >/dev/null; sleep 0.3").await, Ok(()));
}

#[tokio::test]
async fn a_flood_of_output_is_drained() {
    let flood = "head -c 20000000 /dev/zero; head -c 20000000 /dev/zero >&2; exit 69";
    assert_eq!(run(flood).await, Err(DeliveryError::AddressUnreachable));
    let endless = delivery(&settings("yes; yes >&2", Duration::from_millis(300)));
    assert_eq!(
        endless.deliver(sms()).await,
        Err(DeliveryError::OutcomeUnknown)
    );
}

#[tokio::test]
async fn a_helper_need_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    // More than a pipe holds.
    let long = format!("{{{{ tan }}}} {}", "x".repeat(300_000));
    std::fs::write(folder.path().join("sms.en.txt"), long).expect("a template");
    for script in [
        "exit 0",
        "exec <&-; sleep 0.1",
        "head -c 10 >/dev/null; exec <&-; sleep 0.1",
    ] {
        let mut settings = settings(script, PATIENCE);
        settings.templates = Some(folder.path().to_owned());
        assert_eq!(delivery(&settings).deliver(sms()).await, Ok(()), "{script}");
    }
    let mut deaf = settings("sleep 300", Duration::from_millis(300));
    deaf.templates = Some(folder.path().to_owned());
    assert_eq!(
        delivery(&deaf).deliver(sms()).await,
        Err(DeliveryError::OutcomeUnknown)
    );
}

#[tokio::test]
async fn what_a_helper_leaves_behind_is_not_waited_for() {
    let outcome = tokio::time::timeout(PATIENCE, run("sleep 100 & exit 0")).await;
    assert_eq!(outcome, Ok(Ok(())));
}

#[tokio::test]
async fn a_helper_that_cannot_start_sends_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("helper").display().to_string();
    let mut settings = settings("", PATIENCE);
    settings.sms.command = Some(vec![program.clone()]);
    let missing = start(&settings).err().expect("a missing program");
    assert_eq!(missing.key, "tan.sms.command");
    assert_eq!(missing.reason, format!("there is no program {program:?}"));

    std::fs::write(&program, "#!/bin/sh\nexit 0\n").expect("a script");
    let not_executable = start(&settings).err().expect("a plain file");
    assert_eq!(
        not_executable.reason,
        format!("{program:?} is there, but is not executable; \"chmod +x\" makes it so")
    );

    set_mode(&program, 0o700);
    let delivery = delivery(&settings);
    set_mode(&program, 0o600);
    assert_eq!(delivery.deliver(sms()).await, Err(DeliveryError::Failed));
    std::fs::remove_file(&program).expect("a script");
    assert_eq!(delivery.deliver(sms()).await, Err(DeliveryError::Failed));
}

fn set_mode(file: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).expect("a mode");
}
