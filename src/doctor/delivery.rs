//! Whether confirmation codes reach those whom they are for, and nobody else.

use std::path::{Path, PathBuf};

use entity::challenge::Channel;
use sea_orm::ConnectionTrait;

use super::exposure;
use super::machine::{FileFacts, folder_of};
use super::report::{Check, Severity};
use crate::config::Settings;
use crate::db::{self, DatabaseError, instance::Unreachable};
use crate::tan::find_program;

/// Codes go to people.
pub const SPOOL: Check = Check {
    name: "codes-in-files",
    severity: Severity::Problem,
    right: "Confirmation codes are sent, not collected in a file of a public server.",
    advice: "Replace \"spool\" by \"command\" or \"smtp_url\": people wait for their codes, and whoever reads the file has them all.",
};

/// Nobody else writes the programs that send codes.
pub const HELPERS: Check = Check {
    name: "helper-programs",
    severity: Severity::Problem,
    right: "Nobody but their owner can change the programs that send codes.",
    advice: "Take the right away with \"chmod go-w\" from the program and \"chmod o-w\" from its folder: whoever may change it reads every code.",
};

/// Sign-ups are bound to an address.
pub const SIGN_UP: Check = Check {
    name: "sign-up-unproven",
    severity: Severity::Warning,
    right: "Whoever signs up proves an address.",
    advice: "Name a channel in \"merchant.mandatory_tan_channels\", or set \"merchant.self_provisioning\" to false.",
};

/// Second factors can be asked for.
pub const UNREACHABLE: Check = Check {
    name: "factors-unreachable",
    severity: Severity::Problem,
    right: "Every second factor is on a channel that codes can be sent on.",
    advice: "Set up \"tan.email\" or \"tan.sms\" again, or take the factor away with \"kontor instance passwd ID --clear-second-factor\".",
};

/// Who signed up has proven what must be.
pub const UNPROVEN: Check = Check {
    name: "contacts-unproven",
    severity: Severity::Warning,
    right: "Everybody who signed up has proven the contacts that are mandatory.",
    advice: "Tell their owners to log in, which asks for what is missing; see \"kontor instance show ID\".",
};

/// What is mandatory can be proven.
pub const MANDATORY: Check = Check {
    name: "mandatory-channels",
    severity: Severity::Problem,
    right: "Codes can be sent on every channel that is mandatory.",
    advice: "Set the channel up under \"tan\", or take it out of \"merchant.mandatory_tan_channels\": until then these instances cannot do much.",
};

/// Files that codes are written to instead of being sent.
#[must_use]
pub fn spools(settings: &Settings) -> Vec<(&'static str, PathBuf)> {
    let tan = &settings.tan;
    let all = [
        ("tan.email.spool", &tan.email.spool),
        ("tan.sms.spool", &tan.sms.spool),
        ("tan.post.spool", &tan.post.spool),
    ];
    let set = all
        .into_iter()
        .filter_map(|(key, file)| Some((key, file.clone()?)));
    set.collect()
}

/// The commands that send codes: a program with its arguments each.
pub fn commands(settings: &Settings) -> impl Iterator<Item = &Vec<String>> {
    let tan = &settings.tan;
    let commands = [&tan.email.command, &tan.sms.command, &tan.post.command];
    commands.into_iter().flatten()
}

/// Whether codes go out in any way.
#[must_use]
pub fn sends_anything(settings: &Settings) -> bool {
    settings.tan.email.smtp_url.is_some()
        || !spools(settings).is_empty()
        || commands(settings).next().is_some()
}

/// Spools of a server that others reach.
#[must_use]
pub fn public_spools(settings: &Settings) -> Vec<String> {
    if !exposure::is_public(settings) {
        return Vec::new();
    }
    let spools = spools(settings).into_iter();
    spools
        .map(|(key, file)| {
            format!(
                "{key:?} is set, so that codes go to {} instead of to people.",
                file.display()
            )
        })
        .collect()
}

