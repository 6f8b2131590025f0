-- What the step m0008_challenger added, on top of the rows of m0001_instances, m0003_audit and m0007_shops; and a chain
-- of refreshed tokens. Both databases read this.
INSERT INTO client (redirect_uri, secret_hash, secret_key_id, requires_pkce, created_at_us, setups, codes_sent, validations)
VALUES ('https://client.example/done', 'hash', 'k1', TRUE, 1700000000000000, 3, 2, 1);
INSERT INTO validation (client_serial, nonce_digest, created_at_us, expires_at_us, address, is_read_only, authorized_at_us, state,
    redirect_uri, code_challenge, code_challenge_method, changes_left, transmissions_left, guesses_left, transmission, solved_at_us,
    redeemed_at_us)
VALUES (1, '0123456789abcdef0123456789abcdef', 1700000000000000, 4000000000000000, '{"CONTACT_EMAIL": "ada@example.com"}', FALSE,
    1700000001000000, 'state', 'https://client.example/done', 'challenge', 'S256', 2, 1, 3, 1, 1700000002000000, 1700000003000000);
INSERT INTO address_grant (validation_serial, token_digest, address, address_type, issued_at_us, token_expires_at_us,
    address_expires_at_us)
VALUES (1, 'fedcba9876543210fedcba9876543210', '{"CONTACT_EMAIL": "ada@example.com"}', 'email', 1700000003000000,
    1700000063000000, 4000000000000000);
INSERT INTO code_transmission (counter_serial, validation_serial, at_us) VALUES (1, 1, 1700000001500000);
INSERT INTO access_token (instance_serial, digest, scope, refreshable, created_at_us, parent_serial)
VALUES (1, 'fedcba9876543210fedcba987654321a', 'all', TRUE, 1700000000000001, 1);
INSERT INTO access_token (instance_serial, digest, scope, refreshable, created_at_us, parent_serial)
VALUES (1, 'fedcba9876543210fedcba987654321b', 'all', TRUE, 1700000000000002, 2);
