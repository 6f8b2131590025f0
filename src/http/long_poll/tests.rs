use std::{
    collections::BTreeSet,
    convert::Infallible,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::FutureExt as _;
use poem::{Endpoint as _, EndpointExt as _, Request, endpoint::make};
use tokio::{
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use super::*;
use crate::http::timeout::LimitTime;

const TOPIC: Topic = Topic::Kyc { instance_serial: 1 };
const LONGEST: Duration = Duration::from_secs(60);
/// What a read fails at.
const UNLUCKY: usize = 13;

/// A number that changes, and how often it was read.
struct State {
    changes: Changes,
    value: AtomicUsize,
    reads: AtomicUsize,
}

impl State {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            changes: Changes::new(4),
            value: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
        })
    }

    fn set(&self, value: usize) {
        self.value.store(value, Ordering::SeqCst);
        self.changes.publish(&BTreeSet::from([TOPIC]));
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    async fn read(&self) -> Result<usize, &'static str> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        match self.value.load(Ordering::SeqCst) {
            UNLUCKY => Err("unlucky"),
            value => Ok(value),
        }
    }

    /// Waits for 2 or more.
    async fn poll(&self, timeout_ms: Option<u64>) -> Result<usize, &'static str> {
        let deadline = Deadline::default();
        let poll = LongPoll::new(&self.changes, &deadline, LONGEST, timeout_ms);
        poll.until(&[TOPIC], || self.read(), |value| *value >= 2)
            .await
    }

    fn spawn(self: &Arc<Self>) -> JoinHandle<Result<usize, &'static str>> {
        let state = Arc::clone(self);
        tokio::spawn(async move { state.poll(Some(10_000)).await })
    }
}

/// Lets what is spawned run until it waits.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_ask_does_not_wait() {
    let state = State::new();
    for timeout_ms in [None, Some(0)] {
        assert_eq!(state.poll(timeout_ms).now_or_never(), Some(Ok(0)));
    }
    state.set(2);
    assert_eq!(state.poll(Some(1_000)).now_or_never(), Some(Ok(2)));
    assert_eq!((state.reads(), state.changes.watched()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_change_answers_and_one_that_is_not_enough_does_not() {
    let state = State::new();
    let poll = state.spawn();
    settle().await;
    state.set(1);
    settle().await;
    assert_eq!((state.reads(), state.changes.waiting()), (2, 1));
    state.set(2);
    assert_eq!(poll.await.unwrap(), Ok(2));
    assert_eq!((state.reads(), state.changes.watched()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_change_while_the_state_is_read_is_noticed() {
    let state = State::new();
    let deadline = Deadline::default();
    let poll = LongPoll::new(&state.changes, &deadline, LONGEST, Some(10_000));
    let read_and_change = || async {
        let read = state.read().await;
        if read == Ok(0) {
            state.set(2);
        }
        read
    };
    let polled = poll.until(&[TOPIC], read_and_change, |value| *value >= 2);
    assert_eq!(polled.now_or_never(), Some(Ok(2)));
}

#[tokio::test(start_paused = true)]
async fn time_ends_the_wait_with_what_was_read_last() {
    let state = State::new();
    let moment = Duration::from_millis(10);
    let longest = (LONGEST, [60_000, 60_001, u64::MAX].as_slice());
    for (wait, asked) in [(Duration::from_millis(500), [500].as_slice()), longest] {
        for timeout_ms in asked {
            let mut poll = Box::pin(state.poll(Some(*timeout_ms)));
            let early = timeout(wait - moment, &mut poll).await;
            assert!(early.is_err(), "{timeout_ms} ended early");
            assert_eq!(timeout(2 * moment, poll).await, Ok(Ok(0)), "{timeout_ms}");
        }
    }
    assert_eq!((state.reads(), state.changes.watched()), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn the_request_may_live_as_much_longer() {
    let changes = Changes::new(1);
    let day = Duration::from_secs(24 * 3600);
    for (longest, timeout_ms, wait) in [
        (LONGEST, None, Duration::ZERO),
        (LONGEST, Some(5), Duration::from_millis(5)),
        (LONGEST, Some(61_000), LONGEST),
        (Duration::ZERO, Some(5), Duration::ZERO),
        (2 * day, Some(u64::MAX), day),
    ] {
        let deadline = Deadline::default();
        let poll = LongPoll::new(&changes, &deadline, longest, timeout_ms);
        assert_eq!((poll.wait, deadline.extension()), (wait, wait));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_is_not_out_of_time() {
    let endpoint = make(|request: Request| async move {
        let deadline = request.data::<Deadline>().unwrap().clone();
        let changes = Changes::new(1);
        let poll = LongPoll::new(&changes, &deadline, LONGEST, Some(30_000));
        let read = || async { Ok::<_, Infallible>("the same") };
        poll.until(&[TOPIC], read, |_| false).await.unwrap()
    });
    let endpoint = endpoint.with(LimitTime::new(Duration::from_secs(10)));
    let response = endpoint.get_response(Request::default()).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_ends_the_wait() {
    let state = State::new();
    let poll = state.spawn();
    settle().await;
    state.set(UNLUCKY);
    assert_eq!(poll.await.unwrap(), Err("unlucky"));
    assert_eq!(state.poll(Some(1_000)).await, Err("unlucky"));
    assert_eq!(state.changes.watched(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_frees_its_wait() {
    let state = State::new();
    let poll = state.spawn();
    settle().await;
    assert_eq!((state.changes.waiting(), state.changes.watched()), (1, 1));
    poll.abort();
    assert!(poll.await.unwrap_err().is_cancelled());
    assert_eq!((state.changes.waiting(), state.changes.watched()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_answers_all_at_once() {
    let state = State::new();
    let polls: JoinSet<_> = (0..100)
        .map(|_| state.spawn())
        .map(|poll| async { poll.await.unwrap() })
        .collect();
    settle().await;
    assert_eq!(state.changes.waiting(), 100);
    state.changes.release();
    let answers = timeout(Duration::from_millis(1), polls.join_all()).await;
    assert_eq!(answers.expect("no wait"), [Ok(0); 100]);
    assert_eq!(state.poll(Some(1_000)).now_or_never(), Some(Ok(0)));
    assert_eq!((state.reads(), state.changes.watched()), (101, 0));
}

/// Of those that one change wakes, only some read at once.
#[tokio::test(start_paused = true)]
async fn who_is_woken_reads_in_turns() {
    let state = State::new();
    let deadline = Deadline::default();
    let first = AtomicUsize::new(0);
    let poll = || {
        let poll = LongPoll::new(&state.changes, &deadline, LONGEST, Some(1_000));
        let read = || async {
            if first.fetch_add(1, Ordering::SeqCst) < 100 {
                return Ok(0);
            }
            // A slow database.
            pending().await
        };
        async move {
            poll.until(&[TOPIC], read, |value: &usize| *value > 0)
                .await
                .map_err(|error: &'static str| error)
        }
    };
    let mut polls: Vec<_> = (0..100).map(|_| Box::pin(poll())).collect();
    for poll in &mut polls {
        assert!(poll.as_mut().now_or_never().is_none());
    }
    state.set(1);
    for poll in &mut polls {
        assert!(poll.as_mut().now_or_never().is_none());
    }
    assert_eq!(first.load(Ordering::SeqCst), 104);
}

/// What one waiting poll takes, beside what it has read and the request that it belongs to.
#[tokio::test]
async fn a_wait_is_small() {
    let state = State::new();
    let poll = state.poll(Some(1_000));
    let size = size_of_val(&poll);
    assert!(size <= 1024, "{size} bytes");
}
