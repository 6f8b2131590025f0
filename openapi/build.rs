//! Compiles the documents into Rust.

use std::{env, error::Error, fs, path::Path};

use kontor_openapi_codegen::{Document, error_codes, generate, generate_types};

fn main() -> Result<(), Box<dyn Error>> {
    let out = env::var("OUT_DIR")?;
    let out = Path::new(&out);
    println!("cargo::rerun-if-changed=error-codes.tsv");
    let codes = error_codes(Path::new("error-codes.tsv"))?;
    fs::write(out.join("error_code.rs"), codes.generate())?;
    for (folder, name) in [
        (".", "merchant"),
        (".", "challenger"),
        ("tests/fixture", "fixture"),
    ] {
        let document = load(folder, name)?;
        fs::write(out.join(format!("{name}.rs")), generate(&document, &codes)?)?;
        write_document(out, &document)?;
    }
    let common = load(".", "common")?;
    fs::write(out.join("common.rs"), generate_types(&common)?)?;
    write_document(out, &common)
}

fn load(folder: &str, name: &str) -> Result<Document, Box<dyn Error>> {
    let document = Document::load(&Path::new(folder).join(format!("{name}.yaml")))?;
    for file in document.files() {
        println!("cargo::rerun-if-changed={folder}/{file}");
    }
    Ok(document)
}

fn write_document(out: &Path, document: &Document) -> Result<(), Box<dyn Error>> {
    let text = serde_json::to_string_pretty(&document.bundle()?)?;
    fs::write(out.join(format!("{}.json", document.stem())), text)?;
    Ok(())
}
