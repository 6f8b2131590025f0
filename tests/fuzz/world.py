"""What generated requests are about: shops, tokens, accounts, devices, challenges and validations that really exist.

Generated requests change and delete them, so everything is made when it is needed and looked after before it is used again.
"""

import base64
import json
import os
import subprocess

import requests

MERCHANT = os.environ["FUZZ_MERCHANT"].rstrip("/")
CHALLENGER = os.environ["FUZZ_CHALLENGER"].rstrip("/")
KONTOR = os.environ["FUZZ_KONTOR"]
SPOOL = os.environ["FUZZ_SPOOL"]
CLIENT = os.environ["FUZZ_CLIENT_ID"]
CLIENT_SECRET = os.environ["FUZZ_CLIENT_SECRET"]
REDIRECT_URI = os.environ["FUZZ_REDIRECT_URI"]

PASSWORD = "correct horse battery staple"
ADMIN_PASSWORD = os.environ["FUZZ_ADMIN_PASSWORD"]
EMAIL = "ada@tea.example"
#: The instance of this round.
SHOP = os.environ["FUZZ_SHOP"]
ACCOUNT = "payto://iban/DE89370400440532013000?receiver-name=Tea%20House"
DEVICE = {"otp_device_id": "till", "otp_device_description": "Till", "otp_algorithm": "TOTP_WITH_PRICE", "otp_key": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}


class Trouble(Exception):
    """What the server should do for a shop, and did not."""


def send(method, url, expected, **keywords):
    """Sends a request of the world's own, outside of every check."""
    answer = requests.request(method, url, timeout=30, allow_redirects=False, **keywords)
    if answer.status_code not in expected:
        raise Trouble(f"{method} {url}: {answer.status_code} {answer.text}")
    return answer


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def basic(user, password):
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def password(instance):
    return ADMIN_PASSWORD if instance == "admin" else PASSWORD


def settings(instance):
    return {
        "id": instance,
        "name": "Tea House",
        "email": EMAIL,
        "auth": {"method": "token", "password": PASSWORD},
        "address": {"country": "CH"},
        "jurisdiction": {},
        "use_stefan": True,
    }


