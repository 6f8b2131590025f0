"""A client that has an address proven, with Authlib. README.md says how the test talks to it."""

import json
import os
import sys

from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

base = os.environ["CHALLENGER"]
client_id = os.environ["CLIENT_ID"]
secret = os.environ["CLIENT_SECRET"]
redirect_uri = os.environ["REDIRECT_URI"]
# Plain HTTP, which is for tests on one machine only.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"


def session():
    return OAuth2Session(
        client_id,
        secret,
        redirect_uri=redirect_uri,
        token_endpoint_auth_method=os.environ["AUTHENTICATION"],
        code_challenge_method="S256",
    )


def say(**what):
    print(json.dumps(what), flush=True)


def exchange(callback, verifier, state):
    """The token, or what the library makes of the refusal."""
    client = session()
    try:
        client.fetch_token(
            base + "token",
            authorization_response=callback,
            code_verifier=verifier,
            state=state,
        )
    except OAuthError as refused:
        return None, {"error": refused.error, "description": refused.description}
    return client, None


# The step that is the Challenger's own.
setup = OAuth2Session().post(
    f"{base}setup/{client_id}",
    headers={"Authorization": f"Bearer {secret}"},
    withhold_token=True,
)
setup.raise_for_status()
nonce = setup.json()["nonce"]

verifier = generate_token(48)
url, state = session().create_authorization_url(
    f"{base}authorize/{nonce}", code_verifier=verifier
)
say(authorize=url)
callback = sys.stdin.readline().strip()
_, refusal = exchange(callback, generate_token(48), state)
say(wrong_verifier=refusal)
client, _ = exchange(callback, verifier, state)
say(token_type=client.token["token_type"], expires_in=client.token["expires_in"])
say(info=client.get(base + "info").json())
_, refusal = exchange(callback, verifier, state)
say(used_code=refusal)
