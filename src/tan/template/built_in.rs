//! The texts that Kontor has of its own.

macro_rules! text {
    ($name:literal) => {
        ($name, include_str!(concat!("../templates/", $name)))
    };
}

/// Each by the name that a file in its place has. Of a channel and kind, the first is for readers who prefer no language.
pub(super) const BUILT_IN: [(&str, &str); 18] = [
    text!("email.en.txt"),
    text!("email.de.txt"),
    text!("email.fr.txt"),
    text!("sms.en.txt"),
    text!("sms.de.txt"),
    text!("sms.fr.txt"),
    text!("post.en.txt"),
    text!("post.de.txt"),
    text!("post.fr.txt"),
    text!("email.validate-address.en.txt"),
    text!("email.validate-address.de.txt"),
    text!("email.validate-address.fr.txt"),
    text!("sms.validate-address.en.txt"),
    text!("sms.validate-address.de.txt"),
    text!("sms.validate-address.fr.txt"),
    text!("post.validate-address.en.txt"),
    text!("post.validate-address.de.txt"),
    text!("post.validate-address.fr.txt"),
];
