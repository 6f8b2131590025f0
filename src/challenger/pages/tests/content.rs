//! What single pages say.

use std::time::Duration;

use poem::http::StatusCode;

use kontor_openapi::ErrorCode;

use super::samples::{MAIL, NONCE, address_page, code_page, field, pages};
use super::*;

/// What somebody may try in a field.
const EVIL: &str = "\"><script>alert('1')</script><a b='";

fn assert_escaped(html: &str) {
    assert!(html.contains("&#34;&#62;&#60;script&#62;"), "{html}");
    assert!(!html.contains("<script"), "{html}");
    assert!(!html.contains("'1'"), "{html}");
}

#[test]
fn what_was_typed_is_escaped_everywhere() {
    for kind in FieldKind::ALL {
        let hint = Some(FieldProblem::Restricted { hint: Some(EVIL) });
        let fields = [field(kind, EVIL, hint)];
        for is_fixed in [false, true] {
            let page = AddressPage {
                nonce: EVIL,
                address_hint: Some(EVIL),
                is_fixed,
                has_code: true,
                ..address_page(&fields)
            };
            assert_escaped(&pages().address_form(Language::En, &page).html);
        }
        let address = [(kind, EVIL)];
        let page = CodePage {
            nonce: EVIL,
            ..code_page(&address)
        };
        assert_escaped(&pages().code_form(Language::De, &page).html);
        let page = DonePage {
            nonce: EVIL,
            address: &address,
            redirect_url: Some(EVIL),
        };
        assert_escaped(&pages().done(Language::Fr, &page).html);
    }
    let end = DeadEnd {
        reason: Reason::Busy,
        retry_after: None,
        nonce: Some(EVIL),
        request_id: Some(EVIL),
    };
    assert_escaped(&pages().dead_end(Language::En, &end).html);
}

fn done(redirect_url: &str) -> String {
    let page = DonePage {
        nonce: NONCE,
        address: &MAIL,
        redirect_url: Some(redirect_url),
    };
    pages().done(Language::En, &page).html
}

#[test]
fn the_client_is_linked_by_its_host() {
    for (url, href, label) in [
        (
            "https://shop.example/cb?code=1.ab&state=x'y",
            "https://shop.example/cb?code=1.ab&#38;state=x%27y",
            "Continue to shop.example<",
        ),
        (
            "https://bank.example@shop.example:8443/",
            "https://bank.example@shop.example:8443/",
            "Continue to shop.example<",
        ),
        (
            "http://[::1]:9000/cb?code=1",
            "http://[::1]:9000/cb?code=1",
            "Continue to [::1]<",
        ),
        (
            "com.example.app:/cb?code=1",
            "com.example.app:/cb?code=1",
            "Continue in the app<",
        ),
    ] {
        let html = done(url);
        assert!(html.contains(&format!("href=\"{href}\"")), "{url}: {html}");
        assert!(html.contains(label), "{url}: {html}");
        assert!(!html.contains("You can close this page"), "{url}");
    }
}

#[test]
fn what_may_do_something_here_is_not_linked() {
    for url in [
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "blob:https://shop.example/x",
        "file:///etc/passwd",
        "app:/cb",
        "/relative",
        "//shop.example/",
        "",
    ] {
        let html = done(url);
        assert!(html.contains("You can close this page"), "{url}: {html}");
        assert_eq!(targets(&html).len(), 4, "{url}: {html}");
    }
}

fn code_form(page: &CodePage<'_>) -> String {
    pages().code_form(Language::En, page).html
}

