# shellcheck shell=bash
# `./dev test`: groups of tests, each of which counts what passed, failed and was skipped. All of
# them run, whatever fails; the last line is the sum.

# shellcheck source=scripts/fuzz.sh
source scripts/fuzz.sh
# shellcheck source=scripts/lint.sh
source scripts/lint.sh

PASSED=0 FAILED=0 SKIPPED=0
RESULTS=()
FULL=no

run_tests() {
    local groups=() word group
    for word in "$@"; do
        case $word in
        --full) FULL=yes ;;
        unit | page | system | fuzz) groups+=("$word") ;;
        *) fail "there are no tests called \"$word\"; there are unit, page, system and fuzz" ;;
        esac
    done
    ((${#groups[@]})) || groups=(generated unit page system fuzz)
    prepare_tests
    for group in "${groups[@]}"; do
        local began=$SECONDS
        say "tests: $group"
        "test_$group"
        say "tests: $group: $((SECONDS - began)) s"
    done
    conclude
}

# What the tests are told, the build, and an empty folder for what they say.
prepare_tests() {
    export WEBINFER_BUILD=$BUILD WEBINFER_PAGE=$BUILD/share/webinfer/page
    [[ $FULL == no ]] || export WEBINFER_FULL=1
    # The model cases lie outside the tree; without them their tests are skipped.
    if [[ -z ${WEBINFER_CASES:-} && -d ../shared/models ]]; then
        WEBINFER_CASES=$(cd ../shared/models && pwd)
        export WEBINFER_CASES
    fi
    build
    rm -rf "$BUILD/test"
    mkdir -p "$BUILD/test"
}

# count NAME PASSED FAILED SKIPPED
count() {
    RESULTS+=("$(printf '%-32s %5d passed %4d failed %4d skipped' "$@")")
    PASSED=$((PASSED + $2)) FAILED=$((FAILED + $3)) SKIPPED=$((SKIPPED + $4))
}

# check NAME COMMAND...: one test that is one command.
check() {
    local name=$1
    shift
    if "$@"; then
        count "$name" 1 0 0
    else
        printf 'FAILED: %s\n' "$name" >&2
        count "$name" 0 1 0
    fi
}

conclude() {
    ((FAILED == 0)) || show_failures
    printf '\n'
    printf '%s\n' "${RESULTS[@]}"
    printf '\n%d passed, %d failed, %d skipped\n' "$PASSED" "$FAILED" "$SKIPPED"
    ((FAILED == 0 && PASSED > 0))
}

# What failed, once more at the end, where it is found: of each test that node ran the beginning and
# the end of what it said, which may carry a daemon's log.
show_failures() {
    local tap
    for tap in "$BUILD"/test/*.tap; do
        [[ -f $tap ]] || continue
        awk -v group="$(basename "$tap" .tap)" '
            function show(   i) {
                printf "\nFAILED (%s): %s\n", group, name
                for (i = 1; i <= count; i++)
                    if (i <= 20 || i > count - 30) print lines[i]
                    else if (i == 21) print "  [...]"
            }
            /^ *not ok / { name = $0; sub(/^ *not ok [0-9]+ - /, "", name); count = 0; inside = 1; next }
            inside { lines[++count] = $0 }
            inside && /^ *\.\.\.$/ { show(); inside = 0 }' "$tap"
    done
}

test_generated() {
    check "sample configuration is fresh" lint_generated
    check "lint finds a breach of the layers" lint_planted
}

# All of them watched by the sanitizers. As they are shipped, those of src/base, whose memory the sanitizers
# change: memory that is kept for the next piece is given back at once under them. `--full` runs all so, too.
test_unit() {
    local plain=(tests/unit/base/*_test.c)
    [[ $FULL == no ]] || plain=()
    make_check unit "$BUILD" "${plain[@]%.c}"
    build_sanitized
    make_check "unit (sanitized)" "$SANITIZED"
}

# The programs once more, watched by AddressSanitizer and UBSan, which report lines: more debugging
# information takes a fifth of the compiler's time.
SANITIZED=$BUILD/asan
build_sanitized() {
    CFLAGS='-g1 -O1' configure_in "$SANITIZED" --enable-asan --disable-page
    ln -sfn ../share "$SANITIZED/share"
    make_in "$SANITIZED" all
}

# The option that names the quickest linker that is here, or nothing. Each unit test is a program, and
# two fifths of what it takes to make the sanitized ones is linking by GNU ld.
quick_linker() {
    local name
    for name in lld gold; do
        if printf 'int main(void) { return 0; }' |
            "${CC:-cc}" -fuse-ld="$name" -x c - -o /dev/null 2>/dev/null; then
            printf '%s\n' "-fuse-ld=$name"
            return
        fi
    done
}

# make_check NAME FOLDER [PROGRAM...]: the unit tests of one build tree, or these, counted test by test from
# what cmocka logged. They themselves are compiled and linked for speed of compiling: what they test was built
# before.
make_check() {
    local name=$1 folder=$2 programs=("${@:3}") result log passed=0 failed=0 skipped=0 status=0 n
    find "$folder/tests/unit" -name '*.trs' -delete 2>/dev/null || true
    make -C "$folder" --no-print-directory -s -j "$JOBS" check CFLAGS='-g1 -O0' LDFLAGS="$(quick_linker)" \
        ${programs[0]:+"check_PROGRAMS=${programs[*]}" "TESTS=${programs[*]}"} \
        >"$BUILD/test/$name.log" 2>&1 </dev/null || status=$?
    ((status == 0)) || tail -n 60 "$BUILD/test/$name.log" >&2
    while read -r result; do
        log=${result%.trs}.log
        n=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | tail -n 1)
        passed=$((passed + ${n:-0}))
        n=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test.*/\1/p' "$log" | tail -n 1)
        skipped=$((skipped + ${n:-0}))
        if ! grep -q '^:global-test-result: PASS' "$result"; then
            n=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$log" | tail -n 1)
            failed=$((failed + ${n:-1}))
        fi
    done < <(find "$folder/tests/unit" -name '*.trs' 2>/dev/null | sort)
    # Not compiled, or nothing registered: that is no success.
    if ((failed == 0)) && ((status != 0 || passed == 0)); then
        failed=1
    fi
    count "$name" "$passed" "$failed" "$skipped"
}

test_page() {
    setup_browser
    need_packages "${PACKAGES_MODELS[@]}"
    setup_modules tests
    node_tests page tests/page/*.test.mjs
}

# Against the sanitized daemon, all in one queue; what tests/system/plain asks about speed, memory, processes and
# what is installed, and every end of the daemon, against the plain one.
test_system() {
    setup_browsers
    setup_promtool
    build_sanitized
    WEBINFER_SANITIZED=1 WEBINFER_DAEMON=$SANITIZED/webinferd WEBINFER_SHIPPED=$BUILD/webinferd \
        node_tests system tests/system/*.test.mjs tests/system/plain/*.test.mjs
}

# The files of tests that take a minute or more, longest first.
LONG=(
    system/plain/{cases,chaos,bench-cli} system/{tasks-kinds,compute,grid,neighbours,numerics,firefox,verify}
    system/plain/auto system/faults system/plain/readme system/{pieces,cli,llama-gpu}
    page/{llama,kept-files,faults,firefox,webkit,webnn,node,pipeline-roomy,volunteer}
)

# longest_first FILE...: prints them in the order in which they begin, so that none of the long ones runs on alone
# when all others have ended.
longest_first() {
    local name
    for name in "${LONG[@]}"; do
        printf '%s\n' "$@" | grep -Fx "tests/$name.test.mjs" || true
    done
    printf '%s\n' "$@" | grep -Fxv -f <(printf 'tests/%s.test.mjs\n' "${LONG[@]}") || true
}

# node_tests NAME FILE...: three at a time, which keeps two cores busy: each starts browsers, but waits for a browser
# that comes up, or for what it has broken to be missed.
node_tests() {
    local name=$1 seconds=3000 tap files
    [[ $FULL == no ]] || seconds=$((10 * 3600))
    tap=$BUILD/test/${name//[^a-z]/-}.tap
    mapfile -t files < <(longest_first "${@:2}")
    timeout --kill-after=30 "$seconds" "$NODE" scripts/run-tests.mjs 3 "$tap" "${files[@]}" </dev/null ||
        printf 'tests: %s failed (status %d)\n' "$name" $? >&2
    if ! grep -q '^# pass ' "$tap"; then # it did not come to its end
        count "$name" 0 1 0
        return
    fi
    count "$name" "$(tap_total pass "$tap")" \
        $(($(tap_total fail "$tap") + $(tap_total cancelled "$tap"))) "$(tap_total skipped "$tap")"
}

tap_total() {
    sed -n "s/^# $1 \([0-9]*\)\$/\1/p" "$2" | tail -n 1
}

# As many targets at a time as there are cores; what they said is shown in their order.
test_fuzz() {
    fuzz_build
    local name floor sources step names=() running=0
    while read -r name floor sources; do
        [[ $name == '#'* || -z $name ]] && continue
        names+=("$name")
        if ((running == JOBS)); then
            wait -n || true
            running=$((running - 1))
        fi
        # shellcheck disable=SC2086 # a list of files
        fuzz_target "$name" "$floor" $sources >"$BUILD/test/fuzz-$name.log" 2>&1 </dev/null &
        running=$((running + 1))
    done <tests/fuzz/targets
    wait
    for name in "${names[@]}"; do
        cat "$BUILD/test/fuzz-$name.log"
        for step in run coverage planted; do
            check "fuzz $name: $step" test -f "$BUILD/test/fuzz-$name.$step"
        done
    done
}

# fuzz_target NAME FLOOR SOURCE...: leaves a file for each step that succeeded.
fuzz_target() {
    local name=$1 result=$BUILD/test/fuzz-$1
    ! fuzz_run "$name" || : >"$result.run"
    ! fuzz_coverage "$@" || : >"$result.coverage"
    ! fuzz_planted "$name" || : >"$result.planted"
}