def command_line(*arguments):
    """A verb of Kontor's own command line, which no change of a password locks out."""
    done = subprocess.run([KONTOR, *arguments], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise Trouble(f"kontor {arguments}: {done.stderr}")
    return done.stdout.strip()


def codes_sent():
    if not os.path.exists(SPOOL):
        return []
    with open(SPOOL, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.endswith("\n")]


class Merchant:
    """The instance `admin` and the shop, as they ought to be."""

    def __init__(self):
        self._admin = None
        self._tokens = {}
        self._checked = set()

    def doubt(self):
        """Something may have changed what is needed: look at it before it is used again."""
        self._checked.clear()

    def admin(self):
        """A token of the operator that works."""
        if "admin" in self._checked:
            return self._admin
        url = f"{MERCHANT}/private"
        if self._admin is None or send("GET", url, (200, 401), headers=bearer(self._admin)).status_code == 401:
            self._admin = command_line("token", "create", "admin", "--scope", "all")
        self._checked.add("admin")
        return self._admin

    def token(self, instance):
        """A token of an instance that works. An instance that is gone, or that nobody can log into, is made anew."""
        if instance == "admin":
            return self.admin()
        if instance in self._checked:
            return self._tokens[instance]
        token = self._tokens.get(instance)
        url = f"{MERCHANT}/instances/{instance}/private"
        if token is None or send("GET", url, (200, 401, 403, 404), headers=bearer(token)).status_code != 200:
            token = self._tokens[instance] = self.renew(instance)
        self._checked.add(instance)
        return token

    def renew(self, instance):
        operator = bearer(self.admin())
        managed = f"{MERCHANT}/management/instances"
        send("DELETE", f"{managed}/{instance}?purge=YES", (204, 404), headers=operator)
        send("POST", managed, (204,), headers=operator, json=settings(instance))
        url = f"{MERCHANT}/instances/{instance}/private/token"
        login = {"scope": "all", "duration": {"d_us": "forever"}}
        return send("POST", url, (200,), headers=basic(instance, PASSWORD), json=login).json()["access_token"]

    def spare_token(self, base, instance):
        """Another token, for what ends the token it is used with."""
        login = {"scope": "all:refreshable"}
        headers = basic(instance, password(instance))
        answer = send("POST", f"{base}/private/token", (200, 202, 401, 404), headers=headers, json=login)
        return answer.json()["access_token"] if answer.status_code == 200 else self.token(instance)

    def account(self, base, token):
        """The wire hash of an account."""
        url = f"{base}/private/accounts"
        added = send("POST", url, (200, 202, 409), headers=bearer(token), json={"payto_uri": ACCOUNT})
        if added.status_code == 200:
            return added.json()["h_wire"]
        known = send("GET", url, (200,), headers=bearer(token)).json()["accounts"]
        return known[0]["h_wire"] if known else None

    def device(self, base, token):
        send("POST", f"{base}/private/otp-devices", (204, 409), headers=bearer(token), json=DEVICE)
        return DEVICE["otp_device_id"]

    def serial(self, base, token):
        """The serial number of a token that nothing else needs."""
        instance = base.rsplit("/", 1)[1] if "/instances/" in base else "admin"
        self.spare_token(base, instance)
        page = send("GET", f"{base}/private/tokens?limit=-1", (200, 204), headers=bearer(token))
        return page.json()["tokens"][0]["serial"] if page.status_code == 200 else None

    def challenge(self, base, sent):
        """A challenge of the second factor, and the code of it if it was to be sent."""
        self.token(SHOP)
        url = f"{MERCHANT}/instances/{SHOP}/forgot-password"
        body = {"method": "token", "password": PASSWORD}
        answer = send("POST", url, (202, 403, 404, 429), json=body)
        if answer.status_code != 202:
            return None, None
        challenge = answer.json()["challenges"][0]["challenge_id"]
        if not sent:
            return challenge, None
        send("POST", f"{base}/challenge/{challenge}", (200, 204, 400, 404, 429), json={})
        codes = codes_sent()
        return challenge, codes[-1]["tan"] if codes else None


class Challenger:
    """Validations, as far along as a request needs them."""

    def set_up(self):
        url = f"{CHALLENGER}/setup/{CLIENT}"
        return send("POST", url, (200,), headers=bearer(CLIENT_SECRET)).json()["nonce"]

    def begun(self):
        nonce = self.set_up()
        query = {"response_type": "code", "client_id": CLIENT, "redirect_uri": REDIRECT_URI, "state": "s"}
        send("GET", f"{CHALLENGER}/authorize/{nonce}", (200,), params=query)
        return nonce

    def with_code(self):
        """A validation whose code was sent, and the code."""
        nonce = self.begun()
        body = {"CONTACT_EMAIL": f"{nonce[:12].lower()}@tea.example"}
        send("POST", f"{CHALLENGER}/challenge/{nonce}", (200,), json=body)
        return nonce, codes_sent()[-1]["tan"]

    def authorization_code(self):
        nonce, code = self.with_code()
        headers = {"Accept": "application/json"}
        solved = send("POST", f"{CHALLENGER}/solve/{nonce}", (200,), json={"pin": code}, headers=headers)
        query = requests.compat.urlparse(solved.json()["redirect_url"]).query
        return dict(pair.split("=", 1) for pair in query.split("&"))["code"]

    def token(self):
        """A token that shows an address."""
        form = {
            "grant_type": "authorization_code",
            "client_id": CLIENT,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": REDIRECT_URI,
            "code": requests.compat.unquote(self.authorization_code()),
        }
        return send("POST", f"{CHALLENGER}/token", (200,), data=form).json()["access_token"]
