"""A shop's first day and the proof of an address, by the Python SDK alone. tests/sdk/journey.rs starts the server."""

import json
import os
import sys
from base64 import b64encode
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from kontor_challenger import AuthenticatedClient as ChallengerClient
from kontor_challenger import Client as PersonClient
from kontor_challenger.api.clients import get_validated_address, redeem_code, set_up_validation
from kontor_challenger.api.configuration import get_challenger_config
from kontor_challenger.api.validation import request_code, solve_validation, start_validation
from kontor_challenger.models import (
    ChallengeCreateResponse,
    ChallengeForm,
    ChallengeRedirect,
    ChallengeRequest,
    ChallengerAuthResponse,
    ChallengerInfoResponse,
    ChallengerTokenRequest,
    ChallengeSetupRequest,
    ChallengeSetupResponse,
    ChallengeSolveRequest,
    ChallengeStatus,
    InvalidPinResponse,
)
from kontor_merchant import AuthenticatedClient, Client
from kontor_merchant.api.access_tokens import create_token
from kontor_merchant.api.bank_accounts import add_account, get_account
from kontor_merchant.api.configuration import get_config
from kontor_merchant.api.instances import create_instance
from kontor_merchant.api.otp_devices import create_otp_device, get_otp_device
from kontor_merchant.api.own_instance import get_own_instance
from kontor_merchant.api.second_factor import confirm_challenge, request_challenge, validate_auth_channel
from kontor_merchant.models import (
    AccountAddDetails,
    AccountAddResponse,
    BankAccountDetail,
    ChallengeRequestResponse,
    ChallengeResponse,
    ErrorDetail,
    InstanceAuthConfigToken,
    InstanceConfigurationMessage,
    Location,
    LoginTokenRequest,
    LoginTokenSuccessResponse,
    MerchantChallengeSolveRequest,
    MerchantVersionResponse,
    OtpDeviceAddDetails,
    OtpDeviceDetails,
    QueryInstancesResponse,
    RelativeTime,
)

ADDRESS = "ada@python.example"
ENVIRONMENT = os.environ
SHOP = ENVIRONMENT["KONTOR"] + "/instances/python-tea"


def basic(url: str, user: str, password: str) -> AuthenticatedClient:
    return AuthenticatedClient(url, b64encode(f"{user}:{password}".encode()).decode(), prefix="Basic")


def code() -> str:
    """The newest code that was sent: the operator's side puts messages into a file here."""
    messages = Path(ENVIRONMENT["SPOOL"]).read_text().splitlines()
    sent = [message for message in map(json.loads, messages) if message["address"] == ADDRESS]
    return sent[-1]["tan"]


def solve(challenged: ChallengeResponse) -> str:
    """Solves the challenges of an answer 202; returns what the repeated request presents."""
    anybody = Client(SHOP)
    for challenge in challenged.challenges:
        sent = request_challenge.sync(challenge.challenge_id, client=anybody)
        assert isinstance(sent, ChallengeRequestResponse), sent
        solution = MerchantChallengeSolveRequest(tan=code())
        confirmed = confirm_challenge.sync_detailed(challenge.challenge_id, client=anybody, body=solution)
        assert confirmed.status_code == 204, confirmed
    return ",".join(challenge.challenge_id for challenge in challenged.challenges)


def open_shop() -> None:
    config = get_config.sync(client=Client(ENVIRONMENT["KONTOR"]))
    assert isinstance(config, MerchantVersionResponse), config
    operator = basic(ENVIRONMENT["KONTOR"], "admin", ENVIRONMENT["PASSWORD"])
    login = create_token.sync(client=operator, body=LoginTokenRequest(scope="all", duration=RelativeTime(d_us="forever")))
    assert isinstance(login, LoginTokenSuccessResponse), login
    assert login.expiration.t_s == "never", login
    shop = InstanceConfigurationMessage(
        id="python-tea",
        name="Python Tea",
        email=ADDRESS,
        auth=InstanceAuthConfigToken(method="token", password="a kettle sings at five"),
        address=Location(country="CH"),
        jurisdiction=Location(country="CH"),
        use_stefan=True,
    )
    admin = AuthenticatedClient(ENVIRONMENT["KONTOR"], login.access_token)
    created = create_instance.sync_detailed(client=admin, body=shop)
    assert created.status_code == 204, created