/// The programs that send codes with the files that are named as their arguments, such as a script, and the folders
/// that these are in.
#[must_use]
pub fn programs(settings: &Settings) -> (Vec<FileFacts>, Vec<FileFacts>) {
    let mut files: Vec<PathBuf> = Vec::new();
    for command in commands(settings) {
        let [program, arguments @ ..] = command.as_slice() else {
            continue;
        };
        files.extend(find_program(program).ok());
        let named = arguments.iter().map(PathBuf::from);
        files.extend(named.filter(|file| file.is_absolute() && file.is_file()));
    }
    files.sort();
    files.dedup();
    let mut folders: Vec<PathBuf> = files.iter().map(|file| folder_of(file)).collect();
    folders.dedup();
    let look = |paths: &[PathBuf]| {
        let paths = paths.iter().map(PathBuf::as_path);
        paths.filter_map(FileFacts::of).collect()
    };
    (look(&files), look(&folders))
}

/// Programs that others may change, or exchange.
#[must_use]
pub fn changeable(programs: &[FileFacts], folders: &[FileFacts]) -> Vec<String> {
    let is_changeable = |facts: &&FileFacts| facts.mode & 0o022 != 0;
    let is_exchangeable =
        |folder: &&FileFacts| folder.mode & 0o002 != 0 && folder.mode & 0o1000 == 0;
    let sentence = |path: &Path, mode: u32| {
        format!(
            "Others may write to {}, which sends codes (mode {mode:04o}).",
            path.display()
        )
    };
    let programs = programs.iter().filter(is_changeable);
    let folders = folders.iter().filter(is_exchangeable);
    programs
        .chain(folders)
        .map(|facts| sentence(&facts.path, facts.mode))
        .collect()
}

/// Whether anybody gets an instance for nothing.
#[must_use]
pub fn unproven_sign_up(settings: &Settings) -> Option<String> {
    let merchant = &settings.merchant;
    let is_open = merchant.enabled
        && merchant.self_provisioning
        && merchant.mandatory_tan_channels.is_empty();
    is_open.then(|| {
        "\"merchant.self_provisioning\" is on, and \"merchant.mandatory_tan_channels\" is empty: anybody signs up, as often as he likes.".to_owned()
    })
}

/// How many instances of one kind are named.
const NAMED: u64 = 10;

/// Instances that codes do not reach as they should. The server tells of them at its start, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreached {
    /// Their factors are on channels that are not set up.
    pub without_channel: Option<String>,
    /// They lack a factor that is mandatory.
    pub without_mandatory_factor: Option<String>,
}

/// What is said of the instances of [`Unreached::without_channel`].
pub const WITHOUT_CHANNEL: &str = "instances have a second factor that no code can be sent to";
/// What is said of the instances of [`Unreached::without_mandatory_factor`].
pub const WITHOUT_MANDATORY_FACTOR: &str = "instances that signed up by themselves have yet to prove a contact that \"merchant.mandatory_tan_channels\" names";

/// Finds them, by name.
///
/// # Errors
/// [`DatabaseError::Fetch`] and the like.
pub async fn unreached(
    connection: &impl ConnectionTrait,
    configured: &[Channel],
    mandatory: &[Channel],
) -> Result<Unreached, DatabaseError> {
    let found = db::instance::find_unreachable(connection, configured, mandatory, NAMED).await?;
    let Unreachable {
        without_channel,
        without_mandatory_factor,
    } = found;
    Ok(Unreached {
        without_channel: named(&without_channel),
        without_mandatory_factor: named(&without_mandatory_factor),
    })
}

fn named(instances: &[String]) -> Option<String> {
    let more = match u64::try_from(instances.len()) {
        Ok(0) => return None,
        Ok(NAMED) => ", and perhaps more",
        _ => "",
    };
    Some(format!("{}{more}", instances.join(", ")))
}

