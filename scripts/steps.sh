# shellcheck shell=bash
# The steps of the tests of packages and of the container image: each prints what it does and how long it took. A test that
# uses these sets RELEASE, the Debian release that it tests, and defines `inside COMMAND...`, which runs a command in the
# system that it tests.

SAMPLES=/usr/share/webinfer/models RELEASE=''

# step TEXT COMMAND...
step() {
    local began=$SECONDS
    say "$RELEASE: $1"
    "${@:2}"
    printf '    %d s\n' $((SECONDS - began))
}

# shown COMMAND...: inside, after the command itself.
shown() {
    printf '    # %s\n' "$*"
    inside "$@" 2>&1 | sed 's/^/    /'
}

# holds TEXT COMMAND...
holds() {
    "${@:2}" || fail "$RELEASE: $1: this does not hold: ${*:2}"
}

# answers MODEL: to a picture of a 7.
answers() {
    local said
    said=$(shown webinfer infer "$1" --image "$SAMPLES/digits/samples/7.png") || { printf '%s\n' "$said" && fail "there is no answer"; }
    printf '%s\n' "$said"
    grep -qE '^ *7 +9[0-9]\.' <<<"$said" || fail "the answer is wrong"
}
