//! `kontor serve`: runs what the configuration enables.

use clap::Args;

/// Arguments of `kontor serve`. All that can be chosen is a setting.
#[derive(Debug, Args)]
#[command(after_help = "\
Creates the key file and the embedded database at the first start, brings the tables up to date unless
database.migrate is false, and listens until SIGTERM or SIGINT; then it finishes open requests.

Without an instance \"admin\" nobody can create instances over HTTP. Set KONTOR_ADMIN_PASSWORD, or
KONTOR_ADMIN_PASSWORD_FILE to a file that holds it, and it is created at the start; or run
\"kontor instance create admin\".

Examples:
  kontor serve --config /etc/kontor/kontor.toml
  KONTOR_ADMIN_PASSWORD_FILE=/run/secrets/admin kontor serve
  kontor serve --set merchant.listen=0.0.0.0:9966 --set merchant.public_url=https://shop.example/")]
pub struct ServeArgs {}
