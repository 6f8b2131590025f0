//! Clients that write as long as they are answered.

use std::{net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::{
    client::{Ask, Client},
    ledger::{Account, State},
    service::{named, text},
};
use crate::support::{PASSWORD, instance};

/// How often each instance gets another name.
const NAMES: u32 = 3;

/// Writers at work; they end by themselves when nobody answers them any more.
pub struct Writers {
    tasks: Vec<JoinHandle<Vec<Account>>>,
    acknowledged: watch::Receiver<usize>,
}

impl Writers {
    /// Begins with so many at once. The word is part of the names of what they make.
    pub fn start(address: SocketAddr, admin: &str, word: &str, count: usize) -> Self {
        let (count_up, acknowledged) = watch::channel(0);
        let start = |number: usize| {
            let writer = Writer {
                client: Client::new(address),
                admin: admin.to_owned(),
                acknowledged: count_up.clone(),
            };
            tokio::spawn(writer.run(format!("{word}-{number}")))
        };
        Self {
            tasks: (0..count).map(start).collect(),
            acknowledged,
        }
    }

    /// Waits until so many writes were acknowledged.
    pub async fn until(&mut self, count: usize) {
        let enough = self
            .acknowledged
            .wait_for(|acknowledged| *acknowledged >= count);
        let enough = timeout(Duration::from_secs(60), enough).await;
        enough.expect("writes in time").expect("writers");
    }

    /// What they asked for, once they have all noticed that nobody answers.
    pub async fn end(self) -> Vec<Account> {
        let accounts = join_all(self.tasks).await.into_iter();
        accounts
            .flat_map(|accounts| accounts.expect("a writer without complaints"))
            .collect()
    }
}

struct Writer {
    client: Client,
    admin: String,
    acknowledged: watch::Sender<usize>,
}

impl Writer {
    async fn run(mut self, word: String) -> Vec<Account> {
        let mut accounts = Vec::new();
        for number in 0.. {
            let mut account = Account::new(format!("{word}-{number}"));
            let went_on = self.live(&mut account, number % 3 == 2).await.is_some();
            accounts.push(account);
            if !went_on {
                break;
            }
        }
        accounts
    }

    /// All that happens to one instance; `None` as soon as a request is not answered.
    async fn live(&mut self, account: &mut Account, is_purged: bool) -> Option<()> {
        let mut settings = instance(&account.id);
        settings["name"] = json!("name 0");
        account.created = State::Asked;
        let create = Ask::post("/management/instances", &settings).bearer(&self.admin);
        self.write(create, 204).await?;
        account.created = State::Done;
        let token = self.log_in(account).await?;
        account.token = Some(token.clone());
        for number in 1..=NAMES {
            account.names[1] = number;
            let own = format!("/instances/{}/private", account.id);
            let rename = Ask::patch(own, &named(&format!("name {number}")));
            self.write(rename.bearer(&token), 204).await?;
            account.names[0] = number;
        }
        account.device = State::Asked;
        let device = json!({
            "otp_device_id": "till", "otp_device_description": "Till",
            "otp_key": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "otp_algorithm": 1,
        });
        let add = Ask::post(account.path("otp-devices"), &device);
        self.write(add.bearer(&token), 204).await?;
        account.device = State::Done;
        let other = self.log_in(account).await?;
        account.ended = Some((other.clone(), State::Asked));
        let end = Ask::delete(account.path("token")).bearer(&other);
        self.write(end, 204).await?;
        account.ended = Some((other, State::Done));
        if is_purged {
            account.purged = State::Asked;
            let purge = format!("/instances/{}/private?purge=YES", account.id);
            self.write(Ask::delete(purge).bearer(&token), 204).await?;
            account.purged = State::Done;
        }
        Some(())
    }

    async fn log_in(&mut self, account: &Account) -> Option<String> {
        let body = json!({ "scope": "all", "duration": { "d_us": "forever" } });
        let login = Ask::post(account.path("token"), &body);
        let answer = self.write(login.basic(&account.id, PASSWORD), 200).await?;
        Some(text(&answer["access_token"]))
    }

    /// What a write is acknowledged with; `None` where it is not, because server or database are gone.
    async fn write(&mut self, ask: Ask, status: u16) -> Option<Value> {
        let answer = self.client.try_send(ask).await?;
        if answer.status.is_server_error() {
            return None;
        }
        let body = answer.expect(status);
        self.acknowledged.send_modify(|count| *count += 1);
        Some(body)
    }
}
