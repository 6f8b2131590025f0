// A client that has an address proven, with openid-client. README.md says how the test talks to it.

import { createInterface } from 'node:readline';
import * as oauth from 'openid-client';

const { CHALLENGER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, AUTHENTICATION } = process.env;
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (what) => console.log(JSON.stringify(what));

// The step that is the Challenger's own.
const setup = await fetch(`${CHALLENGER}setup/${CLIENT_ID}`, {
  method: 'POST',
  headers: { authorization: `Bearer ${CLIENT_SECRET}` },
});
if (!setup.ok) throw new Error(await setup.text());
const { nonce } = await setup.json();

const server = {
  issuer: CHALLENGER,
  authorization_endpoint: `${CHALLENGER}authorize/${nonce}`,
  token_endpoint: `${CHALLENGER}token`,
};
const authentication = {
  client_secret_basic: oauth.ClientSecretBasic,
  client_secret_post: oauth.ClientSecretPost,
}[AUTHENTICATION](CLIENT_SECRET);
const config = new oauth.Configuration(server, CLIENT_ID, {}, authentication);
// Plain HTTP, which is for tests on one machine only.
oauth.allowInsecureRequests(config);

const pkceCodeVerifier = oauth.randomPKCECodeVerifier();
const state = oauth.randomState();
const url = oauth.buildAuthorizationUrl(config, {
  redirect_uri: REDIRECT_URI,
  state,
  code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
});
say({ authorize: url.href });

const callback = new URL((await input.next()).value);
const exchange = (verifier) =>
  oauth.authorizationCodeGrant(config, callback, { pkceCodeVerifier: verifier, expectedState: state });
const refusal = async (verifier) => {
  try {
    await exchange(verifier);
    return null;
  } catch (refused) {
    return { error: refused.error, description: refused.error_description };
  }
};

say({ wrong_verifier: await refusal(oauth.randomPKCECodeVerifier()) });
const token = await exchange(pkceCodeVerifier);
say({ token_type: token.token_type, expires_in: token.expires_in });
const info = await oauth.fetchProtectedResource(config, token.access_token, new URL(`${CHALLENGER}info`), 'GET');
say({ info: await info.json() });
say({ used_code: await refusal(pkceCodeVerifier) });
process.exit(0);
