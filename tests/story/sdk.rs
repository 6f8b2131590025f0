//! What `docs/sdk.md` shows, lived through: a newcomer makes the first call in each language.

use std::path::Path;

use serde_json::Value;

use super::{page::Page, reader::Reader, second_factor};
use crate::{
    cli::program::on_place,
    sdk::{Libraries, PATIENCE},
};

const PAGE: Page = Page(include_str!("../../docs/sdk.md"));

/// The part of the page below a heading.
fn section(heading: &str) -> Page {
    let (_, rest) = PAGE.0.split_once(heading).expect("a heading");
    Page(rest.split("\n##").next().expect("its text"))
}

/// What the page wants to be told, and that neither pip, npm nor cargo asks anybody for what is there already.
fn settings(libraries: &Libraries) -> String {
    let wheels = libraries.generators().join("wheels");
    let variables = [
        ("SDK", &*libraries.folder),
        ("PASSWORD", Path::new("sesame")),
        ("PIP_NO_INDEX", Path::new("1")),
        ("PIP_FIND_LINKS", &wheels),
        ("PIP_DISABLE_PIP_VERSION_CHECK", Path::new("1")),
        ("npm_config_prefer_offline", Path::new("true")),
        ("npm_config_audit", Path::new("false")),
        ("npm_config_fund", Path::new("false")),
        ("npm_config_update_notifier", Path::new("false")),
        ("CARGO_TARGET_DIR", &libraries.rust_target()),
        ("CARGO_NET_OFFLINE", Path::new("true")),
        ("CARGO_PROFILE_DEV_DEBUG", Path::new("0")),
    ];
    let export = |(name, value): (&str, &Path)| format!("export {name}='{}'\n", value.display());
    variables.map(export).concat()
}

/// Follows the page in one language: it installs, writes the program, and runs it.
async fn follow(heading: &str, language: &str, file: &str, shop: &str, more: &str) {
    let libraries = Libraries::of_this_program();
    on_place(async |place| {
        place.create_instance("admin");
        let server = place.start(&["serve"], &[]);
        let mut reader = Reader::patient(&server.merchant_url(), PATIENCE);
        reader.run(&settings(&libraries));
        let section = section(heading);
        assert!(
            section
                .0
                .contains(&format!("\n`{file}`:\n\n```{language}\n")),
            "{file}"
        );
        let (commands, program) = (section.blocks("sh"), section.blocks(language));
        let ([install, run], [program]) = (&commands[..], &program[..]) else {
            panic!("the page has other steps: {commands:#?}");
        };
        reader.run(install);
        write(&mut reader, file, program);
        let printed = reader.run(run);
        assert_eq!(printed, format!("admin admin\n{shop}\n"));
        reader.run(more);
        assert!(server.stop("-TERM").0.success(), "{}", place.log());
    })
    .await;
}