#[test]
fn the_page_with_the_code_says_what_is_left() {
    let html = code_form(&code_page(&MAIL));
    for text in [
        "Step 2 of 2",
        "V09S-83XP",
        "You have 3 attempts left. The code expires in 5 minutes.",
        "You can have 2 more codes sent; only the newest one counts. The next one can be sent in 30 seconds.",
        "autocomplete=\"one-time-code\"",
        "inputmode=\"numeric\"",
        &format!("action=\"{BASE}solve/{NONCE}\""),
        &format!("action=\"{BASE}challenge/{NONCE}\""),
        &format!("href=\"{BASE}ui/{NONCE}?step=address\""),
        "<input type=\"hidden\" name=\"CONTACT_EMAIL\" value=\"anna.muster@example.org\">",
    ] {
        assert!(html.contains(text), "{text}: {html}");
    }
}

#[test]
fn what_cannot_be_done_is_not_offered() {
    let nothing = CodePage {
        attempts_left: 0,
        transmissions_left: 0,
        changes_left: 0,
        problem: Some(Problem::NoAttemptsLeft),
        ..code_page(&MAIL)
    };
    let html = code_form(&nothing);
    assert!(!html.contains("<form"), "{html}");
    assert!(!html.contains("?step=address"), "{html}");
    assert!(html.contains("start again"), "{html}");
    assert!(html.contains("tabindex=\"-1\" autofocus"), "{html}");

    let expired = CodePage {
        expires_in: Duration::ZERO,
        problem: Some(Problem::CodeExpired),
        ..code_page(&MAIL)
    };
    let html = code_form(&expired);
    assert!(!html.contains("name=\"pin\""), "{html}");
    assert!(html.contains("Have a new code sent, or use another address."));
}

#[test]
fn the_field_that_is_wrong_is_marked() {
    let fields = [
        field(FieldKind::Name, "Anna", None),
        field(FieldKind::Lines, "", Some(FieldProblem::Missing)),
        field(FieldKind::Country, "XX", Some(FieldProblem::Malformed)),
    ];
    let html = pages()
        .address_form(Language::De, &address_page(&fields))
        .html;
    assert_eq!(html.matches(" aria-invalid=\"true\"").count(), 2);
    assert_eq!(html.matches(" autofocus").count(), 1);
    assert!(html.contains("<title>Problem: Postadresse bestätigen – proof.example</title>"));
    assert!(
        html.contains("aria-describedby=\"ADDRESS_LINES-problem ADDRESS_LINES-hint\" aria-invalid=\"true\" autofocus>"),
        "{html}"
    );
}

#[test]
fn text_of_several_lines_comes_back_as_it_was() {
    let fields = [field(FieldKind::Lines, "\nBahnhofstrasse 1\n8001", None)];
    let html = pages()
        .address_form(Language::De, &address_page(&fields))
        .html;
    // The first line feed of a text area is not part of its value.
    assert!(
        html.contains(">\n\nBahnhofstrasse 1\n8001</textarea>"),
        "{html}"
    );
}

#[test]
fn an_address_that_is_fixed_has_only_a_button() {
    let fields = [field(FieldKind::Email, "anna@example.org", None)];
    let page = AddressPage {
        is_fixed: true,
        ..address_page(&fields)
    };
    let html = pages().address_form(Language::En, &page).html;
    assert!(!html.contains("<label"), "{html}");
    assert!(
        html.contains("<input type=\"hidden\" name=\"CONTACT_EMAIL\" value=\"anna@example.org\">")
    );
    assert!(html.contains("<button class=\"primary\">Send the code</button>"));
}

#[test]
fn a_dead_end_says_when_to_try_again() {
    let with = |reason, seconds| {
        let end = DeadEnd {
            reason,
            retry_after: seconds,
            nonce: Some(NONCE),
            request_id: Some("01JD2R9Q4M7W1V0S5X8Y3Z6A2B"),
        };
        pages().dead_end(Language::En, &end).html
    };
    let html = with(Reason::TooManyAttempts, Some(Duration::from_secs(600)));
    assert!(html.contains("Try again in 10 minutes."), "{html}");
    assert!(html.contains("01JD2R9Q4M7W1V0S5X8Y3Z6A2B"), "{html}");
    assert!(html.contains(&format!("href=\"{BASE}ui/{NONCE}\"")));
    let html = with(Reason::Failed, None);
    assert!(!html.contains("ry again"), "{html}");
    assert!(!html.contains(NONCE), "{html}");
}

