use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Condvar, Mutex};

use futures_util::future::{join_all, poll_immediate};

use super::*;

fn network(last: u8) -> ClientNetwork {
    IpAddr::from([192, 0, 2, last]).into()
}

fn hasher(workers: usize, queue: usize, queue_per_network: usize) -> Hasher {
    let settings = HasherSettings {
        workers: NonZeroUsize::new(workers).unwrap(),
        queue,
        queue_per_network,
        cost: HashCost {
            memory_kib: 32,
            passes: 1,
            lanes: 1,
        },
    };
    Hasher::start(settings, Random::seeded(1)).unwrap()
}

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

/// Keeps workers busy until it is opened, or dropped by a test that fails.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn pass(&self) {
        let (open, changed) = &*self.0;
        let mut guard = open.lock().unwrap();
        while !*guard {
            guard = changed.wait(guard).unwrap();
        }
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

/// Polls a job once, so that it has its place in the pool.
macro_rules! submit {
    ($future:ident = $job:expr) => {
        let mut $future = Box::pin($job);
        assert!(poll_immediate(&mut $future).await.is_none());
    };
}

#[tokio::test]
async fn hashes_and_verifies() {
    let hasher = hasher(2, 4, 4);
    let hash = hasher.hash(network(1), &password("right")).await.unwrap();
    for (text, expected) in [("right", true), ("wrong", false)] {
        let verified = hasher.verify(network(1), &password(text), &hash).await;
        assert_eq!(verified, Ok(expected));
    }
    assert_eq!(hasher.statistics().refused, 0);
}

#[tokio::test]
async fn salts_differ() {
    let hasher = hasher(1, 4, 4);
    let first = hasher.hash(network(1), &password("same")).await.unwrap();
    let second = hasher.hash(network(1), &password("same")).await.unwrap();
    assert_ne!(first.as_str(), second.as_str());
}

#[tokio::test]
async fn serves_networks_in_turn() {
    let hasher = hasher(1, 64, 4);
    let gate = Gate::default();
    let (order, busy) = (Arc::new(Mutex::new(Vec::new())), gate.clone());
    submit!(first = hasher.run(network(9), move |_| busy.pass()));
    let note = |name: &'static str| {
        let order = Arc::clone(&order);
        move |_: &mut HashMemory| order.lock().unwrap().push(name)
    };
    submit!(a1 = hasher.run(network(1), note("a1")));
    submit!(a2 = hasher.run(network(1), note("a2")));
    submit!(a3 = hasher.run(network(1), note("a3")));
    submit!(b1 = hasher.run(network(2), note("b1")));
    submit!(c1 = hasher.run(network(3), note("c1")));
    gate.open();
    first.await.unwrap();
    for result in join_all([a1, a2, a3]).await {
        result.unwrap();
    }
    b1.await.unwrap();
    c1.await.unwrap();
    assert_eq!(*order.lock().unwrap(), ["a1", "b1", "c1", "a2", "a3"]);
}

#[tokio::test]
async fn refuses_beyond_the_places_of_a_network_and_of_all() {
    let hasher = hasher(2, 3, 2);
    let gate = Gate::default();
    let job = || {
        let gate = gate.clone();
        move |_: &mut HashMemory| gate.pass()
    };
    let busy = Err(HashError::Busy(HasherBusy {
        retry_after: Hasher::RETRY_AFTER,
    }));
    submit!(running1 = hasher.run(network(1), job()));
    submit!(running2 = hasher.run(network(1), job()));
    submit!(waiting1 = hasher.run(network(1), job()));
    submit!(waiting2 = hasher.run(network(1), job()));
    assert_eq!(hasher.run(network(1), job()).await, busy);
    submit!(waiting3 = hasher.run(network(2), job()));
    assert_eq!(hasher.run(network(3), job()).await, busy);
    let statistics = hasher.statistics();
    assert_eq!((statistics.running, statistics.waiting), (2, 3));
    assert_eq!(statistics.refused, 2);
    gate.open();
    for result in join_all([running1, running2, waiting1, waiting2, waiting3]).await {
        result.unwrap();
    }
}

