# What CI runs, by name. `just` lists the recipes.

default:
    @just --list --unsorted

# Everything CI runs, in its order.
ci:
    bash .ci/run

# Format the code.
fmt:
    cargo fmt --all

# Lint the code; a warning is an error.
clippy:
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Build the documentation; a broken link is an error.
doc:
    RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --all-features --no-deps

# Run the tests where there is nothing but Rust and a C compiler, in a container; those that need more say that they did not run.
test-fresh:
    docker run --rm --volume {{ justfile_directory() }}:/sspp --workdir /sspp --env CARGO_TARGET_DIR=/tmp/target rust:1-slim-trixie cargo test --locked --workspace --all-features

# Run the tests, then the examples in the documentation.
test *args:
    cargo nextest run --workspace --all-features {{ args }}
    cargo test --workspace --all-features --doc

# Inject every fault, those that take minutes too, and print the table. SSPP_TEST_SEED repeats a run's draws.
faults table="target/faults.md":
    rm -f {{ table }}
    SSPP_FAULT_TABLE={{ justfile_directory() }}/{{ table }} cargo nextest run --workspace --all-features --profile long --run-ignored all -E '(package(sspp-worker) | package(sspp-api)) & test(faults::)'
    sort {{ table }}

# Prove that the fault tests can fail: each mutant breaks the pipeline in one place and must turn a test red.
fault-mutants *names:
    .ci/fault-mutants {{ names }}

# Write a mutant anew from the uncommitted changes that break the code, and take those back.
mutant-refresh name:
    .ci/fault-mutants --refresh {{ name }}

# Prove that sspp-client stays light.
guard:
    bash .ci/guard-client

# Check sspp-core and sspp-client with every pair of their features (cargo install cargo-hack --locked).
hack:
    cargo hack clippy -p sspp-core -p sspp-runtime -p sspp-client --lib --feature-powerset --depth 2 -- -D warnings

# See that the crates could be published; nothing is sent.
publish-dry-run:
    cargo publish --workspace --dry-run --allow-dirty

# Write sspp-client/README.md anew after a change of its guide.
readme:
    SSPP_WRITE_README=1 cargo nextest run -p sspp-client -E 'test(readme)'

# Measure how long a program takes to build with the client, and with posthog-rs, so many times each.
compile-time rounds="3":
    .ci/compile-time {{ rounds }}

# Measure what the client costs a program: time of emit, events a second, memory; against a server with --url.
client-load *args:
    cargo run --release -p sspp-examples --bin client_load -- {{ args }}

# Check licences, sources and advisories of every dependency.
deny *checks:
    cargo deny --all-features check {{ checks }}

# Check infrastructure/ offline; `just infra --list` names the checks, `just infra --self-test` tests them.
infra *args:
    infrastructure/verify {{ args }}

# Measure the hot paths.
bench *args:
    cargo bench -p sspp-core -p sspp-scoring --all-features {{ args }}

# Fuzz every target for so many seconds.
fuzz seconds="60":
    bash sspp-core/fuzz/run {{ seconds }}
    mkdir -p sspp-client/fuzz/target/corpus
    cd sspp-client && cargo +nightly fuzz run spool_segment fuzz/target/corpus fuzz/corpus/spool_segment -- -max_total_time={{ seconds }} -max_len=4096

# Load the release build of the server and print a table.
loadtest *args="embedded":
    cargo build --release -p sspp-api -p sspp-examples
    cargo run --release -p sspp-examples --bin loadtest -- {{ args }}

# Write sspp-api/openapi.json anew after an intended change.
openapi:
    cargo run -q -p sspp-api -- openapi > sspp-api/openapi.json.new
    mv sspp-api/openapi.json.new sspp-api/openapi.json

# Write the guide's tables of settings and metrics anew from the binaries and sspp-core/crates/runtime/metrics.tsv.
guide-tables:
    SSPP_WRITE_GUIDE=1 cargo nextest run -p sspp-examples --test guide -E 'test(tables)'

# Check the guide and build it into sspp-core/docs/guide/book (cargo install mdbook --locked --no-default-features --features search).
guide:
    sspp-core/docs/guide/check
    mdbook build sspp-core/docs/guide

# Validate the OpenAPI document against its specification, and with Redocly and Spectral.
openapi-valid:
    bash .ci/openapi

# Make clients from the OpenAPI document with four generators, and use them against a live server; CloudEvents too.
clients:
    cargo build --release -p sspp-api
    bash .ci/clients/run

# Use the documentation page in Chromium.
docs-page:
    cargo build --release -p sspp-api
    bash .ci/browser/run

# Test the server with all that schemathesis draws from the OpenAPI document, for so many seconds.
schemathesis seconds="120":
    bash .ci/schemathesis/run {{ seconds }}
