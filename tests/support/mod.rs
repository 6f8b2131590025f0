//! An application of one test: its own database, a clock that tests move, seeded randomness, in process.

pub mod browser;
pub mod conformance;
pub mod content_coding;
pub mod exchange;
mod record;
mod request;
pub mod smtp;
pub mod wire;

use std::{
    panic::{AssertUnwindSafe, resume_unwind},
    sync::Arc,
};

use futures_util::FutureExt as _;
use kontor::{
    app::{App, Migration, database_settings},
    audit::Origin,
    clock::{Clock, MockClock, UnixMicros},
    config::{DatabaseUrl, Settings, Sources},
    db::{
        backup::{self, Backup},
        transfer::copy,
    },
    merchant::By,
    random::Random,
    server,
};
use poem::{Endpoint as _, Response, endpoint::BoxEndpoint};
use serde_json::{Value, json};
use tempfile::TempDir;

pub use request::{Answer, Call};

use crate::database::support::{NOW, TestDatabase, on_empty_database};

/// The password of `admin` and of the instances that tests make.
pub const PASSWORD: &str = "correct horse battery staple";

/// An application under test.
pub struct TestApp {
    pub app: Arc<App>,
    pub clock: MockClock,
    merchant: BoxEndpoint<'static, Response>,
    challenger: BoxEndpoint<'static, Response>,
    /// Holds the key file; removed with the test.
    _folder: Option<TempDir>,
}

/// What an application serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Merchant,
    Challenger,
}

/// Runs a test on an application with the instance `admin`.
pub async fn on_app(test: impl AsyncFnOnce(&TestApp)) {
    on_app_with(
        |_| {},
        async |app| {
            app.create_admin().await;
            test(app).await;
        },
    )
    .await;
}