#[tokio::test]
async fn dropped_caller_gives_its_place_back() {
    let hasher = hasher(1, 1, 1);
    let (gate, ran) = (Gate::default(), Arc::new(Mutex::new(false)));
    let (busy, mark) = (gate.clone(), Arc::clone(&ran));
    submit!(running = hasher.run(network(1), move |_| busy.pass()));
    submit!(waiting = hasher.run(network(1), move |_| *mark.lock().unwrap() = true));
    assert!(hasher.run(network(1), |_| ()).await.is_err());
    drop(waiting);
    assert_eq!(hasher.statistics().waiting, 0);
    assert_eq!(hasher.statistics().abandoned, 1);
    submit!(next = hasher.run(network(1), |_| ()));
    gate.open();
    running.await.unwrap();
    next.await.unwrap();
    assert!(!*ran.lock().unwrap());
    assert_eq!(hasher.statistics().abandoned, 1);
}

#[tokio::test]
async fn dropped_running_caller_frees_its_worker_at_the_end() {
    let hasher = hasher(1, 1, 1);
    let gate = Gate::default();
    let busy = gate.clone();
    submit!(running = hasher.run(network(1), move |_| busy.pass()));
    drop(running);
    submit!(next = hasher.run(network(1), |_| 7));
    gate.open();
    assert_eq!(next.await, Ok(7));
}

#[tokio::test]
async fn panic_ends_one_job_alone() {
    let hasher = hasher(1, 4, 4);
    let broken = hasher.run(network(1), |_| panic!("on purpose")).await;
    assert_eq!(broken, Err::<(), _>(HashError::Broken));
    assert_eq!(hasher.run(network(1), |_| 7).await, Ok(7));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_at_once_all_get_their_own_answer() {
    let hasher = Arc::new(hasher(3, 64, 64));
    let hash = hasher.hash(network(1), &password("right")).await.unwrap();
    let callers = (0..64_u8).map(|number| {
        let (hasher, hash) = (Arc::clone(&hasher), hash.clone());
        tokio::spawn(async move {
            let text = if number % 3 == 0 { "right" } else { "wrong" };
            let caller = network(number % 7);
            let verified = hasher.verify(caller, &password(text), &hash).await;
            (number, verified)
        })
    });
    let answers: HashMap<_, _> = join_all(callers)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    for (number, verified) in answers {
        assert_eq!(verified, Ok(number % 3 == 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_that_come_and_go_leave_nothing_behind() {
    let hasher = Arc::new(hasher(2, 16, 4));
    let callers = (0..400_u16).map(|number| {
        let hasher = Arc::clone(&hasher);
        tokio::spawn(async move {
            let caller = network((number % 11) as u8);
            let work = hasher.run(caller, move |_| std::thread::yield_now());
            if number % 2 == 0 {
                poll_immediate(work).await;
            } else {
                // Served or sent away, as it happens.
                work.await.ok();
            }
        })
    });
    join_all(callers).await;
    // Who comes last is served last: all workers are idle afterwards but perhaps one.
    hasher.run(network(200), |_| ()).await.unwrap();
    assert_eq!(hasher.statistics().waiting, 0);
    hasher.hash(network(1), &password("still")).await.unwrap();
}

#[test]
fn dropping_the_hasher_ends_its_threads() {
    let hasher = hasher(2, 4, 4);
    let pool = Arc::downgrade(&hasher.pool);
    drop(hasher);
    while pool.strong_count() > 0 {
        std::thread::yield_now();
    }
}

#[test]
fn impossible_cost_is_an_error() {
    let settings = HasherSettings {
        cost: HashCost {
            memory_kib: 1,
            ..HashCost::default()
        },
        ..HasherSettings::default()
    };
    assert!(matches!(
        Hasher::start(settings, Random::seeded(1)),
        Err(HasherStartError::Cost(InvalidHashCost))
    ));
}
