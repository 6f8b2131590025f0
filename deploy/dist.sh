#!/usr/bin/env bash
# Builds the archive of a release: the program, its bill of materials, the documentation and what helps to deploy it.
#
#   deploy/dist.sh FOLDER        # FOLDER/kontor-VERSION-HOST.tar.gz and FOLDER/SHA256SUMS
#   deploy/dist.sh --check       # builds it twice, the second time elsewhere, and compares: half an hour on two cores
#
# The archive is byte for byte the same whenever and wherever the same commit is built with the same Rust and C compilers: times are those of the
# commit, paths of the machine are replaced, and files are packed in order. Needed besides cargo: git, GNU tar, and the cargo-cyclonedx of `make sbom`.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)

say() { printf 'dist.sh: %s\n' "$*" >&2; }

# Builds the checkout in the current folder into the folder $1, by way of the target folder $2.
build() {
    local folder=$1 target=$2
    local host version name stage
    host=$(rustc --version --verbose | sed -n 's/^host: //p')
    version=$(cargo metadata --format-version 1 --no-deps --locked | python3 -c '
import json, sys
print(next(package["version"] for package in json.load(sys.stdin)["packages"] if package["name"] == "kontor"))')
    name=kontor-$version-$host
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
    export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC CARGO_INCREMENTAL=0
    local cargo=${CARGO_HOME:-$HOME/.cargo}
    export RUSTFLAGS="--remap-path-prefix=$PWD=/kontor --remap-path-prefix=$target=/target --remap-path-prefix=$cargo=/cargo"
    export CFLAGS="-ffile-prefix-map=$PWD=/kontor -ffile-prefix-map=$target=/target -ffile-prefix-map=$cargo=/cargo"
    # Between several units, functions that one borrows from another get names that differ from build to build.
    export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
    # With --target the flags are for the program alone, not for what runs while it is built.
    cargo build --release --locked --target "$host" --target-dir "$target"

    stage=$(mktemp -d)
    mkdir "$stage/$name"
    git archive --format=tar HEAD README.md CHANGELOG.md LICENSE SECURITY.md docs deploy | tar -x -C "$stage/$name"
    install -m 755 "$target/$host/release/kontor" "$stage/$name/kontor"
    "$PWD/deploy/sbom.sh" "$stage/$name/kontor.cdx.json"
    mkdir -p "$folder"
    tar --create --format=gnu --sort=name --owner=0 --group=0 --numeric-owner --mode=u+rw,go+r-w,a+X --mtime="@$SOURCE_DATE_EPOCH" \
        --directory "$stage" "$name" | gzip --no-name --best >"$folder/$name.tar.gz"
    (cd "$folder" && sha256sum "$name.tar.gz" >SHA256SUMS)
    rm -rf "$stage"
    say "$folder/$name.tar.gz"
}

# Builds the last commit in two folders and compares.
check() {
    # Not local: it is removed when the function has ended.
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    local copy
    # Both at once: the next commit may come meanwhile.
    git clone --quiet "$root" "$scratch/one/kontor"
    git clone --quiet "$scratch/one/kontor" "$scratch/another-folder/kontor"
    for copy in one another-folder; do
        (cd "$scratch/$copy/kontor" && build "$scratch/$copy/dist" "$scratch/$copy/target")
        rm -rf "$scratch/$copy/target"
    done
    if ! cmp "$scratch"/one/dist/*.tar.gz "$scratch"/another-folder/dist/*.tar.gz; then
        say "the two archives differ; they stay in $scratch"
        trap - EXIT
        exit 1
    fi
    say "both archives are the same: $(cut -c -64 "$scratch/one/dist/SHA256SUMS")"
}

if [ $# -ne 1 ]; then
    say "usage: deploy/dist.sh FOLDER|--check"
    exit 2
fi
cd "$root"
if [ "$1" = --check ]; then
    check
else
    mkdir -p "$1"
    [ -z "$(git status --porcelain)" ] || say "there are changes that are not committed: the documentation is that of the last commit"
    build "$(cd "$1" && pwd)" "${CARGO_TARGET_DIR:-$root/target}/dist-build"
fi
