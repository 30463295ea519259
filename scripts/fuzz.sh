# shellcheck shell=bash
# The fuzz targets of tests/fuzz: each runs a fixed number of iterations from a fixed seed, has to
# cover a share of the code that it is about, and has to find a bug planted in its harness, which
# shows that it would find a real one. tests/fuzz/targets lists them.
#
# By hand, for longer: build/fuzz/tests/fuzz/NAME_fuzz -max_total_time=3600 FOLDER

FUZZ=$BUILD/fuzz
FUZZ_RUNS=30000
FUZZ_RUNS_LONG=2000000

# Every target has a row, without which nothing would run it.
fuzz_rows() {
    diff <(cd tests/fuzz && printf '%s\n' *_fuzz.c | sed 's/_fuzz\.c$//' | sort) \
        <(sed -n 's/^\([a-z_]*\) [0-9].*/\1/p' tests/fuzz/targets | sort)
}

# fuzz_seeds NAME: the seeds alone, by the program of the sanitized build.
fuzz_seeds() {
    local log=$BUILD/test/fuzz-$1.log
    "$SANITIZED/tests/fuzz/${1}_seeds" "tests/fuzz/corpus/$1" >"$log" 2>&1 </dev/null && return 0
    tail -n 60 "$log" >&2
    return 1
}

fuzz_build() {
    need_packages "${PACKAGES_FUZZ[@]}"
    CC=clang CFLAGS='-g1 -O1' configure_in "$FUZZ" --enable-fuzzing --enable-coverage --disable-page
    make_in "$FUZZ" fuzz
}

# fuzz_start NAME PROGRAM RUNS [SEED]: new inputs go to a folder of their own, the seeds stay as they are.
fuzz_start() {
    local name=$1 program=$2 runs=$3 seed=${4:-1} found=$FUZZ/found/$2
    rm -rf "$found"
    mkdir -p "$found/corpus"
    LLVM_PROFILE_FILE=$FUZZ/$program.profraw \
        "$FUZZ/tests/fuzz/$program" -runs="$runs" -seed="$seed" -use_value_profile=1 \
        -timeout=20 -rss_limit_mb=2048 -artifact_prefix="$found/" "$found/corpus" "tests/fuzz/corpus/$name" \
        >"$FUZZ/$program.log" 2>&1 </dev/null
}

fuzz_run() {
    local name=$1 runs=$FUZZ_RUNS
    [[ $TIER != long ]] || runs=$FUZZ_RUNS_LONG
    fuzz_start "$name" "${name}_fuzz" "$runs" && return 0
    tail -n 60 "$FUZZ/${name}_fuzz.log" >&2
    printf 'the input is in %s\n' "$FUZZ/found/${name}_fuzz" >&2
    return 1
}

# fuzz_coverage NAME FLOOR SOURCE...: per cent of the sources' lines that the run reached. The paths in the report are
# relative where ccache made them so, which is why llvm-cov cannot select the sources.
fuzz_coverage() {
    local name=$1 floor=$2 profile=$FUZZ/$1.profdata reached
    shift 2
    llvm-profdata merge -sparse "$FUZZ/${name}_fuzz.profraw" -o "$profile" || return 1
    reached=$(llvm-cov export -summary-only -instr-profile="$profile" "$FUZZ/tests/fuzz/${name}_fuzz" |
        "$NODE" scripts/fuzz-coverage.mjs "$FUZZ" "$@")
    printf '%s: %s %% of the lines of %s, at least %s %% wanted\n' \
        "$name" "$reached" "$*" "$floor"
    [[ ${reached%.*} -ge $floor ]]
}

# The sanitizers end the planted program with an error; the message shows that it was our plant. No
# seed may have it, or nothing had to be found: the fuzzer says INITED once it has read them all.
fuzz_planted() {
    # What a seed finds also depends on where the program was loaded, so there are three chances.
    local name=$1 seed
    for seed in 1 2 3; do
        fuzz_start "$name" "${name}_planted" $((FUZZ_RUNS * 30)) "$seed" || break
    done
    if ! grep -q 'planted bug' "$FUZZ/${name}_planted.log"; then
        printf '%s: the planted bug was not found\n' "$name" >&2
        return 1
    fi
    if ! grep -q INITED "$FUZZ/${name}_planted.log"; then
        printf '%s: a seed has the planted bug already\n' "$name" >&2
        return 1
    fi
}
