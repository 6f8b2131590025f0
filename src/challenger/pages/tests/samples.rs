//! Every page in every language, as a person may come to see it.

use std::time::Duration;

use super::super::*;

pub const BASE: &str = "https://proof.example/challenger/";
pub const CLIENT: &str = "https://shop.example/";
pub const NONCE: &str = "V09S83XPF1CE5ZS8QJ0YH3GSC6MZZ8GPP5XT2GZ8N1Q5KRCYXC5G";

pub const MAIL: [(FieldKind, &str); 1] = [(FieldKind::Email, "anna.muster@example.org")];
const PHONE: [(FieldKind, &str); 1] = [(FieldKind::Phone, "+41791234567")];
const POST: [(FieldKind, &str); 3] = [
    (FieldKind::Name, "Anna Muster"),
    (FieldKind::Lines, "Bahnhofstrasse 1\n8001 Zürich"),
    (FieldKind::Country, "CH"),
];

pub fn pages() -> Pages {
    Pages::new(BASE, true, true)
}

pub fn field<'a>(
    kind: FieldKind,
    value: &'a str,
    problem: Option<FieldProblem<'a>>,
) -> AddressField<'a> {
    AddressField {
        kind,
        name: kind.name(),
        value,
        problem,
    }
}

pub fn address_page<'a>(fields: &'a [AddressField<'a>]) -> AddressPage<'a> {
    AddressPage {
        nonce: NONCE,
        fields,
        address_hint: None,
        is_fixed: false,
        changes_left: 3,
        has_code: false,
        problem: None,
    }
}

pub fn code_page<'a>(address: &'a [(FieldKind, &'a str)]) -> CodePage<'a> {
    CodePage {
        nonce: NONCE,
        address,
        attempts_left: 3,
        transmissions_left: 2,
        changes_left: 2,
        next_transmission_in: Duration::from_secs(30),
        expires_in: Duration::from_secs(300),
        transmitted: true,
        problem: None,
    }
}

/// The name, language and page of each.
pub fn every_page() -> Vec<(String, Language, Page)> {
    let mut all = Vec::new();
    for language in Language::ALL {
        let forms = address_forms(language)
            .into_iter()
            .chain(code_forms(language));
        let ends = ends(language).into_iter().chain(dead_ends(language));
        for (name, page) in forms.chain(ends) {
            all.push((name, language, page));
        }
    }
    all
}

type Named = Vec<(String, Page)>;

fn address_forms(language: Language) -> Named {
    let empty = |kind| field(kind, "", None);
    let filled = |(kind, value): (FieldKind, &'static str)| field(kind, value, None);
    let mail = [empty(FieldKind::Email)];
    let phone = [field(
        FieldKind::Phone,
        "79 1234",
        Some(FieldProblem::Malformed),
    )];
    let post = POST.map(|(kind, _)| empty(kind));
    let hint = Some(FieldProblem::Restricted {
        hint: Some("Only addresses in Switzerland are served."),
    });
    let wrong_post = [
        field(FieldKind::Name, "", Some(FieldProblem::Missing)),
        filled(POST[1]),
        field(FieldKind::Country, "DE", hint),
    ];
    let fixed_mail = MAIL.map(filled);
    let fixed_post = POST.map(filled);
    let with_example = |fields, example| AddressPage {
        address_hint: Some(example),
        ..address_page(fields)
    };
    let fixed = |fields| AddressPage {
        is_fixed: true,
        ..address_page(fields)
    };
    let mut forms = vec![
        ("email", with_example(&mail, "name@example.org")),
        ("phone-malformed", with_example(&phone, "+41 79 123 45 67")),
        ("post", address_page(&post)),
        ("post-wrong", address_page(&wrong_post)),
        ("email-fixed", fixed(&fixed_mail)),
        ("post-fixed", fixed(&fixed_post)),
    ];
    forms.push((
        "email-change",
        AddressPage {
            has_code: true,
            changes_left: 1,
            problem: Some(Problem::NoTransmissionsLeft),
            ..address_page(&fixed_mail)
        },
    ));
    let render = |(name, page)| {
        (
            format!("address-{name}"),
            pages().address_form(language, &page),
        )
    };
    forms.into_iter().map(render).collect()
}

fn code_forms(language: Language) -> Named {
    let mail = code_page(&MAIL);
    let wrong = CodePage {
        attempts_left: 1,
        transmissions_left: 1,
        next_transmission_in: Duration::ZERO,
        expires_in: Duration::from_secs(179),
        problem: Some(Problem::WrongCode),
        ..code_page(&PHONE)
    };
    let letter = CodePage {
        next_transmission_in: Duration::from_secs(86_400),
        expires_in: Duration::from_secs(21 * 86_400),
        ..code_page(&POST)
    };
    let problems = [
        Problem::NotACode,
        Problem::NoTransmissionsLeft,
        Problem::NoChangesLeft,
        Problem::AddressIsFixed,
        Problem::NothingSent,
        Problem::DeliveryFailed,
        Problem::Unreachable,
        Problem::TooManyAttempts {
            retry_after: Some(Duration::from_secs(600)),
        },
        Problem::TooManyAttempts { retry_after: None },
    ];
    let mut forms = vec![
        ("email".to_owned(), mail),
        (
            "email-too-early".to_owned(),
            CodePage {
                transmitted: false,
                ..mail
            },
        ),
        ("phone-wrong".to_owned(), wrong),
        ("post".to_owned(), letter),
    ];
    forms.push((
        "email-no-attempts".to_owned(),
        CodePage {
            attempts_left: 0,
            problem: Some(Problem::NoAttemptsLeft),
            ..mail
        },
    ));
    forms.push((
        "email-expired".to_owned(),
        CodePage {
            expires_in: Duration::ZERO,
            transmissions_left: 0,
            problem: Some(Problem::CodeExpired),
            ..mail
        },
    ));
    for (number, problem) in problems.into_iter().enumerate() {
        let page = match problem {
            Problem::NoTransmissionsLeft => CodePage {
                transmissions_left: 0,
                ..mail
            },
            Problem::NoChangesLeft | Problem::AddressIsFixed => CodePage {
                changes_left: 0,
                ..mail
            },
            _ => mail,
        };
        let problem = Some(problem);
        forms.push((format!("problem-{number}"), CodePage { problem, ..page }));
    }
    let render = |(name, page)| (format!("code-{name}"), pages().code_form(language, &page));
    forms.into_iter().map(render).collect()
}

fn ends(language: Language) -> Named {
    let done = |address, redirect_url| {
        let page = DonePage {
            nonce: NONCE,
            address,
            redirect_url,
        };
        pages().done(language, &page)
    };
    vec![
        ("landing".to_owned(), pages().landing(language)),
        (
            "done-linked".to_owned(),
            done(
                &MAIL,
                Some("https://shop.example/callback?code=1.abc&state=xyz"),
            ),
        ),
        ("done".to_owned(), done(&POST, None)),
    ]
}

fn dead_ends(language: Language) -> Named {
    let end = |reason| {
        let end = DeadEnd {
            reason,
            retry_after: (reason == Reason::TooManyAttempts).then(|| Duration::from_secs(900)),
            nonce: Some(NONCE),
            request_id: Some("01JD2R9Q4M7W1V0S5X8Y3Z6A2B"),
        };
        (
            format!("dead-end-{reason:?}"),
            pages().dead_end(language, &end),
        )
    };
    Reason::ALL.into_iter().map(end).collect()
}
