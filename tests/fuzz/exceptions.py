"""What Schemathesis reports and is meant so: rules that a schema cannot express. Each has its reason here.

A failure that is not in these lists fails the run. Lengthen them only where the document says in words what happens.
"""

from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.jsonschema import make_validator
from schemathesis.openapi.checks import IgnoredAuth, MissingHeaderNotRejected, RejectedPositiveData, UseAfterFree

#: Operations that are refused otherwise than with 401 where the credentials are missing.
UNAUTHENTICATED = {
    # The protocol has 400 here where no secret is sent, and 404 where a wrong one is.
    "setUpValidation",
    # Its first success ends the instance, so the repeat without credentials finds none.
    "deleteOwnInstance",
}

#: What can be read after it was deleted: the operator sees an instance until it is purged.
STILL_THERE = {"/management/instances/{instance}", "/management/instances/{instance}/kyc"}

#: Refusals of what fits the schema, by code and the parameter that the answer names.
REFUSED = {
    (26, "code_challenge"): "its form depends on code_challenge_method",
    (26, "code_challenge_method"): "is of no use without code_challenge",
    (26, "CONTACT_EMAIL"): "an address that may not be edited has to be there, and to be one",
    (25, "CONTACT_EMAIL"): "which fields an address has, depends on the configuration (/config)",
    (25, "email"): "which contacts are mandatory, depends on the configuration",
    (25, "phone_number"): "which contacts are mandatory, depends on the configuration",
    (25, "client_id"): "stands in the form or in the header",
    (25, "client_secret"): "stands in the form or in the header",
    (25, "code"): "belongs to one of the grant types that clients may ask for",
    (25, "redirect_uri"): "belongs to one of the grant types that clients may ask for",
    (26, "grant_type"): "another one has an error of its own in OAuth 2.0 (unsupported_grant_type)",
    (26, "pin"): "8 digits, with or without a dash and blanks, as people type them",
    (26, "tan"): "8 digits, with or without a dash and blanks, as people type them",
    (26, "default_pay_delay"): "a delay ends, but the type of durations has `forever`",
    (26, "default_refund_delay"): "a delay ends, but the type of durations has `forever`",
    (26, "default_wire_transfer_delay"): "a delay ends, but the type of durations has `forever`",
    (26, "faketime"): "a code is for some time, but the type of points in time has `never`",
    (26, "logo"): "an image is decoded, which no pattern does",
    (26, "credit_facade_url"): "a length that is counted in bytes, of the URL as it is normalised",
    (26, "delta"): "0 is no size of a page, but lies between the limits",
    (26, "limit"): "0 is no size of a page, but lies between the limits",
    (26, "email"): "whether a code can be sent to an address, takes more than a pattern",
    (26, "phone_number"): "whether a code can be sent to a number, takes more than a pattern",
    (26, "client_secret"): "credentials in the form and in the header are too many",
    (26, "duration"): "a token lives longer than nothing, but the type of durations has 0",
    (2023, "h_wire"): "has a code of its own, so the schema takes any text",
    (2025, "exchange_url"): "which payment providers are trusted, depends on the configuration (/config)",
}

#: Refusals by code alone.
REFUSED_CODES = {
    24: "a payto URI has rules that no pattern expresses",
    9753: "an authorization code is good for one client and once",
    9754: "whether a code verifier is the right one, and needed, depends on the code challenge",
}

#: Parameters with `format: int64` and no maximum.
COUNTED_WITHOUT_SIGN = {"timeout_ms", "token_validity_ms"}


def is_meant(failure, case, response):
    operation = case.operation.definition.raw["operationId"]
    if isinstance(failure, (IgnoredAuth, MissingHeaderNotRejected)):
        return operation in UNAUTHENTICATED
    if isinstance(failure, UseAfterFree):
        return case.path in STILL_THERE
    if isinstance(failure, RejectedPositiveData):
        return is_rightly_refused(case, response.json())
    if isinstance(failure, AcceptedNegativeData):
        return is_fine_for_this_server(case) or is_beyond_its_format(failure)
    return False


def is_rightly_refused(case, answer):
    code = answer.get("code")
    if code in REFUSED_CODES or (code, answer.get("parameter")) in REFUSED:
        return True
    # No text may contain NUL, and no field of a form may stand there twice: both are said once, for all of them.
    if contains_nul([case.path_parameters, case.query, case.body]) or answer.get("detail", "").endswith("in the form twice"):
        return True
    if code in (2601, 2602) and isinstance(case.body, dict):
        authentication = case.body.get("auth", case.body)
        # External authentication is switched off here; and what counts of a password are its bytes, without a prefix.
        return authentication.get("method") == "external" or is_long(authentication.get("password") or authentication.get("token"))
    return False


def is_long(secret):
    return isinstance(secret, str) and len(secret.encode().removeprefix(b"secret-token:")) > 1024


def contains_nul(value):
    if isinstance(value, dict):
        return any(contains_nul(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(contains_nul(element) for element in value)
    return isinstance(value, str) and "\0" in value


def is_fine_for_this_server(case):
    """Whether the body fits its schema by two rules of the document: null means absent, and x-unchecked members may be anything."""
    alternative = case.operation.get_body_for_media_type(case.media_type) if case.media_type else None
    if alternative is None or not isinstance(case.body, (dict, list)):
        return False
    schema = alternative.optimized_schema
    validator = make_validator(schema, case.operation.schema.adapter.jsonschema_validator_cls)
    if validator.is_valid(case.body):
        return False
    return validator.is_valid(without_nulls(without_unchecked(case)))


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_nulls(element) for element in value]
    return value


def without_unchecked(case):
    if not isinstance(case.body, dict):
        return case.body
    content = case.operation.definition.raw["requestBody"]["content"][case.media_type]
    document = case.operation.schema.raw_schema
    name = content["schema"].get("$ref", "").rsplit("/", 1)[-1]
    members = document["components"]["schemas"].get(name, {}).get("properties", {})
    return {key: member for key, member in case.body.items() if not members.get(key, {}).get("x-unchecked")}


def is_beyond_its_format(failure):
    """Whether a number is wrong only in that an int64 does not hold it: where the server counts without a sign, it takes more."""
    message = failure.message.lower()
    return "value greater than maximum" in message and any(f"`{name}`" in message for name in COUNTED_WITHOUT_SIGN)
