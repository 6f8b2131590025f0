-- What the steps m0004_bank_accounts to m0007_kyc added, on top of the rows of m0001_instances and m0003_audit. Both databases read
-- this.
INSERT INTO bank_account (instance_serial, payto_uri, payment_target, salt, h_wire, credit_facade_url, facade_credentials,
    facade_credentials_key_id, extra_wire_subject_metadata, is_active, created_at_us)
VALUES (1, 'payto://iban/CH9300762011623852957?receiver-name=Shop', 'iban', '0123456789abcdef',
    '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 'https://bank.example/facade/', 'sealed', 'k1',
    'till-1', TRUE, 1700000000000000);
INSERT INTO otp_device (instance_serial, otp_device_id, description, sealed_key, key_id, algorithm, ctr, created_at_us)
VALUES (1, 'till', 'Till at the door', 'sealed', 'k1', 'totp_with_price', 7, 1700000000000000);
INSERT INTO exchange (base_url, master_pub, keys, keys_expire_at_us, downloaded_at_us, next_download_at_us, http_status,
    error_code, hint, failures)
VALUES ('https://exchange.example/', '0123456789abcdef0123456789abcdef', '{"currency": "CHF"}', 1700086400000000,
    1700000000000000, 1700003600000000, 200, 0, '', 0);
INSERT INTO kyc_check (account_serial, exchange_url, http_status, error_code, aml_review, access_token, access_token_key_id,
    limits, checked_at_us, next_check_at_us, unchanged)
VALUES (1, 'https://exchange.example/', 202, 0, TRUE, 'sealed', 'k1', '[]', 1700000000000000, 1700000060000000, 2);
