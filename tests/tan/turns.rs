//! Who waits for whom, where messages take long.

use std::{path::Path, pin::pin, time::Duration};

use kontor::tan::{Delivery, DeliveryError, Message, Purpose};

use super::{
    command::{PATIENCE, settings, sms},
    delivery, message, shop,
};

/// The number whose messages hang until the test lets them go.
const HANGING: &str = "+41790000000";

/// A helper that writes its numbers down in the order in which it began, and hangs with one of them.
fn script(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "cd '{folder}'; echo \"$1\" >>begun; [ \"$1\" != {HANGING} ] || until [ -e go ]; do sleep 0.01; done"
    )
}

/// The numbers of the messages that were begun, in their order.
fn begun(folder: &Path) -> Vec<String> {
    let numbers = std::fs::read_to_string(folder.join("begun")).unwrap_or_default();
    numbers.lines().map(str::to_owned).collect()
}

/// Waits until the message that hangs is under way.
async fn hangs(folder: &Path) {
    while begun(folder).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn let_go(folder: &Path) {
    std::fs::write(folder.join("go"), "").expect("a file");
}

fn to(number: &str, purpose: Purpose) -> Message {
    Message {
        about: shop(purpose),
        ..message(kontor::tan::Channel::Sms, number)
    }
}

#[tokio::test]
async fn as_many_as_allowed_run_at_once_and_others_wait() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut settings = settings(&script(folder), Duration::from_secs(3));
    settings.concurrency = 1;
    let delivery: &Delivery = &delivery(&settings);
    let first = delivery.deliver(to(HANGING, Purpose::LogIn));
    let second = async {
        hangs(folder).await;
        let refused = delivery.deliver(sms()).await;
        let_go(folder);
        refused
    };
    let (first, second) = tokio::join!(first, second);
    // It counts as sent: whoever keeps the helpers busy does not get messages for nothing.
    assert_eq!(second, Err(DeliveryError::OutcomeUnknown));
    assert_eq!(first, Ok(()));
    assert_eq!(begun(folder), [HANGING], "its turn did not come");
    assert_eq!(delivery.deliver(sms()).await, Ok(()));
}

#[tokio::test]
async fn strangers_at_once_take_half_of_the_turns_and_owners_the_others() {
    for of_strangers in [Purpose::SignUp, Purpose::ResetPassword] {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let mut settings = settings(&script(folder), PATIENCE);
        settings.concurrency = 2;
        let delivery: &Delivery = &delivery(&settings);
        let first = delivery.deliver(to(HANGING, of_strangers));
        let others = async {
            hangs(folder).await;
            let mut second = pin!(delivery.deliver(to("+41791111111", Purpose::SignUp)));
            for purpose in [
                Purpose::LogIn,
                Purpose::ChangeCredentials,
                Purpose::ConfirmContact,
            ] {
                tokio::select! {
                    biased;
                    _ = &mut second => panic!("both turns went to strangers"),
                    sent = delivery.deliver(to("+41792222222", purpose)) => assert_eq!(sent, Ok(())),
                }
            }
            let numbers = [HANGING, "+41792222222", "+41792222222", "+41792222222"];
            assert_eq!(begun(folder), numbers);
            let_go(folder);
            second.await
        };
        let (first, second) = tokio::join!(first, others);
        assert_eq!(
            (first, second),
            (Ok(()), Ok(())),
            "its turn comes when the first is done"
        );
    }
}
