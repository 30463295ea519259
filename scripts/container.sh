# shellcheck shell=bash
# `./dev container [OPTION...]`: the image of the Containerfile, built from the tarball with podman, docker or buildah.
# `./dev container test [RELEASE]`: builds it on a base of that Debian release, with buildah and without a registry, runs it
# with podman, and checks what users rely on. Each step prints what it does and how long it took. This takes root, Debian's
# mirror, and 5 GB in WEBINFER_ROOTS.

# shellcheck source=scripts/package.sh
source scripts/package.sh
# shellcheck source=scripts/steps.sh
source scripts/steps.sh
PACKAGE=$BUILD/container

# make_image OPTION...: the builder's own.
make_image() {
    local builder
    builder=$(find_builder)
    make_context
    say "$builder build"
    build_image_by "$builder" "$@"
}

# Prints the first program that is here and builds images.
find_builder() {
    local name
    for name in podman docker buildah; do
        ! command -v "$name" >/dev/null || { echo "$name" && return; }
    done
    fail 'an image is built with podman, docker or buildah; install one of them'
}

# The tree of the tarball, and what the image says about it.
make_context() {
    make_tarball
    unpack_tarball "$PACKAGE/tree" HEAD
    IMAGE_ARGUMENTS=(--build-arg "VERSION=$(sed -n '1s/^webinfer (\(.*\)) .*/\1/p' "$PACKAGE/tree/debian/changelog")"
        --build-arg "REVISION=$(git rev-parse HEAD)")
}
IMAGE_ARGUMENTS=() IMAGE=localhost/webinfer

# build_image_by BUILDER OPTION...
build_image_by() {
    local format=(--format docker) # the format that has health checks
    [[ $1 != docker ]] || format=()
    "$1" build "${format[@]}" --file "$PACKAGE/tree/Containerfile" --tag "$IMAGE" "${IMAGE_ARGUMENTS[@]}" "${@:2}" "$PACKAGE/tree"
}

# --- the test ----------------------------------------------------------------------------------

BASE=localhost/webinfer-base CONTAINER=webinfer-test VOLUME=webinfer-test
STATE=/var/lib/webinfer
SECCOMP=$ROOT/examples/container/seccomp.json
GRACE=40 # seconds; longer than shutdown_timeout of the configuration, 20 s
# Where images, containers and volumes are during the test, and the state of what runs; the options of podman and buildah
# that say so; and the token.
CONTAINERS='' RUNROOT='' STORAGE=() TOKEN=''

