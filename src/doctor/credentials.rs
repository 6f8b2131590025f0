//! Who may do what, and how well that is kept.

use entity::client;

use super::report::{Check, Severity};
use crate::challenger::redirect_uri::RedirectUri;
use crate::config::Settings;

/// Somebody manages this server.
pub const ADMIN: Check = Check {
    name: "admin-missing",
    severity: Severity::Warning,
    right: "There is an instance \"admin\".",
    advice: "Create it with \"kontor instance create admin\"; until then nobody can create instances over HTTP.",
};

/// Nobody uses the older form of passwords.
pub const OLDER_FORM: Check = Check {
    name: "passwords-older-form",
    severity: Severity::Warning,
    right: "No instance uses the older form of passwords.",
    advice: "Have their owners set a password instead: a secret of the older form goes with every request, asks for no second factor, and never ends.",
};

/// Something in front checks what this server does not.
pub const EXTERNAL: Check = Check {
    name: "external-authentication",
    severity: Severity::Warning,
    right: "This server checks every credential itself.",
    advice: "See to it that nothing reaches this server but what the proxy in front has checked, or set \"merchant.allow_external_auth\" to false.",
};

/// People come back encrypted.
pub const CLIENT_REDIRECTS: Check = Check {
    name: "client-redirects",
    severity: Severity::Warning,
    right: "The Challenger's clients are reached by https, or on the person's own machine.",
    advice: "Register the client anew with an https redirect URI: authorization codes can be read on the way.",
};

/// Clients prove that the code is theirs.
pub const CLIENT_PKCE: Check = Check {
    name: "clients-without-pkce",
    severity: Severity::Warning,
    right: "Every client of the Challenger must send a code challenge (PKCE).",
    advice: "Register those clients that can send one anew, with \"kontor client add --require-pkce\"; a Taler exchange cannot.",
};

/// Whether nobody can manage instances over HTTP.
#[must_use]
pub fn missing_admin(settings: &Settings, has_admin: bool) -> Option<String> {
    (settings.merchant.enabled && !has_admin).then(|| "There is no instance \"admin\".".to_owned())
}

/// Whether instances use the older form.
#[must_use]
pub fn older_form(instances: u64) -> Option<String> {
    (instances > 0).then(|| format!("Instances with a secret of the older form: {instances}."))
}

/// Whether this server leaves the checking to something else.
#[must_use]
pub fn external(settings: &Settings) -> Option<String> {
    (settings.merchant.enabled && settings.merchant.allow_external_auth).then(|| {
        "\"merchant.allow_external_auth\" is on: for instances with that method nothing is checked here.".to_owned()
    })
}

/// Clients whose authorization codes go through a network in the clear.
#[must_use]
pub fn plain_redirects(clients: &[client::Model]) -> Vec<String> {
    let is_plain = |client: &&client::Model| {
        RedirectUri::parse(&client.redirect_uri).is_ok_and(|uri| uri.is_unencrypted())
    };
    let plain = clients.iter().filter(is_plain);
    plain
        .map(|client| {
            format!(
                "People are sent back to client {} in plain text, at {}.",
                client.serial, client.redirect_uri
            )
        })
        .collect()
}

/// Clients that need not send a code challenge.
#[must_use]
pub fn without_pkce(clients: &[client::Model]) -> Option<String> {
    let lax = clients.iter().filter(|client| !client.requires_pkce);
    let numbers: Vec<String> = lax.map(|client| client.serial.to_string()).collect();
    (!numbers.is_empty()).then(|| {
        format!(
            "Clients that need no code challenge: {}.",
            numbers.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use entity::SecretBytes;

    use super::*;

    fn client(serial: i64, redirect_uri: &str, requires_pkce: bool) -> client::Model {
        client::Model {
            serial,
            redirect_uri: redirect_uri.to_owned(),
            secret_hash: SecretBytes::new(Vec::new()),
            secret_key_id: String::new(),
            requires_pkce,
            created_at_us: 0,
            setups: 0,
            codes_sent: 0,
            validations: 0,
        }
    }

    #[test]
    fn admin_is_missed_where_there_is_a_merchant() {
        let mut settings = Settings::default();
        assert!(missing_admin(&settings, false).is_some());
        assert_eq!(missing_admin(&settings, true), None);
        settings.merchant.enabled = false;
        assert_eq!(missing_admin(&settings, false), None);
    }

    #[test]
    fn what_is_not_checked_here_is_told() {
        let mut settings = Settings::default();
        assert_eq!(external(&settings), None);
        settings.merchant.allow_external_auth = true;
        assert!(external(&settings).is_some());
    }

    #[test]
    fn the_older_form_is_counted() {
        assert_eq!(older_form(0), None);
        assert_eq!(
            older_form(2).unwrap(),
            "Instances with a secret of the older form: 2."
        );
    }

    #[test]
    fn clients_are_named_by_number() {
        let clients = [
            client(1, "https://a.example/done", true),
            client(2, "http://b.example/done", false),
            client(3, "http://localhost:7000/done", false),
        ];
        assert_eq!(
            plain_redirects(&clients),
            ["People are sent back to client 2 in plain text, at http://b.example/done."]
        );
        assert_eq!(
            without_pkce(&clients).unwrap(),
            "Clients that need no code challenge: 2, 3."
        );
        assert_eq!(without_pkce(&clients[..1]), None);
    }
}