/// Runs a test on an application with other settings and without any instance.
pub async fn on_app_with(adjust: impl FnOnce(&mut Settings), test: impl AsyncFnOnce(&TestApp)) {
    let database = TestDatabase::create().await;
    let app = TestApp::open(&database, adjust).await;
    let outcome = AssertUnwindSafe(test(&app)).catch_unwind().await;
    app.app.database.close().await;
    database.remove().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

impl TestApp {
    async fn open(database: &TestDatabase, adjust: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let flags = [
            ("database.url", database.settings.url.clone()),
            (
                "secrets.key_file",
                folder.path().join("kontor.key").display().to_string(),
            ),
            ("merchant.public_url", "http://kontor.test/".to_owned()),
            (
                "challenger.public_url",
                "https://addresses.test/check/".to_owned(),
            ),
            ("passwords.memory_kib", "32".to_owned()),
            ("passwords.iterations", "1".to_owned()),
            ("limits.trusted_proxies", r#"["127.0.0.0/8"]"#.to_owned()),
        ];
        let flags = flags.map(|(key, value)| (key.to_owned(), value)).to_vec();
        let sources = Sources {
            file: None,
            environment: Vec::new(),
            flags,
        };
        let mut settings = Settings::load(&sources)
            .expect("the settings of tests")
            .settings;
        adjust(&mut settings);
        let (clock, mock) = Clock::mock(UnixMicros::new(NOW));
        let app = App::open(settings, Migration::Allowed, clock, Random::seeded(7));
        let app = app.await.expect("an application");
        Self::serve(app, mock, Some(folder))
    }

    fn serve(app: App, clock: MockClock, folder: Option<TempDir>) -> Self {
        let app = Arc::new(app);
        let metrics = server::metrics(&app);
        Self {
            merchant: server::service(&app, Arc::clone(&metrics)).expect("a service"),
            challenger: server::challenger(&app, metrics).expect("a service"),
            app,
            clock,
            _folder: folder,
        }
    }

    /// Runs a part of a test on the same database and clock, but with other settings, as after a restart.
    pub async fn restarted(
        &self,
        adjust: impl FnOnce(&mut Settings),
        test: impl AsyncFnOnce(&Self),
    ) {
        let mut settings = Settings::clone(&self.app.settings);
        adjust(&mut settings);
        let (clock, random) = (self.app.clock.clone(), Random::seeded(8));
        let app = App::open(settings, Migration::Refused, clock, random);
        let app = app.await.expect("a second application");
        let app = Self::serve(app, self.clock.clone(), None);
        let outcome = AssertUnwindSafe(test(&app)).catch_unwind().await;
        app.app.database.close().await;
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    }

    /// Runs a part of a test on another database, into which a backup of this one was restored.
    pub async fn restored(&self, test: impl AsyncFnOnce(&Self)) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("backup.db");
        let source = database_settings(&self.app.settings);
        let written = backup::write(&source, &file, self.app.clock.now()).await;
        written.expect("a backup");
        on_empty_database(async |target| {
            let opened = Backup::open(&file).await.expect("a backup");
            let copied = copy(&opened.snapshot, &target.settings).await;
            copied.expect("what was in the backup");
            opened.close().await;
            let url = DatabaseUrl::parse(&target.settings.url).expect("a URL");
            self.restarted(|settings| settings.database.url = url, test)
                .await;
        })
        .await;
    }

    /// The service itself, for what [`Call`] cannot express.
    pub async fn send(&self, request: poem::Request) -> Response {
        self.send_to(Service::Merchant, request).await
    }

    /// One of the services itself.
    pub async fn send_to(&self, service: Service, request: poem::Request) -> Response {
        let endpoint = match service {
            Service::Merchant => &self.merchant,
            Service::Challenger => &self.challenger,
        };
        let answer = endpoint.call(request).await;
        answer.expect("the service answers every request")
    }

    /// Begins a request to the Challenger.
    pub fn challenger(&self, method: &str, path: &str) -> Call<'_> {
        Call::new(self, Service::Challenger, method, path)
    }

    /// Begins a request.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call::new(self, Service::Merchant, method, path)
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    pub fn post(&self, path: &str, body: &Value) -> Call<'_> {
        self.call("POST", path).json(body)
    }

    pub fn patch(&self, path: &str, body: &Value) -> Call<'_> {
        self.call("PATCH", path).json(body)
    }

    pub fn delete(&self, path: &str) -> Call<'_> {
        self.call("DELETE", path)
    }

    /// Creates `admin` as the command line does.
    pub async fn create_admin(&self) {
        let message = serde_json::from_value(instance("admin")).expect("settings of an instance");
        let origin = Origin::of_command_line();
        kontor::merchant::create_instance(&self.app, message, &origin, By::CommandLine)
            .await
            .expect("admin");
    }

    /// A token of `admin` with a scope.
    pub async fn admin_token(&self, scope: &str) -> String {
        self.token("admin", scope).await
    }

    /// Logs into an instance that has the usual password.
    pub async fn token(&self, instance: &str, scope: &str) -> String {
        let path = format!("/instances/{instance}/private/token");
        let answer = self
            .post(&path, &json!({ "scope": scope }))
            .basic(instance, PASSWORD)
            .send()
            .await;
        answer.expect(200)["access_token"]
            .as_str()
            .expect("a token")
            .to_owned()
    }

    /// Creates an instance with the usual password and returns a token with all rights.
    pub async fn shop(&self, id: &str) -> String {
        let admin = self.admin_token("all").await;
        self.post("/management/instances", &instance(id))
            .bearer(&admin)
            .send()
            .await
            .expect(204);
        self.token(id, "all").await
    }
}

/// The settings of an instance with the usual password.
pub fn instance(id: &str) -> Value {
    json!({
        "id": id, "name": format!("Shop {id}"), "auth": { "method": "token", "password": PASSWORD },
        "address": { "country": "CH" }, "jurisdiction": {}, "use_stefan": true,
    })
}

/// How often a test of what happens at the same time is to be repeated: `KONTOR_TEST_REPETITIONS`, which `make soak` sets.
pub fn repetitions() -> usize {
    let set = std::env::var("KONTOR_TEST_REPETITIONS").ok();
    set.map_or(3, |set| {
        set.parse().expect("KONTOR_TEST_REPETITIONS: a number")
    })
}
