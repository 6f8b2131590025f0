//! French. No text has a sign that wants a narrow space in front of it, but the colon.

use super::{
    Alert, ByChannel, Counted, DeadEndTexts, DeadEnds, FieldTexts, Template, Texts, Units, Ways,
};

pub static TEXTS: Texts = Texts {
    language: "fr",
    service: "Confirmation d’adresse",
    problem_title: Template("Problème\u{a0}: {}"),
    step: Template("Étape {} sur 2"),
    reference: "Référence\u{a0}:",
    reference_note: "Elle figure aussi dans le message avec votre code.",
    request: "Requête\u{a0}:",
    terms: "Conditions d’utilisation",
    privacy: "Protection des données",
    documentation: "Documentation de l’interface",
    time: Units {
        seconds: Counted {
            one: "1 seconde",
            more: "{} secondes",
        },
        minutes: Counted {
            one: "1 minute",
            more: "{} minutes",
        },
        hours: Counted {
            one: "1 heure",
            more: "{} heures",
        },
        days: Counted {
            one: "1 jour",
            more: "{} jours",
        },
    },

    address_heading: ByChannel {
        email: "Confirmez votre adresse e\u{2011}mail",
        sms: "Confirmez votre numéro de téléphone",
        post: "Confirmez votre adresse postale",
    },
    address_lead: ByChannel {
        email: "Nous vous enverrons un code par e\u{2011}mail. En le saisissant sur la page suivante, vous montrez que vous recevez les messages envoyés à cette adresse.",
        sms: "Nous vous enverrons un code par SMS. En le saisissant sur la page suivante, vous montrez que l’on peut vous joindre à ce numéro.",
        post: "Nous vous enverrons une lettre avec un code. En le saisissant sur la page suivante, vous montrez que le courrier vous parvient à cette adresse.",
    },
    address_is_fixed: "Cette indication ne peut pas être modifiée ici.",
    email: FieldTexts {
        label: "Adresse e\u{2011}mail",
        hint: "",
        missing: "Veuillez saisir votre adresse e\u{2011}mail.",
        malformed: "Ce n’est pas une adresse e\u{2011}mail. Elle devrait ressembler à nom@example.org.",
    },
    phone: FieldTexts {
        label: "Numéro de téléphone",
        hint: "Commencez par l’indicatif du pays, par exemple +41.",
        missing: "Veuillez saisir votre numéro de téléphone.",
        malformed: "Ce n’est pas un numéro de téléphone. Veuillez le vérifier, y compris l’indicatif du pays.",
    },
    name: FieldTexts {
        label: "Nom",
        hint: "Prénom et nom, ou organisation",
        missing: "Veuillez saisir votre nom.",
        malformed: "Cela ne peut pas être imprimé sur une lettre. Veuillez saisir votre nom en texte simple.",
    },
    lines: FieldTexts {
        label: "Adresse",
        hint: "Rue et numéro, code postal et localité, chacun sur sa propre ligne",
        missing: "Veuillez saisir votre adresse.",
        malformed: "Cela ne peut pas être imprimé sur une lettre. Veuillez saisir votre adresse en texte simple.",
    },
    country: FieldTexts {
        label: "Pays",
        hint: "Son code de deux lettres, par exemple CH, DE ou FR",
        missing: "Veuillez saisir le pays.",
        malformed: "Ce n’est pas un pays. Veuillez saisir son code de deux lettres, par exemple CH.",
    },
    example: Template("Exemple\u{a0}: {}"),
    restricted: "Une telle indication n’est pas acceptée ici. Veuillez en utiliser une autre.",
    unusable: "Rien ne peut y être envoyé. Veuillez vérifier votre saisie ou en utiliser une autre.",
    check_fields: Alert {
        heading: "Veuillez vérifier votre saisie",
        advice: "Nous ne pouvons pas l’utiliser telle quelle. Ce qui est à corriger est indiqué ci-dessous.",
    },
    fixed_is_unusable: "Rien ne peut y être envoyé",
    send: ByChannel {
        email: "Envoyer le code",
        sms: "Envoyer le code",
        post: "Envoyer la lettre",
    },
    have_code: "J’ai déjà un code",
    changes_left: Counted {
        one: "Vous pouvez encore la modifier 1 fois.",
        more: "Vous pouvez encore la modifier {} fois.",
    },

    code_heading: "Saisissez votre code",
    code_ended_heading: "Ce code n’est plus valable",
    code_sent: ByChannel {
        email: "Nous avons envoyé un code par e\u{2011}mail à l’adresse\u{a0}:",
        sms: "Nous avons envoyé un code par SMS au numéro\u{a0}:",
        post: "Nous envoyons une lettre avec un code à\u{a0}:",
    },
    code_sent_before: ByChannel {
        email: "Nous venons d’envoyer un code par e\u{2011}mail et n’en avons donc pas envoyé d’autre. Il est parti à l’adresse\u{a0}:",
        sms: "Nous venons d’envoyer un code par SMS et n’en avons donc pas envoyé d’autre. Il est parti au numéro\u{a0}:",
        post: "Une lettre avec un code est déjà en route, nous n’en envoyons donc pas d’autre. Elle est adressée à\u{a0}:",
    },
    code_was_sent: "Le dernier code a été envoyé à\u{a0}:",
    code_label: "Code",
    code_hint: "8 chiffres, par exemple 1234\u{2011}5678",
    code_pattern: "Le code a 8 chiffres, par exemple 1234\u{2011}5678.",
    confirm: "Confirmer",
    attempts_left: Counted {
        one: "Il vous reste 1 essai.",
        more: "Il vous reste {} essais.",
    },
    expires_in: Template("Le code expire dans {}."),
    nothing_arrived: "Si rien n’arrive",
    nothing_arrived_hint: ByChannel {
        email: "Regardez aussi dans le dossier des indésirables.",
        sms: "Vérifiez que votre téléphone a du réseau.",
        post: "Une lettre peut mettre plusieurs jours.",
    },
    come_back: "Vous pouvez fermer cette page en attendant. Cette adresse vous y ramène\u{a0}:",
    send_again: ByChannel {
        email: "Envoyer un nouveau code",
        sms: "Envoyer un nouveau code",
        post: "Envoyer une nouvelle lettre",
    },
    transmissions_left: Counted {
        one: "Nous pouvons encore envoyer 1 code, qui sera alors le seul valable.",
        more: "Nous pouvons encore envoyer {} codes, seul le plus récent est valable.",
    },
    next_transmission_in: Template("Le prochain pourra être envoyé dans {}."),
    no_transmissions_left: "Plus aucun code ne peut y être envoyé.",
    use_other_address: ByChannel {
        email: "Utiliser une autre adresse e\u{2011}mail",
        sms: "Utiliser un autre numéro",
        post: "Utiliser une autre adresse",
    },

    wrong_code: Alert {
        heading: "Ce n’était pas le bon code",
        advice: "Veuillez le comparer avec le message le plus récent.",
    },
    not_a_code: Alert {
        heading: "Ce n’est pas un code",
        advice: "Le code a 8 chiffres, par exemple 1234\u{2011}5678. Veuillez le saisir comme il figure dans le message.",
    },
    code_expired: "Le code a expiré",
    no_attempts_left: "Il ne vous reste aucun essai pour ce code",
    no_more_codes: "Plus aucun code ne peut y être envoyé",
    no_more_changes: Alert {
        heading: "L’adresse ne peut plus être modifiée",
        advice: "Pour en utiliser une autre, retournez sur le site ou dans l’application d’où vous venez et recommencez.",
    },
    address_was_fixed: Alert {
        heading: "L’adresse ne peut pas être modifiée",
        advice: "Le site ou l’application d’où vous venez souhaite la confirmation de celle-ci.",
    },
    nothing_sent: Alert {
        heading: "Aucun code n’a encore été envoyé",
        advice: "Faites-vous d’abord envoyer un code.",
    },
    delivery_failed: Alert {
        heading: "Le code n’a pas pu être envoyé",
        advice: "L’erreur ne vient pas de vous. Veuillez réessayer dans quelques minutes.",
    },
    unreachable: Alert {
        heading: "Rien ne peut y être livré pour le moment",
        advice: "Veuillez réessayer plus tard ou utiliser une autre adresse.",
    },
    too_many_attempts: "Il y a eu trop d’essais avec cette adresse",
    ways: Ways {
        new_code_or_other_address: "Faites-vous envoyer un nouveau code ou utilisez une autre adresse.",
        new_code: "Faites-vous envoyer un nouveau code.",
        other_address: "Utilisez une autre adresse.",
        newest_code: "Saisissez le code le plus récent que vous avez reçu.",
        newest_code_or_other_address: "Saisissez le code le plus récent que vous avez reçu ou utilisez une autre adresse.",
        start_again: "Retournez sur le site ou dans l’application d’où vous venez et recommencez.",
    },
    retry_in: Template("Réessayez dans {}."),
    retry_later: "Veuillez réessayer plus tard.",

    done_heading: "C’est confirmé",
    done_lead: ByChannel {
        email: "Merci. Vous avez montré que vous lisez les e\u{2011}mails envoyés à l’adresse\u{a0}:",
        sms: "Merci. Vous avez montré que vous lisez les SMS envoyés au numéro\u{a0}:",
        post: "Merci. Vous avez montré que vous recevez les lettres adressées à\u{a0}:",
    },
    done_step: "Tout est fait",
    go_on_to: Template("Continuer vers {}"),
    go_on_to_app: "Continuer dans l’application",
    close: "Vous pouvez fermer cette page et revenir là d’où vous venez.",

    dead_ends: DeadEnds {
        unknown_validation: DeadEndTexts {
            heading: "Ce lien n’est plus valable",
            what: "Il a expiré, a déjà été utilisé ou n’a pas été copié en entier.",
            now: "Retournez sur le site ou dans l’application d’où vous venez et recommencez.",
        },
        wrong_link: DeadEndTexts {
            heading: "Ce lien a un problème",
            what: "Il nomme un site ou une application qui n’est pas celui qui a demandé votre adresse. Rien n’y a été envoyé.",
            now: "Retournez sur le site ou dans l’application d’où vous venez et recommencez. Si quelqu’un vous a envoyé ce lien, mieux vaut ne pas l’utiliser.",
        },
        failed: DeadEndTexts {
            heading: "Votre adresse n’a pas pu être confirmée",
            what: "Tous les essais sont épuisés, ou le dernier code a expiré.",
            now: "Retournez sur le site ou dans l’application d’où vous venez et recommencez.",
        },
        too_many_attempts: DeadEndTexts {
            heading: "Trop d’essais",
            what: "Pour protéger la personne qui lit les messages, nous n’envoyons plus de code pour le moment.",
            now: "Entre-temps, vous n’avez rien à faire.",
        },
        malformed: DeadEndTexts {
            heading: "Cette requête n’a pas pu être comprise",
            what: "Quelque chose y manque ou n’est pas comme prévu.",
            now: "Revenez en arrière et réessayez. Si cela se répète, recommencez sur le site ou dans l’application d’où vous venez.",
        },
        not_possible: DeadEndTexts {
            heading: "Cette étape n’est pas possible maintenant",
            what: "Votre confirmation est déjà plus avancée, peut-être dans une autre fenêtre.",
            now: "Revenez-y pour voir où elle en est.",
        },
        unreachable: DeadEndTexts {
            heading: "Rien ne peut y être livré pour le moment",
            what: "L’adresse semble juste, mais les messages n’y parviennent pas.",
            now: "Vous pouvez aussi utiliser une autre adresse.",
        },
        sending_failed: DeadEndTexts {
            heading: "Le code n’a pas pu être envoyé",
            what: "L’erreur ne vient pas de vous, notre envoi de messages est en panne.",
            now: "Rien de ce que vous avez saisi n’est perdu.",
        },
        server_fault: DeadEndTexts {
            heading: "Une erreur s’est produite ici",
            what: "La faute est de notre côté. Elle a été notée.",
            now: "Si cela se répète, signalez-le à qui exploite ce service.",
        },
        busy: DeadEndTexts {
            heading: "Il y a trop d’affluence en ce moment",
            what: "Votre requête n’a pas pu être traitée à temps.",
            now: "Rien de ce que vous avez saisi auparavant n’est perdu.",
        },
        too_large: DeadEndTexts {
            heading: "C’était trop long",
            what: "Nous ne pouvons pas recevoir autant de texte.",
            now: "Revenez en arrière et raccourcissez votre saisie.",
        },
        unknown_page: DeadEndTexts {
            heading: "Il n’y a rien ici",
            what: "Nous n’avons pas de page à cette adresse. Elle n’a peut-être pas été copiée en entier.",
            now: "Suivez encore une fois le lien du site ou de l’application d’où vous venez.",
        },
        wrong_method: DeadEndTexts {
            heading: "Cette page ne s’ouvre pas ainsi",
            what: "Elle fait partie d’un formulaire et n’a pas d’adresse propre.",
            now: "Revenez au formulaire ou suivez encore une fois le lien du site ou de l’application d’où vous venez.",
        },
    },
    go_back: "Revenir à la confirmation",

    landing_what: "Des sites et des applications utilisent ce service pour savoir si l’on peut vous joindre à une adresse. Nous y envoyons un code, et vous le saisissez ici.",
    landing_how: "Il n’y a rien à faire sur cette page. Le lien que vous donne le site ou l’application qui veut confirmer votre adresse mène à la bonne.",
    landing_links: "En savoir plus sur ce service",
};
