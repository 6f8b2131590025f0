//! What the documentation says of it.

use kontor::doctor::table;
use snapbox::{Data, IntoData as _};

use crate::cli::program::Place;

#[test]
fn the_page_lists_every_finding() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/doctor.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let (before, _) = page.split_once("| finding |").expect("the table");
    snapbox::assert_data_eq!(
        format!("{before}{}", table()).raw(),
        Data::read_from(path.as_ref(), None).raw()
    );
}

#[test]
fn the_commands_of_the_page_work() {
    let place = Place::new();
    place.create_instance("admin");
    let page = include_str!("../../../docs/doctor.md");
    let blocks: Vec<&str> = page.split("```sh\n").skip(1).collect();
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let (command, _) = block.split_once("\n```").expect("its end");
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        place.kontor(&words).assert().success();
    }
}
