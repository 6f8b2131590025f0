//! What Kontor promises for bad days, tried out on the built program: killed, cut off from its database, out of disk, with a clock
//! that jumps, crowded, and beside another server. `make durability` runs it on both databases; each test prints its figures.
//!
//! The tests measure time and take whole machines, so that one runs at a time: see [`figures::turn`].

#[path = "durability/client.rs"]
mod client;
#[path = "durability/clock.rs"]
mod clock;
#[path = "durability/cluster.rs"]
mod cluster;
#[path = "durability/commits.rs"]
mod commits;
#[path = "durability/crowds.rs"]
mod crowds;
#[path = "durability/figures.rs"]
mod figures;
#[path = "durability/full_disk.rs"]
mod full_disk;
#[path = "durability/full_log.rs"]
mod full_log;
#[path = "durability/kills.rs"]
mod kills;
#[path = "durability/ledger.rs"]
mod ledger;
#[path = "durability/outages.rs"]
mod outages;
#[path = "durability/pair.rs"]
mod pair;
#[path = "durability/planting.rs"]
mod planting;
#[path = "durability/provider.rs"]
mod provider;
#[path = "durability/proxy.rs"]
mod proxy;
#[path = "durability/secrets.rs"]
mod secrets;
#[path = "durability/service.rs"]
mod service;
#[path = "durability/two_servers.rs"]
mod two_servers;
#[path = "durability/writers.rs"]
mod writers;

#[expect(dead_code, reason = "the suite uses the rest")]
#[path = "cli/program.rs"]
mod program;
#[expect(dead_code, unused_imports, reason = "the suite uses the rest")]
#[path = "support/mod.rs"]
mod support;
#[expect(dead_code, reason = "the suite uses the rest")]
#[path = "database/support.rs"]
mod test_database;

/// Where the suite has them.
mod cli {
    pub(crate) use crate::program;
}

/// Where the suite has it.
mod database {
    pub(crate) use crate::test_database as support;
}
