//! German, as it is written in Switzerland: it can be read everywhere.

use super::{
    Alert, ByChannel, Counted, DeadEndTexts, DeadEnds, FieldTexts, Template, Texts, Units, Ways,
};

pub static TEXTS: Texts = Texts {
    language: "de",
    service: "Adressbestätigung",
    problem_title: Template("Problem: {}"),
    step: Template("Schritt {} von 2"),
    reference: "Referenz:",
    reference_note: "Sie steht auch in der Nachricht mit Ihrem Code.",
    request: "Anfrage:",
    terms: "Nutzungsbedingungen",
    privacy: "Datenschutz",
    documentation: "Dokumentation der Schnittstelle",
    time: Units {
        seconds: Counted {
            one: "1 Sekunde",
            more: "{} Sekunden",
        },
        minutes: Counted {
            one: "1 Minute",
            more: "{} Minuten",
        },
        hours: Counted {
            one: "1 Stunde",
            more: "{} Stunden",
        },
        days: Counted {
            one: "1 Tag",
            more: "{} Tagen",
        },
    },

    address_heading: ByChannel {
        email: "E\u{2011}Mail-Adresse bestätigen",
        sms: "Telefonnummer bestätigen",
        post: "Postadresse bestätigen",
    },
    address_lead: ByChannel {
        email: "Wir senden Ihnen einen Code per E\u{2011}Mail. Geben Sie ihn auf der nächsten Seite ein: So zeigen Sie, dass Sie lesen, was dorthin gesandt wird.",
        sms: "Wir senden Ihnen einen Code per SMS. Geben Sie ihn auf der nächsten Seite ein: So zeigen Sie, dass Sie unter dieser Nummer erreichbar sind.",
        post: "Wir senden Ihnen einen Brief mit einem Code. Geben Sie ihn auf der nächsten Seite ein: So zeigen Sie, dass Post Sie dort erreicht.",
    },
    address_is_fixed: "Diese Angabe lässt sich hier nicht ändern.",
    email: FieldTexts {
        label: "E\u{2011}Mail-Adresse",
        hint: "",
        missing: "Bitte geben Sie Ihre E\u{2011}Mail-Adresse ein.",
        malformed: "Das ist keine E\u{2011}Mail-Adresse. Sie sollte etwa so aussehen: name@example.org.",
    },
    phone: FieldTexts {
        label: "Telefonnummer",
        hint: "Beginnen Sie mit der Landesvorwahl, etwa +41.",
        missing: "Bitte geben Sie Ihre Telefonnummer ein.",
        malformed: "Das ist keine Telefonnummer. Bitte prüfen Sie sie mitsamt der Landesvorwahl.",
    },
    name: FieldTexts {
        label: "Name",
        hint: "Vor- und Nachname oder Firma",
        missing: "Bitte geben Sie Ihren Namen ein.",
        malformed: "Das lässt sich nicht auf einen Brief drucken. Bitte geben Sie Ihren Namen als einfachen Text ein.",
    },
    lines: FieldTexts {
        label: "Adresse",
        hint: "Strasse und Hausnummer, Postleitzahl und Ort, je auf einer eigenen Zeile",
        missing: "Bitte geben Sie Ihre Adresse ein.",
        malformed: "Das lässt sich nicht auf einen Brief drucken. Bitte geben Sie Ihre Adresse als einfachen Text ein.",
    },
    country: FieldTexts {
        label: "Land",
        hint: "Das Kürzel aus zwei Buchstaben, etwa CH, DE oder FR",
        missing: "Bitte geben Sie das Land ein.",
        malformed: "Das ist kein Land. Bitte geben Sie das Kürzel aus zwei Buchstaben ein, etwa CH.",
    },
    example: Template("Beispiel: {}"),
    restricted: "Eine solche Angabe wird hier nicht angenommen. Bitte verwenden Sie eine andere.",
    unusable: "Dorthin lässt sich nichts senden. Bitte prüfen Sie die Angabe oder verwenden Sie eine andere.",
    check_fields: Alert {
        heading: "Bitte prüfen Sie Ihre Angaben",
        advice: "So können wir sie nicht verwenden. Was zu ändern ist, ist unten markiert.",
    },
    fixed_is_unusable: "Dorthin lässt sich nichts senden",
    send: ByChannel {
        email: "Code senden",
        sms: "Code senden",
        post: "Brief senden",
    },
    have_code: "Ich habe schon einen Code",
    changes_left: Counted {
        one: "Sie können die Angabe noch 1-mal ändern.",
        more: "Sie können die Angabe noch {}-mal ändern.",
    },

    code_heading: "Code eingeben",
    code_ended_heading: "Dieser Code gilt nicht mehr",
    code_sent: ByChannel {
        email: "Wir haben einen Code per E\u{2011}Mail gesandt an:",
        sms: "Wir haben einen Code per SMS gesandt an:",
        post: "Wir senden einen Brief mit einem Code an:",
    },
    code_sent_before: ByChannel {
        email: "Wir haben erst vor Kurzem einen Code per E\u{2011}Mail gesandt und darum keinen neuen. Er ging an:",
        sms: "Wir haben erst vor Kurzem einen Code per SMS gesandt und darum keinen neuen. Er ging an:",
        post: "Ein Brief mit einem Code ist schon unterwegs, darum senden wir keinen neuen. Er geht an:",
    },
    code_was_sent: "Der letzte Code ging an:",
    code_label: "Code",
    code_hint: "8 Ziffern, etwa 1234\u{2011}5678",
    code_pattern: "Der Code hat 8 Ziffern, etwa 1234\u{2011}5678.",
    confirm: "Bestätigen",
    attempts_left: Counted {
        one: "Sie haben noch 1 Versuch.",
        more: "Sie haben noch {} Versuche.",
    },
    expires_in: Template("Der Code läuft in {} ab."),
    nothing_arrived: "Falls nichts ankommt",
    nothing_arrived_hint: ByChannel {
        email: "Sehen Sie auch im Spam-Ordner nach.",
        sms: "Prüfen Sie, ob Ihr Telefon Empfang hat.",
        post: "Ein Brief kann mehrere Tage brauchen.",
    },
    come_back: "Bis dahin können Sie diese Seite schliessen. Mit dieser Adresse kommen Sie zu ihr zurück:",
    send_again: ByChannel {
        email: "Neuen Code senden",
        sms: "Neuen Code senden",
        post: "Neuen Brief senden",
    },
    transmissions_left: Counted {
        one: "Wir können noch 1 Code senden; dann gilt nur noch dieser.",
        more: "Wir können noch {} Codes senden; es gilt nur der neuste.",
    },
    next_transmission_in: Template("Der nächste lässt sich in {} senden."),
    no_transmissions_left: "Dorthin lassen sich keine weiteren Codes senden.",
    use_other_address: ByChannel {
        email: "Andere E\u{2011}Mail-Adresse verwenden",
        sms: "Andere Nummer verwenden",
        post: "Andere Adresse verwenden",
    },

    wrong_code: Alert {
        heading: "Das war nicht der richtige Code",
        advice: "Bitte vergleichen Sie ihn mit der neusten Nachricht.",
    },
    not_a_code: Alert {
        heading: "Das ist kein Code",
        advice: "Der Code hat 8 Ziffern, etwa 1234\u{2011}5678. Bitte geben Sie ihn so ein, wie er in der Nachricht steht.",
    },
    code_expired: "Der Code ist abgelaufen",
    no_attempts_left: "Für diesen Code haben Sie keine Versuche mehr",
    no_more_codes: "Dorthin lassen sich keine weiteren Codes senden",
    no_more_changes: Alert {
        heading: "Die Adresse lässt sich nicht mehr ändern",
        advice: "Um eine andere zu verwenden, gehen Sie zurück zur Website oder App, die Sie hierher geführt hat, und beginnen Sie neu.",
    },
    address_was_fixed: Alert {
        heading: "Die Adresse lässt sich nicht ändern",
        advice: "Die Website oder App, die Sie hierher geführt hat, möchte genau diese bestätigt haben.",
    },
    nothing_sent: Alert {
        heading: "Es wurde noch kein Code gesandt",
        advice: "Lassen Sie sich zuerst einen senden.",
    },
    delivery_failed: Alert {
        heading: "Der Code liess sich nicht senden",
        advice: "Der Fehler liegt nicht bei Ihnen. Bitte versuchen Sie es in einigen Minuten noch einmal.",
    },
    unreachable: Alert {
        heading: "Dorthin lässt sich im Moment nichts zustellen",
        advice: "Bitte versuchen Sie es später noch einmal oder verwenden Sie eine andere Adresse.",
    },
    too_many_attempts: "Mit dieser Adresse gab es zu viele Versuche",
    ways: Ways {
        new_code_or_other_address: "Lassen Sie sich einen neuen Code senden oder verwenden Sie eine andere Adresse.",
        new_code: "Lassen Sie sich einen neuen Code senden.",
        other_address: "Verwenden Sie eine andere Adresse.",
        newest_code: "Geben Sie den neusten Code ein, den Sie erhalten haben.",
        newest_code_or_other_address: "Geben Sie den neusten Code ein, den Sie erhalten haben, oder verwenden Sie eine andere Adresse.",
        start_again: "Gehen Sie zurück zur Website oder App, die Sie hierher geführt hat, und beginnen Sie neu.",
    },
    retry_in: Template("Versuchen Sie es in {} noch einmal."),
    retry_later: "Bitte versuchen Sie es später noch einmal.",

    done_heading: "Bestätigt",
    done_lead: ByChannel {
        email: "Vielen Dank. Sie haben gezeigt, dass Sie E\u{2011}Mails lesen, die hierhin gesandt werden:",
        sms: "Vielen Dank. Sie haben gezeigt, dass Sie SMS lesen, die hierhin gesandt werden:",
        post: "Vielen Dank. Sie haben gezeigt, dass Sie Briefe erhalten, die hierhin gesandt werden:",
    },
    done_step: "Alles erledigt",
    go_on_to: Template("Weiter zu {}"),
    go_on_to_app: "Weiter in der App",
    close: "Sie können diese Seite schliessen und dorthin zurückkehren, woher Sie kommen.",

    dead_ends: DeadEnds {
        unknown_validation: DeadEndTexts {
            heading: "Dieser Link gilt nicht mehr",
            what: "Er ist abgelaufen, wurde schon verwendet oder ist nicht vollständig kopiert.",
            now: "Gehen Sie zurück zur Website oder App, die Sie hierher geführt hat, und beginnen Sie neu.",
        },
        wrong_link: DeadEndTexts {
            heading: "Mit diesem Link stimmt etwas nicht",
            what: "Er nennt eine Website oder App, die nicht die ist, die nach Ihrer Adresse gefragt hat. Dorthin wurde nichts gesandt.",
            now: "Gehen Sie zurück zur Website oder App, von der Sie kommen, und beginnen Sie neu. Wenn Ihnen jemand diesen Link geschickt hat, verwenden Sie ihn besser nicht.",
        },
        failed: DeadEndTexts {
            heading: "Ihre Adresse liess sich nicht bestätigen",
            what: "Alle Versuche sind aufgebraucht, oder der letzte Code ist abgelaufen.",
            now: "Gehen Sie zurück zur Website oder App, die Sie hierher geführt hat, und beginnen Sie neu.",
        },
        too_many_attempts: DeadEndTexts {
            heading: "Zu viele Versuche",
            what: "Zum Schutz derer, die die Nachrichten lesen, senden wir vorläufig keine Codes mehr.",
            now: "In der Zwischenzeit brauchen Sie nichts zu tun.",
        },
        malformed: DeadEndTexts {
            heading: "Diese Anfrage war nicht zu verstehen",
            what: "Etwas darin fehlt oder ist nicht, wie es sein sollte.",
            now: "Gehen Sie zurück und versuchen Sie es noch einmal. Hilft das nicht, beginnen Sie neu bei der Website oder App, die Sie hierher geführt hat.",
        },
        not_possible: DeadEndTexts {
            heading: "Dieser Schritt ist jetzt nicht möglich",
            what: "Ihre Bestätigung ist schon weiter, vielleicht in einem anderen Fenster.",
            now: "Gehen Sie zu ihr zurück und sehen Sie, wo sie steht.",
        },
        unreachable: DeadEndTexts {
            heading: "Dorthin lässt sich im Moment nichts zustellen",
            what: "Die Adresse scheint zu stimmen, aber Nachrichten kommen nicht durch.",
            now: "Sie können auch eine andere Adresse verwenden.",
        },
        sending_failed: DeadEndTexts {
            heading: "Der Code liess sich nicht senden",
            what: "Der Fehler liegt nicht bei Ihnen: Unser Versand ist ausgefallen.",
            now: "Ihre Angaben sind nicht verloren.",
        },
        server_fault: DeadEndTexts {
            heading: "Hier ist etwas schiefgegangen",
            what: "Der Fehler liegt bei uns. Er ist vermerkt.",
            now: "Wenn es wieder geschieht, melden Sie es der Stelle, die diesen Dienst betreibt.",
        },
        busy: DeadEndTexts {
            heading: "Hier ist gerade zu viel los",
            what: "Ihre Anfrage konnte nicht rechtzeitig bearbeitet werden.",
            now: "Was Sie vorher eingegeben haben, ist nicht verloren.",
        },
        too_large: DeadEndTexts {
            heading: "Das war zu lang",
            what: "So viel Text können wir nicht aufnehmen.",
            now: "Gehen Sie zurück und kürzen Sie, was Sie eingegeben haben.",
        },
        unknown_page: DeadEndTexts {
            heading: "Hier ist nichts",
            what: "Unter dieser Adresse haben wir keine Seite. Vielleicht ist sie nicht vollständig kopiert.",
            now: "Folgen Sie noch einmal dem Link der Website oder App, die Sie hierher geführt hat.",
        },
        wrong_method: DeadEndTexts {
            heading: "Diese Seite lässt sich so nicht öffnen",
            what: "Sie gehört zu einem Formular und hat keine eigene Adresse.",
            now: "Gehen Sie zurück zum Formular oder folgen Sie noch einmal dem Link der Website oder App, die Sie hierher geführt hat.",
        },
    },
    go_back: "Zurück zur Bestätigung",

    landing_what: "Websites und Apps stellen mit diesem Dienst fest, ob Sie unter einer Adresse erreichbar sind. Wir senden einen Code dorthin, und Sie geben ihn hier ein.",
    landing_how: "Auf dieser Seite gibt es nichts zu tun. Zur richtigen führt Sie ein Link der Website oder App, die Ihre Adresse bestätigt haben möchte.",
    landing_links: "Mehr über diesen Dienst",
};
