//! What the verbs on the database print, and how they refuse.

use std::net::TcpListener;

use serde_json::Value;
use snapbox::{IntoData as _, str};

use super::program::{Place, names_in, on_place};

#[tokio::test]
async fn migrate_tells_its_steps() {
    on_place(async |place| {
        let status = ["migrate", "status"];
        place.kontor(&status).assert().success().stdout_eq(str![[r#"
STEP                    STATE
m0001_instances         pending
m0002_second_factor     pending
m0003_audit             pending
m0004_bank_accounts     pending
m0005_otp_devices       pending
m0006_exchanges         pending
m0007_kyc               pending
m0008_challenger        pending
m0009_retention         pending
m0010_open_validations  pending
m0011_sweep             pending

"#]]);
        place
            .kontor(&["migrate"])
            .assert()
            .success()
            .stdout_eq(str![[r#"
The tables are up to date now; steps taken: m0001_instances, m0002_second_factor, m0003_audit, m0004_bank_accounts, m0005_otp_devices, m0006_exchanges, m0007_kyc, m0008_challenger, m0009_retention, m0010_open_validations, m0011_sweep.

"#]]);
        place
            .kontor(&["migrate"])
            .assert()
            .success()
            .stdout_eq(str![[r#"
The tables are up to date.

"#]]);
        let json = place.output(&["migrate", "status", "--json"]);
        let json: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(json["state"], "current");
        assert_eq!(json["steps"][0]["applied"], true);
        assert!(!place.path("kontor.key").exists(), "it needs no key file");
    })
    .await;
}

#[tokio::test]
async fn a_newer_database_is_left_alone() {
    on_place(async |place| {
        place.output(&["migrate"]);
        place
            .execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)")
            .await;
        let newer = str![[r#"
error: the database is newer than this program: it has the unknown steps m9999_future; run the newer program, or restore a backup that this one made

"#]];
        for verb in [&["serve"][..], &["migrate"], &["instance", "list"]] {
            place.kontor(verb).assert().code(5).stdout_eq("").stderr_eq(newer.clone());
        }
        let status = place.kontor(&["migrate", "status"]).assert().code(5);
        status.stderr_eq(newer).stdout_eq(str![[r#"
STEP                    STATE
m0001_instances         applied
m0002_second_factor     applied
m0003_audit             applied
m0004_bank_accounts     applied
m0005_otp_devices       applied
m0006_exchanges         applied
m0007_kyc               applied
m0008_challenger        applied
m0009_retention         applied
m0010_open_validations  applied
m0011_sweep             applied
m9999_future            unknown

"#]]);
    })
    .await;
}

#[tokio::test]
async fn serve_without_leave_to_migrate_says_who_may() {
    on_place(async |place| {
        std::fs::File::create(place.path("kontor.db")).expect("an empty database");
        let serve = place.kontor(&["serve", "--set", "database.migrate=false"]);
        serve.assert().code(5).stderr_eq(str![[r#"
error: the tables of the database are not those of this program; run `kontor migrate`

"#]]);
    })
    .await;
}

#[tokio::test]
async fn instances_live_and_end() {
    on_place(async |place| {
        place.create_instance("admin");
        let create = || {
            place
                .kontor(&["instance", "create", "shop", "--name", "My shop", "--password-stdin"])
                .stdin("sesame\n")
        };
        create().assert().success().stdout_eq(str![[r#"
Created the instance "shop": http://127.0.0.1:0/instances/shop/

"#]]);
        create().assert().success().stdout_eq(str![[r#"
The instance "shop" is there already, just so: http://127.0.0.1:0/instances/shop/

"#]]);
        create().stdin("other\n").assert().code(1).stderr_eq(str![[r#"
error: an instance "shop" exists already, with other settings or another password; nothing was changed

"#]]);
        place.output(&["token", "create", "shop", "--scope", "all", "--description", "till"]);
        place.kontor(&["token", "list", "shop"]).assert().success().stdout_eq(str![[r#"
SERIAL  SCOPE  CREATED               EXPIRES               DESCRIPTION
1       all    [..]Z  [..]Z  till

"#]]);
        place
            .kontor(&["instance", "passwd", "shop", "--password-stdin"])
            .stdin("open\n")
            .assert()
            .success()
            .stdout_eq(str![[r#"
Set the password of the instance "shop" and ended its access tokens.

"#]]);
        place.kontor(&["token", "list", "shop"]).assert().success().stdout_eq(str![[r#"
SERIAL  SCOPE  CREATED  EXPIRES  DESCRIPTION

"#]]);
        place.kontor(&["instance", "disable", "shop"]).assert().success().stdout_eq(str![[r#"
Disabled the instance "shop".

"#]]);
        place.kontor(&["instance", "list"]).assert().success().stdout_eq(str![[r#"
ID     STATE     NAME
admin  active    admin
shop   disabled  My shop

"#]]);
        let refused = ["token", "create", "shop", "--scope", "all"];
        place.kontor(&refused).assert().code(1).stderr_eq(str![[r#"
error: the instance "shop" is disabled; only "kontor instance delete" is possible

"#]]);
        place.kontor(&["instance", "delete", "shop"]).assert().code(2).stderr_eq(str![[r#"
error: there is no terminal to ask at whether it is meant; use --yes

"#]]);
        place.output(&["instance", "delete", "shop", "--yes"]);
        place.kontor(&["instance", "show", "shop"]).assert().code(1).stderr_eq(str![[r#"
error: there is no instance "shop"; "kontor instance list" shows them

"#]]);
    })
    .await;
}

#[tokio::test]
async fn what_is_shown_is_what_the_interface_shows() {
    on_place(async |place| {
        place.create_instance("shop");
        let shown = place.output(&["instance", "show", "shop", "--json"]);
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(shown["id"], "shop");
        assert_eq!(shown["deleted"], false);
        assert_eq!(shown["auth"]["method"], "token");
        let token = [
            "token",
            "create",
            "shop",
            "--scope",
            "all",
            "--refreshable",
            "--json",
            "--duration",
            "forever",
        ];
        let token: Value = serde_json::from_str(&place.output(&token)).expect("JSON");
        assert_eq!(token["scope"], "all:refreshable");
        assert_eq!(token["expiration"]["t_s"], "never");
        let tokens: Value =
            serde_json::from_str(&place.output(&["token", "list", "shop", "--json"]))
                .expect("JSON");
        assert_eq!(tokens["tokens"][0]["refreshable"], true);
        assert_eq!(tokens["tokens"][0]["serial"], 1);
        place
            .kontor(&["token", "revoke", "shop", "7"])
            .assert()
            .code(1)
            .stderr_eq(str![[r#"
error: the instance "shop" has no access token with the serial number 7

"#]]);
    })
    .await;
}

#[tokio::test]
async fn admin_stays() {
    on_place(async |place| {
        place.create_instance("admin");
        for verb in [
            &["instance", "disable", "admin"][..],
            &["instance", "delete", "admin", "--yes"],
        ] {
            place.kontor(verb).assert().code(1).stderr_eq(str![[r#"
error: the instance admin cannot be deleted; nothing was changed

"#]]);
        }
    })
    .await;
}

#[tokio::test]
async fn the_key_file_must_be_that_of_the_database() {
    on_place(async |place| {
        place.create_instance("admin");
        let key_file = place.path("kontor.key");
        let right = std::fs::read(&key_file).expect("the key file");
        std::fs::remove_file(&key_file).expect("a key file");
        for verb in [&["serve"][..], &["instance", "list"]] {
            place.kontor(verb).assert().code(3).stderr_eq(str![[r#"
error: the key file kontor.key is missing, and this database was written with one; restore it from its backup

"#]]);
        }
        let other = Place::new();
        other.create_instance("admin");
        std::fs::copy(other.path("kontor.key"), &key_file).expect("another key file");
        place.kontor(&["serve"]).assert().code(3).stderr_eq(str![[r#"
error: the key file kontor.key does not belong to this database: the database uses key [..], which is not in the key file

"#]]);
        std::fs::write(&key_file, right).expect("the right key file");
        place.output(&["instance", "list"]);
    })
    .await;
}

#[test]
fn verbs_that_look_make_nothing() {
    let place = Place::new();
    for verb in [&["instance", "list"][..], &["token", "list", "shop"]] {
        place.kontor(verb).assert().code(4).stderr_eq(str![[r#"
error: there is no database kontor.db yet; "kontor migrate" or the first "kontor serve" makes it

"#]]);
    }
    place.output(&["migrate", "status"]);
    place.kontor(&["instance", "create", "shop"]).assert().code(2).stderr_eq(str![[r#"
error: no password for instance "shop": there is no terminal to ask at; use --password-stdin or --password-file FILE

"#]]);
    assert!(names_in(place.folder.path()).is_empty());
}

#[test]
fn an_address_in_use_names_its_key() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let set = format!(
        "merchant.listen={}",
        taken.local_addr().expect("its address")
    );
    for verb in ["serve", "sandbox"] {
        // Not the code of a configuration, after which no supervisor starts it again: the address may be free a moment later.
        place.kontor(&[verb, "--set", &set]).assert().code(1).stdout_eq("").stderr_eq(str![[r#"
error: flag --set merchant.listen: cannot listen on 127.0.0.1:[..]: Address already in use (os error 98); set "merchant.listen" to another address, or end the program that has it

"#]]);
    }
}

#[test]
fn two_servers_do_not_share_a_file() {
    let place = Place::new();
    let first = place.start(&["serve"], &[]);
    first.merchant_url();
    place
        .kontor(&["serve"])
        .assert()
        .code(4)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: another server already runs on this database: [..]kontor.db-serve.lock is locked

"#]]);
    assert_eq!(first.stop("-TERM").0.code(), Some(0));
}

#[test]
fn databases_that_cannot_be_had_are_named() {
    let place = Place::new();
    std::fs::write(place.path("notes.txt"), "not a database at all").expect("a file");
    let serve = place.kontor(&["serve", "--set", "database.url=sqlite://notes.txt"]);
    serve.assert().code(4).stderr_eq(str![[r#"
error: sqlite://notes.txt: the database cannot be reached: file is not a database

"#]]);
    let url = "database.url=postgres://kontor:hunter2@127.0.0.1:1/kontor";
    let timeout = "database.acquire_timeout=1 s";
    let serve = place.kontor(&["serve", "--set", url, "--set", timeout]);
    let assert = serve.assert().code(4);
    let stderr = String::from_utf8(assert.get_output().stderr.clone()).expect("text");
    assert!(
        stderr.starts_with(
            "error: postgres://kontor:***@127.0.0.1:1/kontor: the database cannot be reached"
        ),
        "{stderr}"
    );
    let serve = place.kontor(&["serve", "--set", "merchant.enabled=false"]);
    serve.assert().code(3).stderr_eq(
        str![[r#"
error: flag --set merchant.enabled: there is nothing to serve: "merchant.enabled" and "challenger.enabled" are false

"#]]
        .into_data(),
    );
}

#[test]
fn the_document_is_printed_in_three_forms() {
    let place = Place::new();
    let yaml = place.output(&["openapi", "merchant"]);
    assert!(yaml.starts_with("openapi: 3.1.0\n"));
    let json = |format| -> Value {
        let text = place.output(&["openapi", "merchant", "--format", format]);
        serde_json::from_str(&text).expect("JSON")
    };
    assert_eq!(json("json")["openapi"], "3.1.0");
    assert_eq!(json("json")["servers"][0]["url"], "/");
    assert_eq!(json("json-3.0")["openapi"], "3.0.3");
}