/// Whoever mistypes the password is told what is wrong, in this way.
fn refused(run: &str, told: &str) -> String {
    format!(
        "told=$(PASSWORD=wrong {run} 2>&1) && exit 1\n\
         case $'\\n'$told in *'{told}'*) ;; *) echo \"$told\" >&2 && exit 1 ;; esac"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_call_in_typescript_works_as_printed() {
    follow(
        "### TypeScript\n",
        "ts",
        "shop.mts",
        "green-tea Green Tea",
        &refused("node shop.mjs", "Error: 2015: "),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_call_in_python_works_as_printed() {
    follow(
        "### Python\n",
        "python",
        "shop.py",
        "black-tea Black Tea",
        &refused("python/bin/python shop.py", "\n2015: "),
    )
    .await;
}

/// And the other crate compiles, too.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_call_in_rust_works_as_printed() {
    let workspace = Libraries::of_this_program().folder.join("rust/Cargo.toml");
    let fetch = std::process::Command::new("cargo")
        .args(["fetch", "--quiet", "--locked", "--manifest-path"])
        .arg(workspace)
        .status();
    assert!(fetch.expect("cargo").success());
    let more = "cargo add --quiet --no-default-features --path \"$SDK/rust/challenger\"\ncargo build --quiet";
    follow(
        "### Rust\n",
        "rust",
        "src/main.rs",
        "white-tea White Tea",
        more,
    )
    .await;
}

/// Puts a program of the page into its file.
fn write(reader: &mut Reader, file: &str, program: &str) {
    reader.run(&format!(
        "cat >{file} <<'END OF THE FILE'\n{program}END OF THE FILE"
    ));
}

/// The newest code that was sent, once there are so many; it is given up before the reader is.
const CODE: &str = r#"
code() {
    for _ in {1..600}; do
        [ "$(wc -l <"$SPOOL" 2>/dev/null || echo 0)" -lt "$1" ] || break
        sleep 0.1
    done
    tail -n 1 "$SPOOL" | sed 's/.*"tan":"\([^"]*\)".*/\1/'
}
"#;

/// Follows the page in one language to a login with a code, by a shop that signed up.
async fn log_in(first: &str, heading: &str, language: &str, file: &str) {
    let libraries = Libraries::of_this_program();
    on_place(async |place| {
        let spool = place.path("sent.jsonl").display().to_string();
        let server = place.start(
            &["serve"],
            &[
                ("KONTOR_MERCHANT__SELF_PROVISIONING", "true"),
                ("KONTOR_TAN__EMAIL__SPOOL", &spool),
            ],
        );
        let mut reader = Reader::patient(&server.merchant_url(), PATIENCE);
        reader.run(&settings(&libraries));
        reader.run(&format!("SPOOL='{spool}'{CODE}"));
        reader.run(&second_factor::sign_up("CODE=$(code 1)"));
        for setting in ["export SHOP_ID=", "export SHOP_PASSWORD="] {
            reader.run(PAGE.line(setting));
        }
        reader.run(section(first).blocks("sh")[0]);
        let section = section(heading);
        assert!(section.0.contains(&format!("`{file}`:\n\n```{language}\n")));
        let (commands, program) = (section.blocks("sh"), section.blocks(language));
        let ([run], [program]) = (&commands[..], &program[..]) else {
            panic!("the page has other steps: {commands:#?}");
        };
        write(&mut reader, file, program);
        let printed = reader.run(&format!("{} < <(code 2)", run.trim_end()));
        assert!(printed.starts_with("Code sent to a***@"), "{printed}");
        assert!(printed.ends_with(": This is Tea House\n"), "{printed}");
        // Whoever mistypes the code is told so, too.
        let run = run.lines().last().expect("a command");
        reader.run(&format!(
            "told=$({run} < <(echo 0000-0000) 2>&1) && exit 1\n\
             case $told in *'2125: '*) ;; *) echo \"$told\" >&2 && exit 1 ;; esac"
        ));
        assert!(server.stop("-TERM").0.success(), "{}", place.log());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_with_a_code_in_typescript_works_as_printed() {
    let heading = "### With a code in TypeScript\n";
    log_in("### TypeScript\n", heading, "ts", "login.mts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_with_a_code_in_python_works_as_printed() {
    let heading = "### With a code in Python\n";
    log_in("### Python\n", heading, "python", "login.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_are_printed_as_printed() {
    on_place(async |place| {
        let mut reader = Reader::new("http://127.0.0.1");
        reader.run(&place.as_command());
        let printed = section("## What stays the same\n").blocks("sh").concat();
        reader.run(&printed);
        for (file, version) in [("merchant.json", "3.1.0"), ("challenger-3.0.json", "3.0.3")] {
            let document: Value =
                serde_json::from_str(&reader.run(&format!("cat {file}"))).expect("JSON");
            assert_eq!(document["openapi"], version, "{file}");
        }
    })
    .await;
}

/// The versions on the page are those that the libraries are made and tested with.
#[test]
fn the_page_names_the_locked_versions() {
    let lock: Value =
        serde_json::from_str(include_str!("../../openapi/sdk/typescript/package.json"))
            .expect("JSON");
    for name in ["openapi-fetch", "typescript", "@types/node"] {
        let version = lock["dependencies"][name].as_str().expect("a version");
        assert!(PAGE.0.contains(&format!(" {name}@{version}")), "{name}");
    }
    let made = |name: &str, version: &str| {
        let (minor, _) = version.rsplit_once('.').expect("a version");
        assert!(PAGE.0.contains(&format!("{name} {minor}")), "{name}");
    };
    made(
        "openapi-typescript",
        lock["dependencies"]["openapi-typescript"]
            .as_str()
            .expect("a version"),
    );
    for line in include_str!("../../openapi/sdk/python/generators.in").lines() {
        if let Some((name, version)) = line
            .split_once("==")
            .filter(|(name, _)| name.starts_with("openapi"))
        {
            made(name.trim_end_matches("-cli"), version);
        }
    }
}
