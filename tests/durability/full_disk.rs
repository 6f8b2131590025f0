//! The disk is full: writes are refused as the document says, reads go on, nothing is damaged, and room is all it takes to go on.

use std::{path::PathBuf, process::Command, time::Duration};

use kontor::clock::Clock;
use serde_json::json;

use super::{
    client::Ask,
    figures::{say, turn},
    kills::is_whole,
    service::{Service, Site, named, text},
};
use crate::{cli::program::Place, database::support::postgres_url};

const OWN: &str = "/instances/shop/private";

/// After how many writes the disk must be full.
const WRITES: u32 = 200;

/// Time to notice that there is room again.
const RECOVERY: Duration = Duration::from_secs(10);

/// Writes until the disk is full, makes room, and goes on; says what was seen.
async fn fill(site: &Site, service: Service, settings: &[(&str, &str)], room: Room<'_>) -> String {
    let token = service.shop("shop").await;
    let mut client = service.client();
    let write = |number: u32| {
        let mut settings = named(&format!("name {number}"));
        settings["logo"] = json!(logo(number));
        Ask::patch(OWN, &settings).bearer(&token)
    };
    client.send(write(0)).await.expect(204);
    (room.shrink)(&service);
    let mut acknowledged = 0;
    let mut refused = Vec::new();
    for number in 1..=WRITES {
        let answer = client.send(write(number)).await;
        match answer.status.as_u16() {
            204 => acknowledged = number,
            _ => refused.push(answer.expect(500)["code"].as_u64().expect("a code")),
        }
        if refused.len() == 20 {
            break;
        }
    }
    assert_eq!(refused.len(), 20, "{acknowledged} writes went through");
    let documented = |code: &u64| (51..=56).contains(code);
    assert!(refused.iter().all(documented), "{refused:?}");
    let name = async || {
        let read = Ask::get(OWN).bearer(&token);
        text(&service.client().send(read).await.expect(200)["name"])
    };
    assert_eq!(name().await, format!("name {acknowledged}"));
    assert_eq!(service.management("/livez").await.0, 200);

    (room.make)(&service);
    let stopwatch = Clock::system().stopwatch();
    while client.send(write(WRITES + 1)).await.status != 204 {
        assert!(stopwatch.elapsed() < RECOVERY, "it does not go on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let recovered = stopwatch.elapsed();
    is_whole(site).await;
    assert_eq!(name().await, format!("name {}", WRITES + 1));
    service.process.stop("-KILL");
    let service = site.serve(settings);
    let read = Ask::get(OWN).bearer(&token);
    let shown = service.client().send(read).await.expect(200);
    assert_eq!(shown["name"], format!("name {}", WRITES + 1));
    is_whole(site).await;
    assert!(service.process.stop("-TERM").0.success());
    format!(
        "full after {acknowledged} writes, then 20 refusals {refused:?}; wrote again after {recovered:.1?}"
    )
}

/// How the disk becomes full, and how room is made.
struct Room<'a> {
    shrink: &'a dyn Fn(&Service),
    make: &'a dyn Fn(&Service),
}

/// An image of 200 KiB that cannot be compressed.
fn logo(number: u32) -> String {
    let mut state = u64::from(number) + 0x9e37_79b9;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take(200 * 1024 * 3 / 4 / 8)
    .flatten()
    .collect();
    let text = data_encoding::BASE64.encode(&bytes);
    format!("data:image/png;base64,{text}")
}

/// Files may have 3 MiB and no more: the database's, and the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_may_not_grow_refuse_writes_and_nothing_else() {
    let _turn = turn().await;
    const LIMIT: &str = "3145728";
    let site = Site::new();
    let service = site.serve(&[]);
    let limit = |service: &Service, limit: &str| match &site.cluster {
        None => service.limit("fsize", limit),
        Some(cluster) => cluster.limit("fsize", limit),
    };
    let room = Room {
        shrink: &|service| limit(service, LIMIT),
        make: &|service| limit(service, "unlimited"),
    };
    let seen = fill(&site, service, &[], room).await;
    say("files of 3 MiB at most", seen);
}

/// A disk of a few MiB.
struct Disk(PathBuf);

impl Disk {
    /// None where this user may not mount one.
    fn mount(folder: PathBuf) -> Option<Self> {
        std::fs::create_dir(&folder).expect("a folder");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"])
            .arg(&folder)
            .output();
        let is_mounted = mount.is_ok_and(|output| output.status.success());
        is_mounted.then_some(Self(folder))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The kernel lets go of it with the last file that is open there.
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_and_nothing_else() {
    let _turn = turn().await;
    if postgres_url().is_some() {
        return;
    }
    let place = Place::new();
    let Some(disk) = Disk::mount(place.path("disk")) else {
        say("full disk", "left out: no disk can be mounted here");
        return;
    };
    let url = format!("sqlite://{}", disk.path("kontor.db").display());
    let site = Site {
        place: Place::on_database(&url),
        cluster: None,
    };
    let service = site.serve(&[]);
    let filler = disk.path("filler");
    let room = Room {
        shrink: &|_| {
            // As much as there is.
            let zeros = vec![0; 16 * 1024 * 1024];
            drop(std::fs::write(&filler, zeros));
        },
        make: &|_| std::fs::remove_file(&filler).expect("the filler"),
    };
    let seen = fill(&site, service, &[], room).await;
    say("SQLite on a full disk", seen);
}
