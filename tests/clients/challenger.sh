#!/usr/bin/env bash
# Starts a client of the Challenger that is written with somebody else's library; tests/clients/challenger/README.md says how to
# talk to it.
#
#   tests/clients/challenger.sh authlib
#   tests/clients/challenger.sh openid-client
#
# The library is installed in exactly the versions of the lock file, with their hashes, into a folder beside the build; `--install` does
# that alone. Needed: Python 3.10 or newer, whose pip is installed where it is missing (tests/debian.sh), or Node.js 20.19 or newer with npm.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)/challenger
tools=${CARGO_TARGET_DIR:-$here/../../../target}/tools/clients

say() { printf 'challenger.sh: %s\n' "$*" >&2; }

# Installs into a new folder by a function, once for each content of the files; several at once do it one after the other.
once() {
    local name=$1 install=$2
    shift 2
    folder=$tools/$name-$(cat "$@" | sha256sum | cut -c -16)
    mkdir -p "$tools"
    exec 9>"$tools/$name.lock"
    flock 9
    if [ ! -e "$folder/done" ]; then
        rm -rf "$folder"
        mkdir -p "$folder"
        say "installing $name"
        "$install" >&2
        touch "$folder/done"
    fi
    exec 9>&-
}

install_authlib() {
    python3 -m pip --version >/dev/null 2>&1 || "$here/../../debian.sh" python3-pip
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-compile \
        --require-hashes --requirement "$here/authlib/requirements.txt" --target "$folder"
}

install_openid_client() {
    if ! node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)'; then
        say "Node.js 20.19 or newer with npm is needed: install it first"
        exit 1
    fi
    # Modules are looked up beside the program.
    cp "$here"/openid-client/{package.json,package-lock.json,client.mjs} "$folder"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
}

case ${1-} in
    authlib) once authlib install_authlib "$here.sh" "$here/authlib/requirements.txt" ;;
    openid-client) once openid-client install_openid_client "$here.sh" "$here"/openid-client/{package.json,package-lock.json,client.mjs} ;;
    *)
        say "usage: tests/clients/challenger.sh authlib|openid-client [--install]"
        exit 2
        ;;
esac
[ "${2-}" != --install ] || exit 0

case $1 in
    authlib) PYTHONPATH=$folder exec python3 "$here/authlib/client.py" ;;
    openid-client) exec node "$folder/client.mjs" ;;
esac