test_container() {
    (($# <= 1)) || fail 'the image is tested on one release of Debian at a time'
    RELEASE=${1:-trixie}
    ((EUID == 0)) || fail 'making a base image takes root'
    setup_containers
    choose_storage
    trap remove_storage EXIT
    step "a base image of Debian's $RELEASE, without a registry" make_base
    step 'the tarball' make_context
    step 'image builds' build_image
    step 'there is nothing in it that is secret or superfluous' check_image
    test_first_start
    test_restart
    test_without_namespaces
    test_secret
    test_readme
    step 'everything is removed' remove_storage
}

# The driver copies each layer: overlays do not work in every container, and this test may run in one.
choose_storage() {
    CONTAINERS=${WEBINFER_ROOTS:-$BUILD/roots}/containers
    RUNROOT=$(mktemp -d /run/webinfer.XXXXXX) # Podman accepts at most 50 characters
    STORAGE=(--root "$CONTAINERS/storage" --runroot "$RUNROOT" --storage-driver vfs)
    remove_containers # of a test that was killed
    mkdir -p "$CONTAINERS"
    printf '{"default": [{"type": "insecureAcceptAnything"}]}\n' >"$CONTAINERS/policy.json"
}

remove_storage() {
    remove_containers
    rm -rf "$RUNROOT"
}

remove_containers() {
    [[ ! -d $CONTAINERS/storage ]] || podman_ rm --all --force --time 0 >/dev/null 2>&1 || true
    rm -rf "$CONTAINERS"
}

# podman_ COMMAND...: without systemd, which it would otherwise ask for groups and timers.
podman_() {
    podman "${STORAGE[@]}" --runtime runc --cgroup-manager cgroupfs --events-backend file "$@"
}

buildah_() {
    buildah "${STORAGE[@]}" --signature-policy "$CONTAINERS/policy.json" "$@"
}

# Podman would raise the limits to its own defaults, which not every machine allows.
LIMITS=(--ulimit nofile=16384:16384 --ulimit nproc=8192:8192)

make_base() {
    quietly container-base mmdebstrap --quiet --variant=minbase "$RELEASE" "$CONTAINERS/base.tar"
    quietly container-import podman_ import "$CONTAINERS/base.tar" "$BASE:$RELEASE"
    rm "$CONTAINERS/base.tar"
}

build_image() {
    quietly container-image build_image_by buildah_ --isolation chroot --build-arg BASE="$BASE:$RELEASE"
    podman_ image inspect --format '    {{.Size}} bytes, version {{index .Labels "org.opencontainers.image.version"}}' "$IMAGE"
}

# run_container OPTION... -- ARGUMENT...: starts it as the examples do, and waits until it is healthy. It has no network but
# loopback, which needs nothing of this machine.
run_container() {
    local options=()
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    shift
    podman_ run --detach --name "$CONTAINER" --read-only --cap-drop all --security-opt no-new-privileges --network none \
        "${LIMITS[@]}" --shm-size 1g --health-interval disable --stop-timeout "$GRACE" "${options[@]}" "$IMAGE" "$@" >/dev/null
    until_healthy
}

# By hand: podman has systemd run the checks.
until_healthy() {
    local end=$((SECONDS + 120))
    until podman_ healthcheck run "$CONTAINER" >/dev/null 2>&1; do
        if ((SECONDS > end)) || ! is_running; then
            podman_ logs "$CONTAINER" >&2
            fail 'the container does not become healthy'
        fi
        sleep 0.2
    done
}

is_running() {
    [[ $(podman_ inspect --format '{{.State.Running}}' "$CONTAINER") == true ]]
}

# inside COMMAND...: in the container, as its user.
inside() {
    WEBINFER_TOKEN=$TOKEN podman_ exec --env WEBINFER_TOKEN "$CONTAINER" "$@" </dev/null
}

# alone COMMAND...: in a container of the image, without a volume.
alone() {
    podman_ run --rm --read-only --network none --no-healthcheck "${LIMITS[@]}" --entrypoint '' "$IMAGE" "$@"
}

check_image() {
    local found
    found=$(alone sh -c 'find /var/lib/webinfer /var/lib/apt/lists /root /tmp /run/secrets -type f -not -name ".*"
        find / -xdev \( -name "*.token" -o -name "*.key" -o -name "*.deb" -o -path /etc/webinfer/tokens \)
        command -v cc
        echo searched' 2>/dev/null) || true
    [[ $found == searched ]] || fail "the image has these files: $found"
}

test_first_start() {
    step 'becomes healthy' run_container --volume "$VOLUME:$STATE" --security-opt seccomp="$SECCOMP" --
    TOKEN=$(inside cat "$STATE/admin.token")
    step 'answers webinfer infer digits' answers digits
    step 'its root is read-only' holds 'no file can be written' inside sh -c 'exec 2>/dev/null; ! touch /usr/x && ! touch /etc/x && ! touch /x'
    step 'runs as its user' check_user
    step 'asks everyone for a token' check_tokens
    step 'the browsers have their sandboxes and their own networks' check_sandboxes
}

check_user() {
    shown id
    holds 'the daemon runs as 8470' test "$(inside stat -c %u:%g /proc/1)" = 8470:8470
    holds 'it is the first process' test "$(inside cat /proc/1/comm)" = webinferd
    holds 'no process runs as another user' test -z "$(inside sh -c 'stat -c "%u %n" /proc/[0-9]*' 2>/dev/null | grep -v '^8470 ')"
    holds 'files of the state are its own alone' test -z "$(inside find "$STATE" -maxdepth 1 -type f -perm /077)"
}

check_tokens() {
    holds 'it listens at every address' inside grep -qE '^ *[0-9]+: 00000000:2116 00000000:0000 0A' /proc/net/tcp
    holds 'no answer without a token' test "$(inside curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8470/v1/status)" = 401
    holds 'the token is not in the log' test -z "$(podman_ logs "$CONTAINER" 2>&1 | grep -F "$TOKEN")"
    shown stat -c '%A %U %n' "$STATE/admin.token" "$STATE/tokens"
}

# warnings: those of the status, a line each.
warnings() {
    inside webinfer status --json | "$NODE" -e '
        for (const one of JSON.parse(require("fs").readFileSync(0)).warnings) console.log(one)'
}

check_sandboxes() {
    local found
    found=$(warnings | grep -iE 'sandbox|network' || true)
    [[ -z $found ]] || fail "the status warns: $found"
    holds 'doctor says so' test "$(doctor_state sandbox)$(doctor_state network)" = okok
    holds 'no browser does without' test -z "$(inside sh -c 'cat /proc/[0-9]*/cmdline' 2>/dev/null | tr '\0' '\n' | grep -x -- --no-sandbox)"
}

# doctor_state CHECK: of webinfer doctor, as JSON has it.
doctor_state() {
    { inside webinfer doctor --no-start --json || true; } | "$NODE" -e '
        const { checks } = JSON.parse(require("fs").readFileSync(0));
        process.stdout.write(checks.find(({ check }) => check === process.argv[1])?.state ?? "none")' "$1"
}

test_restart() {
    step 'webinfer add sends a model' shown webinfer add "$SAMPLES/digits" --name mine
    step 'stops within the grace time, and no process is left' check_stop
    step 'starts again' start_again
    step 'answers with the model that was added' answers mine
}

# The container's processes are those in its namespace.
check_stop() {
    local namespace began=$SECONDS
    namespace=$(readlink "/proc/$(podman_ inspect --format '{{.State.Pid}}' "$CONTAINER")/ns/pid")
    podman_ stop "$CONTAINER" >/dev/null
    ((SECONDS - began < GRACE)) || fail "it took $((SECONDS - began)) s to stop"
    holds 'the daemon ended by itself' test "$(podman_ inspect --format '{{.State.ExitCode}}' "$CONTAINER")" = 0
    holds 'no process is left' test -z "$(readlink /proc/[0-9]*/ns/pid | grep -Fx "$namespace")"
}

start_again() {
    quietly container-start podman_ start "$CONTAINER"
    until_healthy
}

test_without_namespaces() {
    "$NODE" scripts/seccomp.mjs --without-namespaces >"$CONTAINERS/without-namespaces.json"
    quietly container-rm podman_ rm --force --time "$GRACE" "$CONTAINER"
    step 'with user namespaces forbidden, becomes healthy' \
        run_container --volume "$VOLUME:$STATE" --security-opt seccomp="$CONTAINERS/without-namespaces.json" --
    step 'answers all the same' answers digits
    step 'the log, the status and doctor say what is lost' check_losses
}

check_losses() {
    local log
    log=$(podman_ logs "$CONTAINER" 2>&1 | grep -E "own sandbox is off|no network of their own" | sed 's/^/    /')
    printf '%s\n' "$log"
    holds 'the log says so' grep -q 'own sandbox is off' <<<"$log"
    holds 'the log says so' grep -q 'no network of their own' <<<"$log"
    holds 'the status says so' test "$(warnings | grep -cE 'own sandbox is off|no network of their own')" = 2
    holds 'doctor says so' test "$(doctor_state sandbox)$(doctor_state network)" = warningwarning
}

# A new volume, and the tokens of a secret, as an orchestrator mounts it.
test_secret() {
    local made
    quietly container-rm podman_ rm --force --time "$GRACE" --volumes "$CONTAINER"
    made=$(alone webinfer token new ada --rank admin 2>/dev/null)
    tail -n 1 <<<"$made" >"$CONTAINERS/tokens"
    chmod 0444 "$CONTAINERS/tokens"
    step 'with a mounted secret and a new volume, becomes healthy' run_container --volume "$VOLUME-2:$STATE" \
        --security-opt seccomp="$SECCOMP" --volume "$CONTAINERS/tokens:/run/secrets/webinfer-tokens:ro" --
    TOKEN=$(head -n 1 <<<"$made")
    step 'the token of the secret is accepted, and no other was made' check_secret
}

check_secret() {
    answers digits
    holds 'there is no token in the volume' inside test ! -e "$STATE/admin.token"
}

# README's command, in the background and without a network, for which podman discards the port; and its first request.
test_readme() {
    local options
    quietly container-rm podman_ rm --force --time "$GRACE" --volumes "$CONTAINER"
    read -ra options < <(sed -n "s|.* podman run \(.*\) $IMAGE\$|\1|p" README.md)
    CONTAINER=webinfer
    step "with README's options, becomes healthy" start_as_readme "${options[@]}"
    step "README's first request is answered" ask_as_readme
}

start_as_readme() {
    printf '    # podman run %s %s\n' "$*" "$IMAGE"
    podman_ run --detach --network none "${LIMITS[@]}" --health-interval disable "$@" "$IMAGE" >/dev/null
    until_healthy
}

# README reads the token in the image's own folder. The models of its request are those of the source.
ask_as_readme() {
    local request token said
    request=$(sed -n 's|^    \(curl -s .*/v1/infer -F .*\)|\1|p' README.md)
    token=$(sed -n 's|.*-H "Authorization: Bearer .(podman exec webinfer \(.*\))".*|\1|p' README.md)
    said=$(inside sh -c "token=\$($token) && cd ${SAMPLES%/*} && $request -H \"Authorization: Bearer \$token\"")
    grep -q '"label":"7"' <<<"$said" || fail "there is no answer to README's request: $said"
}
