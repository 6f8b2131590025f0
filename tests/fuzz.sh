#!/usr/bin/env bash
# Sends what Schemathesis makes of the documents to a started Kontor, and holds the answers against the documents.
#
#   tests/fuzz.sh            # tests/fuzz.rs starts the server, and says by FUZZ_* where it is
#   tests/fuzz.sh --install  # installs Schemathesis alone
#
# FUZZ_SEED repeats a run, FUZZ_EXAMPLES says how many requests are made at random for each operation, and FUZZ_SECONDS, if there is
# one, how long to go on. Schemathesis is installed in exactly the versions of the lock file, with their hashes, into a folder beside
# the build. Needed: Python 3.11 or newer; its pip and venv are installed where they are missing (tests/debian.sh).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)/fuzz
tools=${CARGO_TARGET_DIR:-$here/../../target}/tools/fuzz
folder=$tools/$(sha256sum "$here/requirements.txt" | cut -c -16)

say() { printf 'fuzz.sh: %s\n' "$*" >&2; }

install_python() {
    if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        say "Python 3.11 or newer is needed: install it first"
        exit 1
    fi
    python3 -c 'import pip, ensurepip' 2>/dev/null || "$here/../debian.sh" python3-pip python3-venv
}

mkdir -p "$tools"
exec 9>"$tools/lock"
flock 9
if [ ! -e "$folder/done" ]; then
    install_python
    say "installing Schemathesis"
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
        --require-hashes --requirement "$here/requirements.txt" >&2
    touch "$folder/done"
fi
exec 9>&-
[ "${1-}" != --install ] || exit 0

# Python's own file for modules must not stay in the repository.
export PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d "${TMPDIR:-/tmp}/kontor-fuzz.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

# A run without a time is always the same: it makes no use of earlier answers.
if [ -n "${FUZZ_SECONDS-}" ]; then
    how=(--max-time "$FUZZ_SECONDS")
else
    how=(--phases coverage,fuzzing --generation-deterministic)
fi

# Each round has a shop of its own, so that none takes away what another one works with.
round() {
    local name=$1 document=$2 base=$3
    shift 3
    FUZZ_SHOP=$name "$folder/bin/schemathesis" --config-file "$here/schemathesis.toml" run "$document/openapi.json" --url "$base" \
        --seed "$FUZZ_SEED" --max-examples "$FUZZ_EXAMPLES" "${how[@]}" "$@" >"$work/$name.log" 2>&1
}

merchant=${FUZZ_MERCHANT%/} challenger=${FUZZ_CHALLENGER%/}
declare -A rounds
round fuzz-shop "$merchant" "$merchant/instances/fuzz-shop" --exclude-path-regex '^/(management|instances)' &
rounds[fuzz-shop]=$!
round fuzz-root "$merchant" "$merchant" --include-path-regex "${FUZZ_AT_ROOT:-^/(management|instances)}" &
rounds[fuzz-root]=$!
round fuzz-challenger "$challenger" "$challenger" &
rounds[fuzz-challenger]=$!

code=0
for name in "${!rounds[@]}"; do
    if wait "${rounds[$name]}"; then
        printf '%s: %s\n' "$name" "$(grep -A1 '^Test cases:' "$work/$name.log" | tail -n 1 | xargs)"
    else
        code=1
        printf '== %s\n' "$name"
        cat "$work/$name.log"
    fi
done
exit "$code"
