//! What generators make of the documents has the names that the documents give, and none that a generator had to invent.

use std::{collections::BTreeSet, fs, path::Path};

use regex::Regex;
use serde_json::Value;

use super::Libraries;

const APIS: [&str; 2] = ["merchant", "challenger"];

/// What a name contains that a generator made up, since the document had none, one twice, or one that it cannot write.
const INVENTED: &str = concat!(
    r"(?i:inline)|AnyOf|OneOf|AllOf|anyof|oneof|allof|[0-9]{3}_?[Rr]esponse|Value[0-9]|Object[0-9]|Response[0-9]",
    r"|Request[0-9]|Body[0-9]|Model[0-9]|Enum[0-9]|Type_?[0-9]|Colon|Slash|LessThan|^Model[A-Z0-9]$|model_|_[0-9]+$",
);

/// The operation's name where words are divided by underscores.
fn snake(id: &str) -> String {
    let mut name = String::new();
    for letter in id.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

fn pascal(id: &str) -> String {
    id[..1].to_ascii_uppercase() + &id[1..]
}

fn operations(document: &Value) -> Vec<&str> {
    let paths = document["paths"].as_object().expect("paths").values();
    let methods = paths.flat_map(|item| item.as_object().expect("operations").values());
    let ids: Vec<_> = methods
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    assert!(ids.len() > 10, "{ids:?}");
    ids
}

/// The text of all files below a folder that end so.
fn sources(folder: &Path, ending: &str) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            text += &sources(&path, ending);
        } else if path.to_string_lossy().ends_with(ending) {
            text += &fs::read_to_string(&path).expect("a text");
        }
    }
    text
}

#[test]
fn every_operation_is_a_method_with_its_id() {
    let libraries = Libraries::of_this_program();
    for api in APIS {
        let below =
            |language: &str, ending| sources(&libraries.folder.join(language).join(api), ending);
        let typescript = libraries.read(&format!("typescript/{api}.d.ts"));
        let (rust, go) = (below("rust", ".rs"), below("go", ".go"));
        let python: BTreeSet<_> = modules(&libraries.folder.join("python").join(api)).collect();
        for id in operations(&libraries.document(api)) {
            let (snake, pascal) = (snake(id), pascal(id));
            assert!(
                typescript.contains(&format!("\n    {id}: {{\n")),
                "TypeScript: {id}"
            );
            assert!(python.contains(&snake), "Python: {id}");
            assert!(
                rust.contains(&format!("pub async fn {snake}(")),
                "Rust: {id}"
            );
            assert!(
                go.contains(&format!("Service) {pascal}(ctx context.Context")),
                "Go: {id}"
            );
        }
    }
}

/// The names of the modules of a package's operations.
fn modules(package: &Path) -> impl Iterator<Item = String> {
    let folders = |folder: &Path| -> Vec<_> {
        let entries = fs::read_dir(folder).expect("a folder");
        entries
            .map(|entry| entry.expect("an entry").path())
            .collect()
    };
    let name = format!("kontor_{}", package.file_name().expect("a name").display());
    let tags = folders(&package.join(name).join("api"));
    let files = tags
        .into_iter()
        .filter(|tag| tag.is_dir())
        .flat_map(move |tag| folders(&tag));
    files.filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
}

/// No object is dropped for its name or its content.
#[test]
fn every_object_is_a_type_with_its_name() {
    let libraries = Libraries::of_this_program();
    for api in APIS {
        let typescript = libraries.read(&format!("typescript/{api}.d.ts"));
        let python = sources(&libraries.folder.join("python").join(api), ".py");
        let document = libraries.document(api);
        for (name, schema) in document["components"]["schemas"]
            .as_object()
            .expect("schemas")
        {
            let ty = format!("\nexport type {name} = components['schemas']['{name}'];\n");
            assert!(typescript.contains(&ty), "TypeScript: {name}");
            if schema.get("properties").is_some() {
                assert!(
                    python.contains(&format!("\nclass {name}:\n")),
                    "Python: {name}"
                );
            }
        }
    }
}

#[test]
fn no_name_is_invented() {
    let libraries = Libraries::of_this_program();
    let invented = Regex::new(INVENTED).expect("an expression");
    for (language, ending, declaration) in [
        (
            "typescript",
            ".ts",
            r"(?m)^export (?:type|interface|enum) (\w+)",
        ),
        ("python", ".py", r"(?m)^(?:class (\w+)|(\w+) = Literal\[)"),
        (
            "rust",
            ".rs",
            r"(?m)^(?:pub (?:struct|enum|async fn) (\w+)|    ([A-Z]\w*)(?:\(.*)?,$)",
        ),
        (
            "go",
            ".go",
            r"(?m)^(?:type (\w+) |func (?:\(.*\) )?([A-Z]\w*)\(|\t(\w+) \w+ = )",
        ),
    ] {
        let text = sources(&libraries.folder.join(language), ending);
        let declaration = Regex::new(declaration).expect("an expression");
        let names = declaration.captures_iter(&text).map(|captures| {
            let name = captures.iter().skip(1).flatten().next();
            name.expect("a name").as_str()
        });
        let names: BTreeSet<_> = names.collect();
        assert!(names.len() > 80, "{language}: {names:?}");
        let bad: Vec<_> = names
            .iter()
            .filter(|name| invented.is_match(name))
            .collect();
        assert!(bad.is_empty(), "{language}: {bad:?}");
    }
}
