//! Kontor: a self-hosted server for two GNU Taler APIs, the Merchant Backend and the Challenger.
//!
//! A request passes these layers, from the outside in, none skipped and none visited twice:
//!
//! | module | what it does |
//! | --- | --- |
//! | [`server`] | listeners, mounts, shutdown |
//! | [`http`] | request id, access log, limits, codings, errors: what every request passes |
//! | `kontor_openapi` | generated from the documents: routes, permissions, strict wire types |
//! | [`merchant`] | one file per tag of the document: its operations |
//! | [`challenger`] | the other service, which proves that a person receives messages at an address |
//! | [`auth`] | credentials, password hashes, tokens, scopes |
//! | [`db`] | every SQL statement, behind two doors |
//! | [`domain`] | rules without input or output: accounts, hashes, signatures |
//!
//! Beside them: [`config`] (settings), [`cli`] (the verbs), [`mfa`] (the second factor), [`tan`] (confirmation codes and how
//! they reach people), [`audit`] (what is remembered of logins and changes), [`logging`], [`traces`], [`app`] (all that an operation
//! holds), [`error`] (what can go wrong, and its one table to status and code), [`secrets`] (the key file), [`clock`] and [`random`] (so that tests can
//! move one and seed the other), [`sweep`] (what has ended), [`doctor`] (what goes wrong at night), [`exchange`] (the payment
//! providers and their keys), [`management`] and [`metrics`] (for the operator).
//!
//! Rules: time and randomness come from the [`app::App`]; one request is one transaction; what an operation may do is said
//! by the document alone.

pub mod app;
pub mod audit;
pub mod auth;
pub mod challenger;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod doctor;
pub mod documentation;
pub mod domain;
pub mod error;
pub mod exchange;
pub mod http;
pub mod kyc;
pub mod legal;
pub mod logging;
pub mod management;
pub mod merchant;
pub mod metrics;
pub mod mfa;
pub mod random;
pub mod secrets;
pub mod server;
pub mod sweep;
pub mod tan;
pub mod traces;
