//! Notes which answers of which operations the suite has seen, for the coverage test that runs after it.

use std::{
    collections::HashSet,
    fs,
    io::Write as _,
    path::PathBuf,
    sync::{LazyLock, Mutex},
};

use kontor_openapi::Operation;

/// The folder of the notes; each process of the suite writes a file of its own.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("answers")
}

/// Notes an answer.
pub fn note(operation: Option<&Operation>, status: u16, code: Option<u16>) {
    static SEEN: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    let Some(operation) = operation else { return };
    // A refusal with a body of its own is documented as a reply, without a code.
    let code = code.filter(|_| !operation.successes.contains(&status));
    let line = format!("{} {status} {}\n", operation.id, code.unwrap_or_default());
    if SEEN
        .lock()
        .expect("no test panics here")
        .insert(line.clone())
    {
        let folder = folder();
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join(std::process::id().to_string());
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .expect("a file");
        file.write_all(line.as_bytes()).expect("a note");
    }
}