/// A finding about instances, as a sentence.
pub(super) fn about(what: &str, instances: &str) -> String {
    format!(
        "{}: {instances}.",
        super::files::sentence(what).trim_end_matches('.')
    )
}

/// Channels that are mandatory and not set up, where so many instances are bound to them.
#[must_use]
pub fn missing_channels(
    configured: &[Channel],
    mandatory: &[Channel],
    bound_instances: u64,
) -> Vec<String> {
    if bound_instances == 0 {
        return Vec::new();
    }
    let missing = mandatory
        .iter()
        .filter(|channel| !configured.contains(channel));
    missing
        .map(|channel| {
            let section = match channel {
                Channel::Email => "tan.email",
                Channel::Sms => "tan.sms",
            };
            format!(
                "{bound_instances} instances signed up by themselves, and {section:?}, which is mandatory for them, is not set up."
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(path: &str, mode: u32) -> FileFacts {
        FileFacts {
            path: PathBuf::from(path),
            mode,
            owner: 0,
            bytes: 0,
        }
    }

    #[test]
    fn spools_are_for_trials() {
        let mut settings = Settings::default();
        settings.tan.email.spool = Some(PathBuf::from("sent.jsonl"));
        assert!(public_spools(&settings).is_empty(), "nobody else comes");
        settings.merchant.listen = "0.0.0.0:80".parse().unwrap();
        assert_eq!(
            public_spools(&settings),
            ["\"tan.email.spool\" is set, so that codes go to sent.jsonl instead of to people."]
        );
    }

    #[test]
    fn programs_of_others_are_named() {
        let found = changeable(&[facts("/a/send", 0o775)], &[facts("/a", 0o777)]);
        assert_eq!(
            found,
            [
                "Others may write to /a/send, which sends codes (mode 0775).",
                "Others may write to /a, which sends codes (mode 0777).",
            ]
        );
        let found = changeable(&[facts("/a/send", 0o755)], &[facts("/a", 0o2775)]);
        assert!(found.is_empty());
    }

    #[test]
    fn programs_are_found_with_their_scripts() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("send.sh");
        std::fs::write(&script, "").unwrap();
        let mut settings = Settings::default();
        let words = ["/bin/sh", script.to_str().unwrap(), "--fast"];
        settings.tan.sms.command = Some(words.map(str::to_owned).to_vec());
        let (files, folders) = programs(&settings);
        let paths = |facts: &[FileFacts]| -> Vec<PathBuf> {
            facts.iter().map(|facts| facts.path.clone()).collect()
        };
        assert!(paths(&files).contains(&script));
        assert!(paths(&files).contains(&PathBuf::from("/bin/sh")));
        assert!(paths(&folders).contains(&folder.path().to_owned()));
    }

    #[test]
    fn sign_up_for_nothing_is_told() {
        let mut settings = Settings::default();
        settings.merchant.self_provisioning = true;
        assert_eq!(unproven_sign_up(&settings), None);
        settings.merchant.mandatory_tan_channels.clear();
        assert!(unproven_sign_up(&settings).is_some());
    }

    #[test]
    fn a_mandatory_channel_matters_to_those_who_signed_up() {
        let mandatory = [Channel::Email, Channel::Sms];
        assert!(missing_channels(&[], &mandatory, 0).is_empty());
        let found = missing_channels(&[Channel::Email], &mandatory, 3);
        assert_eq!(
            found,
            [
                "3 instances signed up by themselves, and \"tan.sms\", which is mandatory for them, is not set up."
            ]
        );
    }

    #[test]
    fn long_lists_end() {
        assert_eq!(named(&[]), None);
        assert_eq!(named(&["a".to_owned(), "b".to_owned()]).unwrap(), "a, b");
        let many = vec!["x".to_owned(); 10];
        assert!(named(&many).unwrap().ends_with("x, and perhaps more"));
    }
}
