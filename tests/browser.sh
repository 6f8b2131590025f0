#!/usr/bin/env bash
# Walks one journey through the Challenger's pages in headless Chromium; tests/browser/mod.rs starts the server and says where it is.
#
#   tests/browser.sh email
#
# The driver and the checker of accessibility are installed in exactly the versions of the lock file, with their hashes, into a folder
# beside the build; `--install` does that alone. Chromium is the system's, or the program that KONTOR_TEST_CHROMIUM names; where it is
# missing it is installed (tests/debian.sh). Needed besides: Node.js 20 or newer with npm.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)/browser
tools=${CARGO_TARGET_DIR:-$here/../../target}/tools
lock=$tools/browser.lock

say() { printf 'browser.sh: %s\n' "$*" >&2; }

find_chromium() {
    local name
    for name in "${KONTOR_TEST_CHROMIUM-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [ -n "$name" ] && command -v "$name"; then
            return
        fi
    done
    return 1
}

install_modules() {
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$here"/package.json "$here"/package-lock.json "$folder"
    say "installing the browser's driver"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
    touch "$folder/done"
}

if [ $# -ne 1 ]; then
    say "usage: tests/browser.sh JOURNEY|--install"
    exit 2
fi
if ! command -v npm >/dev/null || [ "$(node --print 'process.versions.node.split(".")[0]')" -lt 20 ]; then
    say "Node.js 20 or newer with npm is needed: install it and run this again"
    exit 1
fi

# Several at once install one after the other, and once for each content of the lock file.
folder=$tools/browser-$(sha256sum <"$here/package-lock.json" | cut -c -16)
mkdir -p "$tools"
exec 9>"$lock"
flock 9
chromium=$(find_chromium) || { "$here/../debian.sh" chromium; chromium=$(find_chromium); }
[ -e "$folder/done" ] || install_modules
exec 9>&-
[ "$1" != --install ] || exit 0

export CHROMIUM=$chromium MODULES=$folder
exec node "$here/journeys/$1.mjs"
