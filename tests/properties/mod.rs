//! What holds for any input, tried with inputs made at random. `make fuzz` tries many more (`PROPTEST_CASES`).

mod bodies;
mod headers;
mod texts;

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestCaseError, TestError, TestRunner},
};
use tokio::{runtime::Handle, task::block_in_place};

/// Cases of a property that takes a request, unless `PROPTEST_CASES` says otherwise.
const REQUESTS: u32 = 200;

/// Tries a property that has to wait for answers; the runtime of the test must have several threads.
fn for_all<S: Strategy>(inputs: &S, property: impl AsyncFn(S::Value)) {
    let mut config = Config {
        // Failures are printed, with what is needed to repeat them.
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = REQUESTS;
    }
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(inputs, |input| {
        block_in_place(|| Handle::current().block_on(property(input)));
        Ok::<(), TestCaseError>(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, input)) => panic!("{reason}\nwith {input:?}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}