def log_in() -> AuthenticatedClient:
    """Without a second factor, gaining one, and with it."""
    password = basic(SHOP, "python-tea", "a kettle sings at five")
    request = LoginTokenRequest(scope="all", description="Python SDK")
    login = create_token.sync(client=password, body=request)
    assert isinstance(login, LoginTokenSuccessResponse), login
    owner = AuthenticatedClient(SHOP, login.access_token)
    challenged = validate_auth_channel.sync("email", client=owner)
    assert isinstance(challenged, ChallengeResponse), challenged
    proven = validate_auth_channel.sync_detailed("email", client=owner, taler_challenge_ids=solve(challenged))
    assert proven.status_code == 204, proven

    challenged = create_token.sync(client=password, body=request)
    assert isinstance(challenged, ChallengeResponse), challenged
    login = create_token.sync(client=password, body=request, taler_challenge_ids=solve(challenged))
    assert isinstance(login, LoginTokenSuccessResponse), login
    owner = AuthenticatedClient(SHOP, login.access_token)
    settings = get_own_instance.sync(client=owner)
    assert isinstance(settings, QueryInstancesResponse) and settings.email_validated, settings
    return owner


def add_bank_account(owner: AuthenticatedClient) -> None:
    account = AccountAddDetails(payto_uri="payto://iban/DE89370400440532013000?receiver-name=Python%20Tea")
    challenged = add_account.sync(client=owner, body=account)
    assert isinstance(challenged, ChallengeResponse), challenged
    added = add_account.sync(client=owner, body=account, taler_challenge_ids=solve(challenged))
    assert isinstance(added, AccountAddResponse), added
    shown = get_account.sync(added.h_wire, client=owner)
    assert isinstance(shown, BankAccountDetail) and shown.active, shown
    unknown = get_account.sync("0" * 103, client=owner)
    assert isinstance(unknown, ErrorDetail), unknown


def add_device(owner: AuthenticatedClient) -> None:
    device = OtpDeviceAddDetails(
        otp_device_id="till",
        otp_device_description="By the door",
        otp_key="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        otp_algorithm=1,
    )
    created = create_otp_device.sync_detailed(client=owner, body=device)
    assert created.status_code == 204, created
    shown = get_otp_device.sync("till", client=owner, faketime="59")
    assert isinstance(shown, OtpDeviceDetails), shown
    assert isinstance(shown.otp_code, str) and shown.otp_code.split()[2] == "94287082", shown


def prove_address() -> None:
    url, client_id, secret = (ENVIRONMENT[name] for name in ("CHALLENGER", "CLIENT_ID", "CLIENT_SECRET"))
    redirect_uri = ENVIRONMENT["REDIRECT_URI"]
    # Whoever does not ask for JSON is taken for a browser when the code is right.
    person = PersonClient(url, headers={"Accept": "application/json"})
    config = get_challenger_config.sync(client=person)
    assert config is not None and config.address_type == "email", config
    setup = set_up_validation.sync(
        client_id, client=ChallengerClient(url, secret), body=ChallengeSetupRequest(contact_email="nobody@python.example")
    )
    assert isinstance(setup, ChallengeSetupResponse), setup
    started = start_validation.sync(
        setup.nonce, client=person, response_type="code", client_id=client_id, redirect_uri=redirect_uri, state="tea"
    )
    assert isinstance(started, ChallengeStatus) and not started.solved, started
    assert started.last_address["CONTACT_EMAIL"] == "nobody@python.example", started
    given = request_code.sync(setup.nonce, client=person, body=ChallengeRequest(contact_email=ADDRESS))
    assert isinstance(given, ChallengeCreateResponse) and given.transmitted, given
    again = request_code.sync(setup.nonce, client=person, body=ChallengeForm(contact_email=ADDRESS))
    assert isinstance(again, ChallengeCreateResponse) and not again.transmitted, again
    right = code()
    wrong = solve_validation.sync(setup.nonce, client=person, body=ChallengeSolveRequest(pin=another(right)))
    assert isinstance(wrong, InvalidPinResponse) and wrong.code == 9758, wrong
    proven = solve_validation.sync(setup.nonce, client=person, body=ChallengeSolveRequest(pin=right))
    assert isinstance(proven, ChallengeRedirect), proven
    returned = parse_qs(urlsplit(proven.redirect_url).query)
    assert returned["state"] == ["tea"], returned
    credentials = b64encode(f"{client_id}:{secret}".encode()).decode()
    token = redeem_code.sync(
        client=ChallengerClient(url, credentials, prefix="Basic"),
        body=ChallengerTokenRequest(
            grant_type="authorization_code", code=returned["code"][0], redirect_uri=redirect_uri
        ),
    )
    assert isinstance(token, ChallengerAuthResponse) and token.token_type == "Bearer", token
    info = get_validated_address.sync(client=ChallengerClient(url, token.access_token))
    assert isinstance(info, ChallengerInfoResponse), info
    assert info.address["CONTACT_EMAIL"] == ADDRESS, info
    assert isinstance(info.expires.t_s, int), info


def another(right: str) -> str:
    last = "1" if right[-1] == "0" else "0"
    return right[:-1] + last


def main() -> int:
    open_shop()
    owner = log_in()
    add_bank_account(owner)
    add_device(owner)
    prove_address()
    print("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