#[test]
fn every_error_has_a_reason() {
    for (code, expected) in [
        (
            ErrorCode::ChallengerGenericValidationUnknown,
            Reason::UnknownValidation,
        ),
        (
            ErrorCode::ChallengerGenericClientForbiddenBadRedirectUri,
            Reason::WrongLink,
        ),
        (ErrorCode::ChallengerValidationFailed, Reason::Failed),
        (
            ErrorCode::ChallengerTooManyAttempts,
            Reason::TooManyAttempts,
        ),
        (ErrorCode::ChallengerNoPinAttemptsLeft, Reason::NotPossible),
        (ErrorCode::ChallengerAddressUnreachable, Reason::Unreachable),
        (ErrorCode::ChallengerHelperExecFailed, Reason::SendingFailed),
        (
            ErrorCode::ChallengerHelperMisconfigured,
            Reason::ServerFault,
        ),
        (
            ErrorCode::ChallengerAddressRestrictionMalformed,
            Reason::ServerFault,
        ),
        (ErrorCode::GenericParameterMalformed, Reason::Malformed),
        (ErrorCode::GenericEndpointUnknown, Reason::UnknownPage),
        (ErrorCode::GenericMethodInvalid, Reason::WrongMethod),
        (ErrorCode::GenericUploadExceedsLimit, Reason::TooLarge),
        (
            ErrorCode::GenericInternalInvariantFailure,
            Reason::ServerFault,
        ),
    ] {
        let status = StatusCode::from_u16(code.status()).unwrap();
        assert_eq!(Reason::of(code, status), expected, "{}", code.name());
    }
    let busy = StatusCode::SERVICE_UNAVAILABLE;
    assert_eq!(Reason::of(ErrorCode::GenericTimeout, busy), Reason::Busy);
}

#[test]
fn the_public_url_may_lack_its_slash() {
    let landing = Pages::new("http://localhost:9967", true, false).landing(Language::En);
    assert!(
        landing
            .html
            .contains("href=\"http://localhost:9967/terms\"")
    );
    assert!(landing.html.contains("<strong>localhost</strong>"));
}

#[test]
fn the_footer_leads_only_to_what_is_there() {
    for (has_terms, has_privacy) in [(true, true), (true, false), (false, true), (false, false)] {
        let html = Pages::new(BASE, has_terms, has_privacy)
            .landing(Language::En)
            .html;
        let leads_to = |what| html.contains(&format!("href=\"{BASE}{what}\""));
        assert_eq!(leads_to("terms"), has_terms);
        assert_eq!(leads_to("privacy"), has_privacy);
    }
}

#[test]
fn what_cannot_be_changed_is_not_to_be_mended() {
    let fields = [field(
        FieldKind::Email,
        "anna@example.org",
        Some(FieldProblem::Unusable),
    )];
    let page = AddressPage {
        is_fixed: true,
        ..address_page(&fields)
    };
    let html = pages().address_form(Language::En, &page).html;
    assert!(html.contains("<h2>Nothing can be sent there</h2>"));
    assert!(html.contains("start again"), "{html}");
    assert!(!html.contains("marked below"), "{html}");

    let unreachable = AddressPage {
        problem: Some(Problem::Unreachable),
        ..page
    };
    let html = pages().address_form(Language::En, &unreachable).html;
    assert!(!html.contains("another address"), "{html}");
}

#[test]
fn a_code_that_could_not_be_sent_is_not_said_to_be() {
    for problem in [Problem::DeliveryFailed, Problem::Unreachable] {
        let page = CodePage {
            problem: Some(problem),
            ..code_page(&MAIL)
        };
        let html = code_form(&page);
        assert!(html.contains("The last code was sent to:"), "{html}");
        assert!(html.contains("name=\"pin\""), "{html}");
    }
}
