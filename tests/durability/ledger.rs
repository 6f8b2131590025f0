//! What a client asked for and was told, kept where the server cannot lose it, and held against what the server knows later.

use serde_json::json;

use super::{
    client::{Ask, Client},
    service::text,
};
use crate::support::{Answer, PASSWORD};

/// How far a request came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It was never sent.
    #[default]
    Never,
    /// It was sent, and not answered: either outcome is right.
    Asked,
    /// It was answered with success.
    Done,
}

/// All that happened to one instance.
#[derive(Clone, Debug, Default)]
pub struct Account {
    pub id: String,
    pub created: State,
    /// The name that was acknowledged last, and the one that was asked for last.
    pub names: [u32; 2],
    pub token: Option<String>,
    /// A token that was ended, or was to be.
    pub ended: Option<(String, State)>,
    pub device: State,
    pub purged: State,
}

impl Account {
    pub fn new(id: String) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }

    /// How many writes were acknowledged.
    pub fn acknowledged(&self) -> usize {
        let ended = self
            .ended
            .as_ref()
            .map_or(State::Never, |(_, state)| *state);
        let states = [self.created, self.device, self.purged, ended];
        let done = states.iter().filter(|state| **state == State::Done).count();
        let names = usize::try_from(self.names[0]).expect("a small number");
        done + names + usize::from(self.token.is_some()) + usize::from(self.ended.is_some())
    }

    /// Holds it against what the server says.
    pub async fn check(&self, client: &mut Client, admin: &str) {
        let show = Ask::get(format!("/management/instances/{}", self.id)).bearer(admin);
        let shown = client.send(show).await;
        let is_there = shown.status == 200;
        match (self.created, self.purged) {
            (State::Never, _) | (_, State::Done) => assert!(!is_there, "{self:?}"),
            (State::Done, State::Never) => assert!(is_there, "lost: {self:?}"),
            (State::Asked, _) | (_, State::Asked) => {}
        }
        if is_there {
            self.check_present(client, &shown).await;
        } else {
            shown.refuses(404, 2000);
        }
    }

    async fn check_present(&self, client: &mut Client, shown: &Answer) {
        let name = text(&shown.json()["name"]);
        let names = self.names.map(|number| format!("name {number}"));
        assert!(names.contains(&name), "{name}: {self:?}");
        // Whoever is there can log in: an instance without its credential would be half of one.
        let login = Ask::post(self.path("token"), &json!({ "scope": "readonly" }));
        let login = client.send(login.basic(&self.id, PASSWORD)).await;
        assert_eq!(login.status, 200, "{self:?}");
        if let Some(token) = &self.token {
            assert_eq!(self.status_with(client, token).await, 200, "{self:?}");
            let device = Ask::get(self.path("otp-devices/till")).bearer(token);
            let is_there = client.send(device).await.status == 200;
            match self.device {
                State::Never => assert!(!is_there, "{self:?}"),
                State::Asked => {}
                State::Done => assert!(is_there, "lost: {self:?}"),
            }
        }
        if let Some((token, state)) = &self.ended {
            let status = self.status_with(client, token).await;
            match state {
                State::Never => assert_eq!(status, 200, "{self:?}"),
                State::Asked => assert!([200, 401].contains(&status), "{self:?}"),
                State::Done => assert_eq!(status, 401, "came to life again: {self:?}"),
            }
        }
    }

    async fn status_with(&self, client: &mut Client, token: &str) -> u16 {
        let own = Ask::get(format!("/instances/{}/private", self.id));
        client.send(own.bearer(token)).await.status.as_u16()
    }

    pub fn path(&self, name: &str) -> String {
        format!("/instances/{}/private/{name}", self.id)
    }
}
