//! The statements, as Kontor sends them.

pub const ACCESS: &str = "\
    SELECT i.serial, i.instance_id, i.deleted_at_us IS NOT NULL, \
           c.version, c.method, c.bearer_digest, c.bearer_key_id, c.is_legacy, \
           t.serial, t.scope, t.refreshable, t.expires_at_us, t.lifetime_us \
    FROM instance i \
    LEFT JOIN credential c ON c.instance_serial = i.serial \
    LEFT JOIN access_token t ON t.digest = $2 AND t.instance_serial = i.serial \
         AND (t.expires_at_us IS NULL OR t.expires_at_us > $3) \
    WHERE i.instance_id = $1";

pub const INSTANCE: &str = "\
    SELECT serial, instance_id, name, email, phone_number, website, logo, address, jurisdiction, use_stefan, \
           default_pay_delay_us, default_refund_delay_us, default_wire_transfer_delay_us, \
           default_wire_transfer_rounding_interval, merchant_pub, merchant_priv, merchant_priv_key_id, \
           created_at_us, deleted_at_us \
    FROM instance WHERE serial = $1";

pub const UPDATE: &str = "\
    UPDATE instance SET name = $1, email = $2, phone_number = $3, website = $4, logo = $5, \
           address = $6, jurisdiction = $7, use_stefan = $8 \
    WHERE serial = $9 AND deleted_at_us IS NULL";

pub const PASSWORD: &str = "SELECT password_hash FROM credential WHERE instance_serial = $1";

pub const TOUCH_LIMIT: &str = "\
    INSERT INTO login_limit (instance_serial, network, touched_at_us) VALUES ($1, $2, $3) \
    ON CONFLICT (instance_serial, network) DO UPDATE SET touched_at_us = excluded.touched_at_us RETURNING serial";

pub const FORGET_ATTEMPTS: &str =
    "DELETE FROM login_attempt WHERE login_limit_serial = $1 AND at_us <= $2";

pub const COUNT_ATTEMPTS: &str =
    "SELECT COUNT(*) FROM (SELECT * FROM login_attempt WHERE login_limit_serial = $1) AS counted";

pub const ADD_ATTEMPT: &str =
    "INSERT INTO login_attempt (login_limit_serial, at_us) VALUES ($1, $2) RETURNING serial";

pub const RELEASE_ATTEMPT: &str = "DELETE FROM login_attempt WHERE serial = $1";

/// PostgreSQL alone needs it: SQLite has one writer.
pub const LOCK_CREDENTIAL: &str =
    "SELECT 1 FROM credential WHERE instance_serial = $1 FOR NO KEY UPDATE";

pub const SWEEP_TOKENS: &str = "\
    DELETE FROM access_token WHERE serial IN \
        (SELECT serial FROM access_token WHERE instance_serial = $1 AND expires_at_us <= $2 AND NOT EXISTS \
            (SELECT 1 FROM access_token child WHERE child.parent_serial = access_token.serial) LIMIT 100)";

macro_rules! add_token {
    ($lock:literal) => {
        concat!(
            "INSERT INTO access_token (instance_serial, digest, scope, refreshable, created_at_us, expires_at_us, \
             lifetime_us) \
             SELECT c.instance_serial, $3, $4, FALSE, $5, $6, $7 FROM credential c \
             WHERE c.instance_serial = $1 AND c.version = $2 ",
            $lock,
            " RETURNING serial"
        )
    };
}

pub const ADD_TOKEN: &str = add_token!("");

/// For PostgreSQL.
pub const ADD_TOKEN_LOCKING: &str = add_token!("FOR SHARE OF c");
