# shellcheck shell=bash disable=SC2034
# Roots of Debian releases, in which packages are built and unit tests run. They take root, Debian's mirror, and up to
# 3 GB each in WEBINFER_ROOTS. What uses them sets RELEASE, the Debian release.

ROOTS=${WEBINFER_ROOTS:-$BUILD/roots}

# keep_root ROOT OPTION...: makes a root with these options of mmdebstrap. It stays for the next time, unless the
# options or debian/control, which names the packages, have changed.
keep_root() {
    local root=$1 hash
    hash=$(printf '%s\n' "${@:2}" | cat - debian/control | sha256sum)
    [[ ! -f $root/.made || $(<"$root/.made") != "$hash" ]] || return 0
    rm -rf "$root"
    mkdir -p "${root%/*}"
    quietly "${root##*/}" mmdebstrap --quiet "${@:2}" "$RELEASE" "$root"
    printf '%s\n' "$hash" >"$root/.made"
}

# make_builder ROOT: with what the packages are built and checked with, and a quick linker for the unit tests.
make_builder() {
    # shellcheck disable=SC2016 # $1 is the root, for the shell that runs the hook
    keep_root "$1" --variant=buildd --include=ccache,lintian,mold \
        --customize-hook='mkdir -p "$1/srv/source"' --customize-hook='copy-in debian /srv/source' \
        --customize-hook='chroot "$1" apt-get build-dep -q -y --no-install-recommends /srv/source'
}

NSPAWN_OPTIONS=(--quiet --register=no --keep-unit)

# within_root ROOT OPTION... COMMAND...: what systemd-nspawn runs there.
within_root() {
    systemd-nspawn "${NSPAWN_OPTIONS[@]}" --directory="$1" "${@:2}"
}

# isolated ROOT FOLDER [OPTION...] COMMAND...: in a folder of a root, without a network.
isolated() {
    local options=(--private-network --pipe --chdir="$2")
    if [[ -n ${CCACHE_DIR:-} ]]; then
        mkdir -p "$CCACHE_DIR"
        options+=(--bind="$CCACHE_DIR:/ccache" --setenv=CCACHE_DIR=/ccache --setenv=CCACHE_NOHASHDIR=1
            --setenv=CCACHE_BASEDIR="$CCACHE_BASEDIR")
    fi
    within_root "$1" "${options[@]}" "${@:3}"
}
