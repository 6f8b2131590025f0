//! The key file as a credential that systemd hands over: readable by a list whose mask stands where the rights of the group are.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::cli::program::on_place;

#[tokio::test(flavor = "multi_thread")]
async fn the_key_file_may_be_a_credential() {
    on_place(async |place| {
        place.create_instance("shop");
        let credentials = place.path("credentials");
        fs::create_dir(&credentials).expect("a folder");
        let key_file = credentials.join("kontor.key");
        fs::rename(place.path("kontor.key"), &key_file).expect("a file");
        let set_mode = |mode| {
            let permissions = fs::Permissions::from_mode(mode);
            fs::set_permissions(&key_file, permissions).expect("a mode");
        };
        let list = |folder: Option<&str>| {
            let key_file = key_file.display().to_string();
            let command = place
                .kontor(&["instance", "list"])
                .env("KONTOR_SECRETS__KEY_FILE", key_file);
            match folder {
                Some(folder) => command.env("CREDENTIALS_DIRECTORY", folder),
                None => command,
            }
            .assert()
        };
        let folder = credentials.display().to_string();
        set_mode(0o440);
        list(Some(&folder)).success();
        list(None).code(3);
        list(Some("")).code(3);
        list(Some(&place.folder.path().display().to_string())).code(3);
        for open in [0o444, 0o460, 0o450] {
            set_mode(open);
            list(Some(&folder)).code(3);
        }
    })
    .await;
}
