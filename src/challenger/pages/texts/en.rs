//! English.

use super::{
    Alert, ByChannel, Counted, DeadEndTexts, DeadEnds, FieldTexts, Template, Texts, Units, Ways,
};

pub static TEXTS: Texts = Texts {
    language: "en",
    service: "Address confirmation",
    problem_title: Template("Problem: {}"),
    step: Template("Step {} of 2"),
    reference: "Reference:",
    reference_note: "The message with your code shows it too.",
    request: "Request:",
    terms: "Terms of service",
    privacy: "Privacy policy",
    documentation: "Documentation of the interface",
    time: Units {
        seconds: Counted {
            one: "1 second",
            more: "{} seconds",
        },
        minutes: Counted {
            one: "1 minute",
            more: "{} minutes",
        },
        hours: Counted {
            one: "1 hour",
            more: "{} hours",
        },
        days: Counted {
            one: "1 day",
            more: "{} days",
        },
    },

    address_heading: ByChannel {
        email: "Confirm your e\u{2011}mail address",
        sms: "Confirm your phone number",
        post: "Confirm your postal address",
    },
    address_lead: ByChannel {
        email: "We will e\u{2011}mail you a code. By entering it on the next page you show that you read what is sent there.",
        sms: "We will send you a text message with a code. By entering it on the next page you show that the number is yours to use.",
        post: "We will send you a letter with a code. By entering it on the next page you show that post reaches you there.",
    },
    address_is_fixed: "This cannot be changed here.",
    email: FieldTexts {
        label: "E\u{2011}mail address",
        hint: "",
        missing: "Please enter your e\u{2011}mail address.",
        malformed: "This is not an e\u{2011}mail address. It should look like name@example.org.",
    },
    phone: FieldTexts {
        label: "Phone number",
        hint: "Begin with the country code, such as +41.",
        missing: "Please enter your phone number.",
        malformed: "This is not a phone number. Please check it, country code included.",
    },
    name: FieldTexts {
        label: "Name",
        hint: "First and last name, or organisation",
        missing: "Please enter your name.",
        malformed: "This cannot be printed on a letter. Please enter your name as plain text.",
    },
    lines: FieldTexts {
        label: "Address",
        hint: "Street and number, postcode and town, each on a line of its own",
        missing: "Please enter your address.",
        malformed: "This cannot be printed on a letter. Please enter your address as plain text.",
    },
    country: FieldTexts {
        label: "Country",
        hint: "Its code of two letters, such as CH, DE or FR",
        missing: "Please enter the country.",
        malformed: "This is not a country. Please enter its code of two letters, such as CH.",
    },
    example: Template("Example: {}"),
    restricted: "Such an address is not accepted here. Please use another one.",
    unusable: "Nothing can be sent there. Please check what you entered, or use something else.",
    check_fields: Alert {
        heading: "Please check what you entered",
        advice: "We could not use it as it is. What to correct is marked below.",
    },
    fixed_is_unusable: "Nothing can be sent there",
    send: ByChannel {
        email: "Send the code",
        sms: "Send the code",
        post: "Send the letter",
    },
    have_code: "I have a code already",
    changes_left: Counted {
        one: "You can change this 1 more time.",
        more: "You can change this {} more times.",
    },

    code_heading: "Enter your code",
    code_ended_heading: "This code cannot be used any more",
    code_sent: ByChannel {
        email: "We have e\u{2011}mailed a code to:",
        sms: "We have sent a text message with a code to:",
        post: "We are sending a letter with a code to:",
    },
    code_sent_before: ByChannel {
        email: "We e\u{2011}mailed a code a short time ago, so we have not sent another one. It went to:",
        sms: "We sent a text message with a code a short time ago, so we have not sent another one. It went to:",
        post: "A letter with a code is on its way already, so we have not sent another one. It goes to:",
    },
    code_was_sent: "The last code was sent to:",
    code_label: "Code",
    code_hint: "8 digits, such as 1234\u{2011}5678",
    code_pattern: "The code has 8 digits, such as 1234\u{2011}5678.",
    confirm: "Confirm",
    attempts_left: Counted {
        one: "You have 1 attempt left.",
        more: "You have {} attempts left.",
    },
    expires_in: Template("The code expires in {}."),
    nothing_arrived: "If nothing arrives",
    nothing_arrived_hint: ByChannel {
        email: "Look into the folder for spam, too.",
        sms: "Check that your phone has reception.",
        post: "Letters can take several days.",
    },
    come_back: "You can close this page until then. Keep its address to come back to it:",
    send_again: ByChannel {
        email: "Send a new code",
        sms: "Send a new code",
        post: "Send a new letter",
    },
    transmissions_left: Counted {
        one: "You can have 1 more code sent; then only that one counts.",
        more: "You can have {} more codes sent; only the newest one counts.",
    },
    next_transmission_in: Template("The next one can be sent in {}."),
    no_transmissions_left: "No more codes can be sent there.",
    use_other_address: ByChannel {
        email: "Use another e\u{2011}mail address",
        sms: "Use another number",
        post: "Use another address",
    },

    wrong_code: Alert {
        heading: "That was not the right code",
        advice: "Please compare it with the newest message.",
    },
    not_a_code: Alert {
        heading: "That is not a code",
        advice: "The code has 8 digits, such as 1234\u{2011}5678. Please enter it as it stands in the message.",
    },
    code_expired: "The code has expired",
    no_attempts_left: "You have no attempts left for this code",
    no_more_codes: "No more codes can be sent there",
    no_more_changes: Alert {
        heading: "The address cannot be changed any more",
        advice: "To use another one, go back to the site or app that sent you here and start again.",
    },
    address_was_fixed: Alert {
        heading: "The address cannot be changed",
        advice: "The site or app that sent you here wants this one confirmed.",
    },
    nothing_sent: Alert {
        heading: "No code has been sent yet",
        advice: "Have one sent first.",
    },
    delivery_failed: Alert {
        heading: "The code could not be sent",
        advice: "The fault is not yours. Please try again in a few minutes.",
    },
    unreachable: Alert {
        heading: "Nothing can be delivered there at the moment",
        advice: "Please try again later, or use another address.",
    },
    too_many_attempts: "There were too many attempts with this address",
    ways: Ways {
        new_code_or_other_address: "Have a new code sent, or use another address.",
        new_code: "Have a new code sent.",
        other_address: "Use another address.",
        newest_code: "Enter the newest code that you were sent.",
        newest_code_or_other_address: "Enter the newest code that you were sent, or use another address.",
        start_again: "Go back to the site or app that sent you here and start again.",
    },
    retry_in: Template("Try again in {}."),
    retry_later: "Please try again later.",

    done_heading: "Confirmed",
    done_lead: ByChannel {
        email: "Thank you. You have shown that you read e\u{2011}mails sent to:",
        sms: "Thank you. You have shown that you read text messages sent to:",
        post: "Thank you. You have shown that you receive letters sent to:",
    },
    done_step: "All done",
    go_on_to: Template("Continue to {}"),
    go_on_to_app: "Continue in the app",
    close: "You can close this page and go back to where you came from.",

    dead_ends: DeadEnds {
        unknown_validation: DeadEndTexts {
            heading: "This link does not work any more",
            what: "It has expired, has been used already, or was not copied whole.",
            now: "Go back to the site or app that sent you here and start again.",
        },
        wrong_link: DeadEndTexts {
            heading: "Something is wrong with this link",
            what: "It names a site or app that is not the one that asked for your address. Nothing was sent there.",
            now: "Go back to the site or app that you came from and start again. If somebody sent you this link, you had better not use it.",
        },
        failed: DeadEndTexts {
            heading: "Your address could not be confirmed",
            what: "All attempts have been used up, or the last code has expired.",
            now: "Go back to the site or app that sent you here and start again.",
        },
        too_many_attempts: DeadEndTexts {
            heading: "Too many attempts",
            what: "To protect whoever reads the messages, we send no more codes for the time being.",
            now: "You need not do anything in the meantime.",
        },
        malformed: DeadEndTexts {
            heading: "We could not read this request",
            what: "Something in it is missing or not as it should be.",
            now: "Go back and try again. If it happens again, start anew at the site or app that sent you here.",
        },
        not_possible: DeadEndTexts {
            heading: "This step is not possible now",
            what: "Your confirmation has moved on, maybe in another window.",
            now: "Go back to it and see where it stands.",
        },
        unreachable: DeadEndTexts {
            heading: "Nothing can be delivered there at the moment",
            what: "The address seems right, but messages do not get through to it.",
            now: "You can also use another address.",
        },
        sending_failed: DeadEndTexts {
            heading: "The code could not be sent",
            what: "The fault is not yours: our way of sending messages failed.",
            now: "Nothing that you entered is lost.",
        },
        server_fault: DeadEndTexts {
            heading: "Something went wrong here",
            what: "The fault is ours. It has been noted.",
            now: "If it happens again, tell whoever runs this service.",
        },
        busy: DeadEndTexts {
            heading: "There is too much going on here",
            what: "Your request could not be dealt with in time.",
            now: "Nothing that you entered before is lost.",
        },
        too_large: DeadEndTexts {
            heading: "That was too long",
            what: "We cannot take in as much text as this.",
            now: "Go back and shorten what you entered.",
        },
        unknown_page: DeadEndTexts {
            heading: "There is nothing here",
            what: "We have no page with this address. Maybe it was not copied whole.",
            now: "Follow the link of the site or app that sent you here once more.",
        },
        wrong_method: DeadEndTexts {
            heading: "This page cannot be opened like this",
            what: "It belongs to a form and has no address of its own.",
            now: "Go back to the form, or follow the link of the site or app that sent you here once more.",
        },
    },
    go_back: "Back to your confirmation",

    landing_what: "Sites and apps use this service to find out whether you can be reached at an address. We send a code there, and you enter it here.",
    landing_how: "There is nothing to do on this page. You get to the right one by a link of the site or app that wants your address confirmed.",
    landing_links: "More about this service",
};
