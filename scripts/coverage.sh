# shellcheck shell=bash
# `./dev coverage`: the share of the lines of each folder of src/ that unit and system tests reach
# together, in a build of its own. A process that is killed, and a child that does not end by exit(),
# leaves nothing of what it reached.

# shellcheck source=scripts/test.sh
source scripts/test.sh

COVERAGE=$BUILD/coverage

# measure_coverage [FILE...]: system tests; all of them if none is named.
measure_coverage() {
    local files=("$@")
    ((${#files[@]})) || files=(tests/system/*.test.mjs tests/system/plain/*.test.mjs)
    need_packages "${PACKAGES_FUZZ[@]}"
    TIER=full
    export WEBINFER_TIER=$TIER
    prepare_tests
    setup_browsers
    setup_unpacked
    CC=clang CFLAGS='-g -O1' configure_in "$COVERAGE" --enable-coverage --disable-page
    ln -sfn ../share "$COVERAGE/share"
    make_in "$COVERAGE" all
    rm -rf "$COVERAGE/profiles"
    say "tests: unit"
    make_check "coverage (unit)" "$COVERAGE"
    say "tests: system"
    # With the patience that the sanitizers need: this build is slow, too.
    WEBINFER_SANITIZED=1 WEBINFER_DAEMON=$COVERAGE/webinferd \
        node_tests "coverage (system)" "${files[@]}"
    coverage_table
    conclude
}

# Lines of all that the programs are made of: what a test alone is linked with is not among them.
coverage_table() {
    local objects=() program
    for program in webinfer webinfer-bench webinfer-desk webinfer-lifeline webinfer-quantize webinfer-simulate webinfer-uplink; do
        objects+=(-object "$COVERAGE/$program")
    done
    llvm-profdata merge -sparse "$COVERAGE"/profiles/*.profraw -o "$COVERAGE/all.profdata"
    llvm-cov export -summary-only -instr-profile="$COVERAGE/all.profdata" \
        "$COVERAGE/webinferd" "${objects[@]}" | "$NODE" scripts/coverage.mjs "$ROOT/src"
}
