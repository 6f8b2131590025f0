use entity::challenge::Channel::{self, Email, Sms};

use super::*;

const BOTH: &[Channel] = &[Email, Sms];

fn instance(
    contacts: (Option<&str>, Option<&str>),
    factors: (Option<&str>, Option<&str>),
) -> SecondFactors {
    let text = |text: Option<&str>| text.map(str::to_owned);
    SecondFactors {
        email: text(contacts.0),
        phone: text(contacts.1),
        email_factor: text(factors.0),
        phone_factor: text(factors.1),
        is_bound: false,
    }
}

fn rules<'a>(factors: &'a SecondFactors, configured: &'a [Channel]) -> Rules<'a> {
    Rules {
        factors,
        configured,
        mandatory: &[Email],
    }
}

fn target(channel: Channel, address: &str, role: Role) -> Target {
    Target {
        channel,
        address: address.to_owned(),
        role,
    }
}

fn factor(channel: Channel, address: &str) -> Target {
    target(channel, address, Role::Factor)
}

fn contact(channel: Channel, address: &str) -> Target {
    target(channel, address, Role::Contact)
}

#[test]
fn a_protected_request_takes_any_one_factor() {
    let both = instance((Some("c"), Some("d")), (Some("e"), Some("p")));
    assert_eq!(
        rules(&both, BOTH).protected(),
        Requirement::Any(vec![factor(Email, "e"), factor(Sms, "p")])
    );
    assert_eq!(
        rules(&both, &[Sms]).protected(),
        Requirement::Any(vec![factor(Sms, "p")])
    );
    assert_eq!(rules(&both, &[]).protected(), Requirement::Impossible);
    let none = instance((Some("c"), Some("d")), (None, None));
    assert_eq!(rules(&none, BOTH).protected(), Requirement::Nothing);
    assert_eq!(rules(&none, &[]).protected(), Requirement::Nothing);
}

#[test]
fn a_login_is_protected_and_a_bound_instance_proves_what_is_missing() {
    let unbound = instance((Some("c"), None), (None, Some("p")));
    let protected = Requirement::Any(vec![factor(Sms, "p")]);
    assert_eq!(rules(&unbound, BOTH).login(), protected);
    let bound = SecondFactors {
        is_bound: true,
        ..unbound.clone()
    };
    assert_eq!(
        rules(&bound, BOTH).login(),
        Requirement::All(vec![factor(Sms, "p"), contact(Email, "c")])
    );
    let without_contact = SecondFactors {
        email: Some(" ".to_owned()),
        ..bound.clone()
    };
    assert_eq!(
        rules(&without_contact, BOTH).login(),
        Requirement::All(vec![factor(Sms, "p")])
    );
    // The factor that is there cannot be asked: whoever is there may be somebody else.
    assert_eq!(rules(&bound, &[Email]).login(), Requirement::Impossible);
    let bare = SecondFactors {
        phone_factor: None,
        ..bound.clone()
    };
    assert_eq!(
        rules(&bare, BOTH).login(),
        Requirement::All(vec![contact(Email, "c")])
    );
    let bare = SecondFactors {
        email: None,
        ..bare
    };
    assert_eq!(rules(&bare, BOTH).login(), Requirement::Nothing);
    let complete = SecondFactors {
        email_factor: Some("c".to_owned()),
        ..bound
    };
    assert_eq!(
        rules(&complete, BOTH).login(),
        Requirement::Any(vec![factor(Email, "c"), factor(Sms, "p")])
    );
}

#[test]
fn a_reset_takes_every_factor_and_contacts_only_without_any() {
    let both = instance((Some("c"), Some("d")), (Some("e"), Some("p")));
    assert_eq!(
        rules(&both, BOTH).reset(),
        Requirement::All(vec![factor(Email, "e"), factor(Sms, "p")])
    );
    assert_eq!(
        rules(&both, &[Sms]).reset(),
        Requirement::All(vec![factor(Sms, "p")])
    );
    let one = instance((Some("c"), Some("d")), (Some("e"), None));
    assert_eq!(rules(&one, &[Sms]).reset(), Requirement::Impossible);
    let none = instance((Some("c"), Some("d")), (None, None));
    assert_eq!(
        rules(&none, BOTH).reset(),
        Requirement::All(vec![contact(Email, "c"), contact(Sms, "d")])
    );
    assert_eq!(rules(&none, &[]).reset(), Requirement::Impossible);
    let empty = instance((None, None), (None, None));
    assert_eq!(rules(&empty, BOTH).reset(), Requirement::Impossible);
}

#[test]
fn a_sign_up_proves_every_contact_that_can_be_reached() {
    let both = instance((Some("c"), Some("d")), (None, None));
    assert_eq!(
        rules(&both, BOTH).sign_up(),
        Requirement::All(vec![contact(Email, "c"), contact(Sms, "d")])
    );
    assert_eq!(
        rules(&both, &[Email]).sign_up(),
        Requirement::All(vec![contact(Email, "c")])
    );
    assert_eq!(rules(&both, &[]).sign_up(), Requirement::Nothing);
}

#[test]
fn a_contact_becomes_a_factor_with_the_consent_of_an_existing_one() {
    let none = instance((Some("c"), None), (None, None));
    assert_eq!(
        rules(&none, BOTH).validation(Email),
        Requirement::All(vec![contact(Email, "c")])
    );
    assert_eq!(
        rules(&none, &[Sms]).validation(Email),
        Requirement::Impossible
    );
    assert_eq!(rules(&none, BOTH).validation(Sms), Requirement::Impossible);
    let moved = instance((Some("new"), None), (Some("old"), None));
    assert_eq!(
        rules(&moved, BOTH).validation(Email),
        Requirement::All(vec![factor(Email, "old"), contact(Email, "new")])
    );
    let on_another = instance((Some("new"), None), (Some("old"), Some("p")));
    assert_eq!(
        rules(&on_another, BOTH).validation(Email),
        Requirement::All(vec![factor(Sms, "p"), contact(Email, "new")])
    );
    let unreachable = instance((Some("new"), None), (None, Some("p")));
    assert_eq!(
        rules(&unreachable, &[Email]).validation(Email),
        Requirement::Impossible
    );
    let same = instance((Some("c"), None), (Some("c"), None));
    assert_eq!(rules(&same, &[]).validation(Email), Requirement::Nothing);
    let removed = instance((None, None), (Some("old"), Some("p")));
    assert_eq!(
        rules(&removed, BOTH).validation(Email),
        Requirement::Any(vec![factor(Email, "old"), factor(Sms, "p")])
    );
}

#[test]
fn all_means_each_and_any_means_one() {
    let (one, two) = (factor(Email, "e"), factor(Sms, "p"));
    let targets = vec![one.clone(), two.clone()];
    let solved = std::slice::from_ref(&one);
    assert!(Requirement::Any(targets.clone()).is_met_by(solved));
    assert!(!Requirement::Any(targets.clone()).is_met_by(&[]));
    let all = Requirement::All(targets.clone());
    assert!(!all.is_met_by(solved));
    assert_eq!(all.missing(solved), std::slice::from_ref(&two));
    assert!(all.is_met_by(&targets));
    // The same address in another role is another thing.
    assert!(!Requirement::Any(vec![contact(Email, "e")]).is_met_by(solved));
    assert!(!Requirement::Impossible.is_met_by(&targets));
}
