# shellcheck shell=bash
# `./dev test`: groups of tests, each of which counts what passed, failed and was skipped. All of them run, whatever
# fails; the last line is the sum. CONTRIBUTING.md says what the three tiers are for.

# shellcheck source=scripts/fuzz.sh
source scripts/fuzz.sh
# shellcheck source=scripts/lint.sh
source scripts/lint.sh
# shellcheck source=scripts/portable.sh
source scripts/portable.sh

PASSED=0 FAILED=0 SKIPPED=0
RESULTS=()
TIER=quick
declare -A LEFT=([full]=0 [long]=0) # tests of a tier that this run leaves out
# What the quick tier may take, installing packages apart: seconds of CPU on a machine whose yardstick is 400 ms, in
# proportion more on a slower one (of two, one took twice as many for the same), and seconds. The yardstick starts no
# programs: where the kernel takes four tenths of the CPU, which it does not show, 1,979 s were measured.
CPU_MOST=2600 YARDSTICK_MS=400 SECONDS_MOST=1800

run_tests() {
    local groups=() word group
    for word in "$@"; do
        case $word in
        --full | --long) TIER=${word#--} ;;
        lint | unit | page | system | fuzz | builds | clang | trixie | arm64 | unclustered) groups+=("$word") ;;
        portable) groups+=(clang trixie arm64 unclustered) ;;
        *)
            fail "there are no tests called \"$word\"; there are lint, unit, page, system, fuzz, builds," \
                'and portable, which is clang, trixie, arm64 and unclustered'
            ;;
        esac
    done
    [[ $TIER == long || ! " ${groups[*]} " =~ \ (clang|trixie|arm64|unclustered)\  ]] ||
        fail "${BASH_REMATCH[1]} belongs to the long tier: ./dev test --long ${groups[*]}"
    export WEBINFER_TIER=$TIER
    local yardstick
    yardstick=$(measure_yardstick)
    BEGAN_CPU=$(cpu_ms)
    if ((${#groups[@]} == 0)); then
        groups=(lint unit page system fuzz builds)
        [[ $TIER != long ]] || groups=(page system fuzz builds clang trixie arm64 unclustered)
    fi
    prepare_tests
    say_took build 0 "$BEGAN_CPU"
    for group in "${groups[@]}"; do
        local began=$SECONDS cpu
        cpu=$(cpu_ms)
        say "tests: $group"
        "test_$group"
        say_took "$group" "$began" "$cpu"
    done
    conclude "$yardstick"
}

# Prints how many ms of CPU a core takes for the same small work, while all cores do it.
measure_yardstick() {
    local began core i
    began=$(cpu_ms)
    for ((core = 0; core < JOBS; core++)); do
        for ((i = 0; i < 300000; i++)); do :; done &
    done
    wait
    echo $((($(cpu_ms) - began) / JOBS))
}

# say_took GROUP SECONDS CPU_MS: what it has taken since then.
say_took() {
    say "tests: $1: $((SECONDS - $2)) s, $((($(cpu_ms) - $3) / 1000)) s of CPU"
}

# What the tests are told, the build, and an empty folder for what they say.
prepare_tests() {
    export WEBINFER_BUILD=$BUILD WEBINFER_PAGE=$BUILD/share/webinfer/page
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

# leave TIER COUNT: so many tests belong to a tier that does not run.
leave() {
    LEFT[$1]=$((LEFT[$1] + $2))
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

# conclude YARDSTICK: of this machine, in ms.
conclude() {
    local seconds=$((SECONDS - INSTALLING)) cpu=$((($(cpu_ms) - BEGAN_CPU - INSTALLING_CPU) / 1000)) most=$CPU_MOST tier
    (($1 <= YARDSTICK_MS)) || most=$((CPU_MOST * $1 / YARDSTICK_MS))
    ((FAILED == 0)) || show_failures
    show_slowest
    if [[ $TIER == quick ]]; then
        check "CPU: $cpu s of $most, yardstick $1 ms" test "$cpu" -le "$most"
        check "time: $seconds s of $SECONDS_MOST" test "$seconds" -le "$SECONDS_MOST"
    else
        printf '\nThis took %d s, and %d s of CPU.\n' "$seconds" "$cpu"
    fi
    printf '\n'
    printf '%s\n' "${RESULTS[@]}"
    for tier in full long; do
        ((LEFT[$tier] == 0)) || printf 'left to --%s: %d\n' "$tier" "${LEFT[$tier]}"
    done
    printf '\n%d passed, %d failed, %d skipped\n' "$PASSED" "$FAILED" "$SKIPPED"
    ((FAILED == 0 && PASSED > 0))
}

# Of the files that Node ran: how many tests of which tier there were, and which files took longest.
show_slowest() {
    local files=("$BUILD"/test/*.files)
    [[ -f ${files[0]} ]] || return 0
    printf '\n'
    awk 'NF == 6 { tests[$2] += $3 + $4 + $5 }
        END { for (tier in tests) printf "tests of files of the %s tier: %d\n", tier, tests[tier] }' "${files[@]}"
    printf 'the slowest files, in seconds:\n'
    sort -rn "${files[@]}" | awk 'NF == 6 && ++count <= 10 { printf "%8s %s\n", $1, $6 }'
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

# Each check of the source is a test.
test_lint() {
    local failed check
    run_lint
    for check in "${LINT_CHECKS[@]}"; do
        failed=0
        ! has_lint_failed "${check%%|*}" || failed=1
        count "lint: ${check#*|}" $((1 - failed)) "$failed" 0
    done
}

# All of them watched by the sanitizers; in the full tier also as they are shipped, since the sanitizers change memory:
# what is kept for the next piece is given back at once under them.
test_unit() {
    local before=$PASSED
    build_sanitized
    make_check "unit (sanitized)" "$SANITIZED"
    if [[ $TIER == quick ]]; then
        leave full $((PASSED - before))
    else
        make_check unit "$BUILD"
    fi
}

# The programs once more, watched by AddressSanitizer and UBSan, which report lines: more debugging
# information takes a fifth of the compiler's time.
SANITIZED=$BUILD/asan
build_sanitized() {
    CFLAGS='-g1 -O1' configure_in "$SANITIZED" --enable-asan --disable-page
    ln -sfn ../share "$SANITIZED/share"
    make_in "$SANITIZED" all
}

# quick_linker [COMMAND...]: the options that name the quickest linker, or nothing: each unit test is a program. COMMAND
# runs its arguments in another root.
quick_linker() {
    local options
    for options in '-fuse-ld=mold -Wl,--no-threads' -fuse-ld=lld -fuse-ld=gold; do
        # shellcheck disable=SC2086 # several words
        if printf 'int main(void) { return 0; }' |
            "$@" "${CC:-cc}" $options -x c - -o /dev/null 2>/dev/null; then
            printf '%s\n' "$options"
            return
        fi
    done
}

# make_check NAME FOLDER [COMMAND...]: the unit tests of one build tree, counted test by test from what cmocka logged.
# They themselves are compiled for speed of compiling: what they test was built before. Most of them wait for something,
# so that two for each core keep the cores busy; automake's harness would take a third of their time. Freed memory is
# kept from use for 8 MiB and not for 256, whose pages take another third. COMMAND runs its arguments in another root;
# UNIT_RUNNER, which it may set, runs a test program. UNIT_EXCEPT may name a file with programs that are skipped.
make_check() {
    local name=$1 folder=$2 within=("${@:3}") except=${UNIT_EXCEPT:-/dev/null}
    local program status passed failed=0 skipped programs logs
    mapfile -t programs < <(unit_programs "$except")
    logs=("${programs[@]/#/$folder/}") logs=("${logs[@]/%/.log}")
    if ! "${within[@]}" make -C "$folder" --no-print-directory -s -j "$JOBS" check TESTS= \
        CFLAGS='-g0 -O0 -fno-sanitize=undefined' LDFLAGS="$(quick_linker "${within[@]}")" \
        >"$BUILD/test/$name.log" 2>&1 </dev/null; then
        tail -n 60 "$BUILD/test/$name.log" >&2
        count "$name" 0 1 0
        return
    fi
    # shellcheck disable=SC2016 # what sh reads
    printf '%s\n' "${programs[@]}" | "${within[@]}" env -C "$folder" srcdir="$ROOT" ASAN_OPTIONS=quarantine_size_mb=8 \
        xargs -P $((2 * JOBS)) -I '{}' sh -c '$UNIT_RUNNER ./{} >{}.log 2>&1 </dev/null; echo $? >{}.status'
    for program in "${programs[@]/#/$folder/}"; do
        status=$(<"$program.status")
        ((status == 0)) && continue
        printf 'FAILED (status %d): %s\n' "$status" "$program" >&2
        tail -n 60 "$program.log" >&2
        grep -q '^\[  FAILED  \] [0-9]* test' "$program.log" || failed=$((failed + 1)) # it did not come to its end
    done
    read -r passed skipped status < <(awk '/^\[  [A-Z ]*\] [0-9]+ test/ { sum[$2] += $4 }
        END { print sum["PASSED"] + 0, sum["SKIPPED"] + 0, sum["FAILED"] + 0 }' "${logs[@]}")
    # Nothing registered: that is no success.
    count "$name" "$passed" $((failed + status + (passed == 0))) $((skipped + $(grep -c '^tests/' "$except")))
}

# unit_programs FILE: prints all but those that FILE names, each in a line that begins with its name.
unit_programs() {
    sed -n 's|^\t\(tests/unit/[^ ]*\) .*|\1|p' tests/unit/unit.am | grep -Fxv -f <(sed 's/ .*//' "$1")
}

test_page() {
    setup_browsers
    node_tests page 3 tests/page/*.test.mjs tests/js/*.test.mjs tests/peer/*.test.mjs
}

# tests/lib/paths.mjs says which of the two daemons a file asks.
test_system() {
    setup_browsers
    setup_docs
    setup_unpacked
    if [[ $TIER == full ]]; then
        setup_bare_root
        setup_generators
    fi
    build_sanitized
    WEBINFER_SANITIZED=1 WEBINFER_DAEMON=$SANITIZED/webinferd WEBINFER_SHIPPED=$BUILD/webinferd \
        node_tests system 3 tests/system/*.test.mjs tests/system/plain/*.test.mjs
}

# The packages and the image that users install: building them keeps all cores busy, so they run last and one at a time.
# They are built from one tarball.
test_builds() {
    ((EUID != 0)) || setup_build_roots
    setup_modules tests
    WEBINFER_TARBALLS=$BUILD/test/tarballs node_tests builds 1 tests/builds/*.test.mjs
}

# The files of tests that take a minute or more, longest first.
LONG=(
    system/plain/{bench-gpu-pack,cases,chaos,chaos-machines,bench-cli,bench-gpu,lab-gate} system/{tasks-kinds,compute,neighbours,numerics,firefox,verify}
    system/{grid,grid-machines,evil-clients,liars} system/plain/auto system/faults system/plain/readme system/{pieces,cli,llama-gpu}
    system/plain/bench-alone system/{phones,phone-memory} page/{llama,kept-files,faults,firefox,webkit,webnn,node,pipeline-roomy,volunteer,console-vectors}
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

# node_tests NAME COUNT FILE...: those of the tier, so many at a time. Three keep two cores busy where each starts browsers,
# but waits for a browser that comes up, or for what it has broken to be missed. None may take more than a third of the time
# for all.
node_tests() {
    local name=$1 place=$BUILD/test/${1//[^a-z]/-} files seconds
    local -A limits=([quick]=$SECONDS_MOST [full]=7200 [long]=36000)
    count_left "${@:3}"
    mapfile -t files < <(tier_files "${@:3}")
    ((${#files[@]})) || return 0
    mapfile -t files < <(longest_first "${files[@]}")
    seconds=${limits[$TIER]}
    timeout --kill-after=30 "$seconds" "$NODE" scripts/run-tests.mjs "$2" $((seconds / 3)) "$place" "${files[@]}" </dev/null ||
        printf 'tests: %s failed (status %d)\n' "$name" $? >&2
    if ! grep -qx end "$place.files"; then # it did not come to its end
        count "$name" 0 1 0
        return
    fi
    # shellcheck disable=SC2046 # three numbers
    count "$name" $(awk 'NF == 6 { for (i = 0; i < 3; i++) sum[i] += $(i + 3) } END { print sum[0], sum[1], sum[2] }' "$place.files")
}

# tier_files FILE...: prints those that this tier runs.
tier_files() {
    list_tests --files "$TIER" "$@"
}

# count_left FILE...: of tests that the quick tier leaves out, how many there are. Where it runs some tests of a file, these
# have to be those that the file's first lines name.
count_left() {
    [[ $TIER == quick ]] || return 0
    local some full
    mapfile -t some < <(grep -lE '^// (quick|full): ' "$@")
    mapfile -t full < <(grep -l '^// tier: full' "$@")
    check "$name: first lines name tests" list_tests quick "${some[@]}" >/dev/null
    leave full $(($(list_tests full "${full[@]}" | wc -l) + $(cat "$@" | grep -c '^// full: ') - $(cat "$@" | grep -c '^// quick: ')))
    leave long "$(list_tests long "$@" | wc -l)"
}

list_tests() {
    "$NODE" scripts/list-tests.mjs "$@"
}

test_fuzz() {
    check 'fuzz: a row for each target' fuzz_rows
    if [[ $TIER == quick ]]; then
        test_fuzz_seeds
    else
        test_fuzz_targets
    fi
}

# The seeds alone need no fuzzer, and so no build of their own.
test_fuzz_seeds() {
    local name floor sources
    build_sanitized
    make_in "$SANITIZED" fuzz-seeds CFLAGS='-g1 -O0' LDFLAGS="$(quick_linker)"
    while read -r name floor sources; do
        [[ $name == '#'* || -z $name ]] && continue
        check "fuzz $name: seeds" fuzz_seeds "$name"
        leave full 3
        leave long 1
    done <tests/fuzz/targets
}

# As many targets at a time as there are cores; what they said is shown in their order.
test_fuzz_targets() {
    fuzz_build
    local name floor sources step names=()
    while read -r name floor sources; do
        [[ $name == '#'* || -z $name ]] && continue
        names+=("$name")
        await_core
        # shellcheck disable=SC2086 # a list of files
        fuzz_target "$name" "$floor" $sources >"$BUILD/test/fuzz-$name.log" 2>&1 </dev/null &
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
