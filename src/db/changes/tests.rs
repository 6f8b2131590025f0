use futures_util::FutureExt as _;

use super::*;

const ONE: Topic = Topic::Kyc { instance_serial: 1 };
const OTHER: Topic = Topic::Kyc { instance_serial: 2 };

fn change(changes: &Changes, topics: &[Topic]) {
    changes.publish(&topics.iter().copied().collect());
}

/// Whether a watch has noticed a change.
fn noticed(watch: &mut Watch) -> bool {
    watch.changed().now_or_never().is_some()
}

#[test]
fn a_change_between_watching_and_waiting_is_noticed_once() {
    let changes = Changes::new(1);
    let mut watch = changes.watch(&[ONE]);
    change(&changes, &[ONE]);
    change(&changes, &[ONE, OTHER]);
    assert!(noticed(&mut watch));
    assert!(!noticed(&mut watch));
    change(&changes, &[OTHER]);
    assert!(!noticed(&mut watch));
}

#[test]
fn what_changed_before_the_watch_is_not_noticed() {
    let changes = Changes::new(1);
    let mut earlier = changes.watch(&[ONE]);
    change(&changes, &[ONE]);
    assert!(!noticed(&mut changes.watch(&[ONE])));
    assert!(noticed(&mut earlier));
}

#[test]
fn a_wait_that_was_given_up_misses_nothing() {
    let changes = Changes::new(1);
    let mut watch = changes.watch(&[ONE]);
    {
        let mut wait = Box::pin(watch.changed());
        assert!(wait.as_mut().now_or_never().is_none());
        assert_eq!(changes.waiting(), 1);
        change(&changes, &[ONE]);
    }
    assert_eq!(changes.waiting(), 0);
    assert!(noticed(&mut watch));
}

#[test]
fn one_watch_sees_several_topics() {
    let changes = Changes::new(1);
    let mut watch = changes.watch(&[ONE, OTHER, Topic::Exchanges]);
    for topics in [
        &[OTHER][..],
        &[ONE],
        &[Topic::Exchanges],
        &[Topic::Exchanges, ONE],
    ] {
        change(&changes, topics);
        assert!(noticed(&mut watch), "{topics:?}");
        assert!(!noticed(&mut watch), "{topics:?} counts as one change");
    }
    assert!(!noticed(&mut changes.watch(&[])));
}

#[test]
fn a_topic_is_forgotten_with_its_last_watch() {
    let changes = Changes::new(1);
    let first = changes.watch(&[ONE, OTHER, ONE]);
    let mut second = changes.watch(&[ONE]);
    assert_eq!(changes.watched(), 2);
    drop(first);
    assert_eq!(changes.watched(), 1);
    change(&changes, &[ONE]);
    assert!(noticed(&mut second));
    drop(second);
    assert_eq!(changes.watched(), 0);
}

#[test]
fn release_ends_all_waiting_for_ever() {
    let changes = Changes::new(1);
    let mut watch = changes.watch(&[ONE]);
    let mut nothing = changes.watch(&[]);
    assert!(!noticed(&mut watch) && !changes.is_released());
    changes.release();
    assert!(changes.is_released());
    for watch in [&mut watch, &mut nothing, &mut changes.watch(&[OTHER])] {
        assert!(noticed(watch));
        assert!(noticed(watch));
    }
}

#[test]
fn topics_survive_the_wire() {
    let kyc = |instance_serial| Topic::Kyc { instance_serial };
    let all: BTreeSet<_> = [Topic::Exchanges, ONE, kyc(i64::MIN), kyc(i64::MAX)].into();
    let texts: Vec<_> = all.iter().map(Topic::to_string).collect();
    assert!(texts.iter().all(|text| text.len() <= 30), "{texts:?}");
    assert_eq!(notification::parse(&texts.join(" ")), all);
    let of_another_version = "orders.3 kyc kyc. kyc.x exchanges.1  kyc.1";
    assert_eq!(notification::parse(of_another_version), [ONE].into());
    assert!(notification::parse("").is_empty());
}

/// On several threads: whoever looks again at each wake-up sees the last value.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_missed_at_once() {
    const LAST: usize = 1000;
    let changes = Changes::new(1);
    let value = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let (changes, value) = (changes.clone(), Arc::clone(&value));
            tokio::spawn(async move {
                loop {
                    let mut watch = changes.watch(&[ONE]);
                    if value.load(Ordering::SeqCst) == LAST {
                        return;
                    }
                    watch.changed().await;
                }
            })
        })
        .collect();
    for next in 1..=LAST {
        value.store(next, Ordering::SeqCst);
        change(&changes, &[ONE]);
        tokio::task::yield_now().await;
    }
    for reader in readers {
        let ended = tokio::time::timeout(std::time::Duration::from_secs(10), reader).await;
        ended.expect("no missed change").expect("no panic");
    }
    assert_eq!((changes.watched(), changes.waiting()), (0, 0));
}
