//! What `docs/backup.md` shows, lived through: an operator makes backups, loses a machine, moves, and changes to a new release.

use super::{page::Page, reader::Reader};
use crate::cli::program::{Place, on_place};

const PAGE: Page = Page(include_str!("../../docs/backup.md"));

/// Where the page's commands find what they speak of.
fn set_out(reader: &mut Reader, place: &Place, shared: &Place) {
    reader.run(&place.as_command());
    let shared = shared.folder.path().display();
    reader.run(&format!(
        "BACKUPS='{shared}/backups' SAFE='{shared}/safe' KEY_FILE='{}'",
        place.path("kontor.key").display()
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_restore_and_moving_work_as_printed() {
    let shared = Place::new();
    for folder in ["backups", "safe"] {
        std::fs::create_dir(shared.path(folder)).expect("a folder");
    }
    let blocks = PAGE.blocks("sh");
    let [backup, key_file, nightly, check, restore, copy, change] = &blocks[..] else {
        panic!("the page has other steps: {blocks:#?}");
    };
    on_place(async |lost| {
        lost.create_instance("admin");
        let server = lost.start(&["serve"], &[]);
        server.merchant_url();
        let mut reader = Reader::new("");
        set_out(&mut reader, lost, &shared);
        let printed = reader.run(backup);
        assert!(printed.contains("is whole"), "{printed}");
        reader.run(key_file);
        reader.run(nightly);
        let printed = reader.run(check);
        assert!(printed.contains("kontor.key fits"), "{printed}");
        let printed = reader.run(change);
        assert!(printed.contains("The tables are up to date."), "{printed}");
        server.stop("-TERM");
    })
    .await;
    on_place(async |new| {
        let mut reader = Reader::new("");
        set_out(&mut reader, new, &shared);
        let printed = reader.run(restore);
        assert!(printed.contains("Restored"), "{printed}");
        assert!(printed.contains("admin"), "{printed}");
        on_place(async |moved| {
            let file = format!("sqlite://{}", moved.path("kontor.db").display());
            let url = moved.url.clone().unwrap_or(file);
            std::fs::write(shared.path("safe/postgres-url"), url).expect("an address");
            let printed = reader.run(copy);
            assert!(printed.contains("every table arrived"), "{printed}");
            // Where nothing but the configuration says which database it is.
            let place = Place::new();
            std::fs::copy(new.path("kontor.key"), place.path("kontor.key")).expect("a key file");
            let configuration = PAGE.blocks("toml")[0];
            let there = shared.path("safe/postgres-url").display().to_string();
            let configuration = configuration.replace("/run/secrets/postgres-url", &there);
            std::fs::write(place.path("kontor.toml"), configuration).expect("a configuration");
            let server = place.start(&["serve"], &[]);
            server.merchant_url();
            assert!(place.output(&["instance", "list"]).contains("admin"));
            assert!(server.stop("-TERM").0.success(), "{}", place.log());
        })
        .await;
    })
    .await;
}
