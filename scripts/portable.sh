# shellcheck shell=bash
# `./dev test --long portable`: the programs and the unit tests once more, by another compiler, with the libraries of a
# newer Debian, for another processor, and without the library of clusters.

# shellcheck source=scripts/roots.sh
source scripts/roots.sh

# clang's warnings and sanitizers differ from gcc's.
test_clang() {
    need_packages "${PACKAGES_FUZZ[@]}"
    CC=clang test_within clang --enable-asan CFLAGS='-g1 -O1'
}

within_clang() {
    env -C "$BUILD/clang" "$@"
}

# In the root in which the packages for Debian 13 are built.
test_trixie() {
    can_make_roots trixie || return 0
    RELEASE=trixie make_builder "$ROOTS/trixie-builder"
    test_within trixie --enable-asan CFLAGS='-g1 -O1'
}

# shellcheck disable=SC2153 # ROOT is the tree
within_trixie() {
    isolated "$ROOTS/trixie-builder" "$BUILD/trixie" --bind="$ROOT" "$@"
}

# Compiled on this processor for another one, which qemu emulates. The sanitizers do not run there: LeakSanitizer traces
# the process. tests/arm64.txt says which tests need what qemu lacks.
test_arm64() {
    can_make_roots arm64 || return 0
    RELEASE=bookworm make_cross_root "$ROOTS/bookworm-arm64"
    CC=aarch64-linux-gnu-gcc UNIT_EXCEPT=tests/arm64.txt test_within arm64 --build=x86_64-linux-gnu \
        --host=aarch64-linux-gnu PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig
}

# Without libnats and libqrencode, which a build need not have: all but the tests of clusters pass, also those of the
# quick tier's system group, and there are no more threads and no more memory than with them.
test_unclustered() {
    local before=$FAILED daemon=$BUILD/unclustered/webinferd
    # shellcheck disable=SC2034 # what node_tests leaves to other tiers is no news here
    local -A LEFT=([full]=0 [long]=0)
    test_within unclustered --without-nats --without-qrencode
    ((FAILED == before)) || return 0
    ln -sfn ../share "$BUILD/unclustered/share"
    setup_browsers
    setup_docs
    setup_unpacked
    TIER=quick WEBINFER_TIER=quick WEBINFER_DAEMON=$daemon \
        node_tests 'system (unclustered)' 3 tests/system/*.test.mjs tests/system/plain/*.test.mjs
    TIER=full WEBINFER_TIER=full WEBINFER_DAEMON=$daemon WEBINFER_CLUSTERED=$BUILD/webinferd \
        node_tests 'cluster (unclustered)' 1 tests/system/cluster.test.mjs
}

within_unclustered() {
    env -C "$BUILD/unclustered" "$@"
}

# make_cross_root ROOT: with the libraries that the packages need, for the other processor. uthash is the same for each.
# netbase says which address localhost has.
make_cross_root() {
    local libraries
    libraries=$(sed '/^Package:/q' debian/control | grep -oE '[a-z0-9-]+-(dev|evlib-uv)' |
        sed 's/^lib.*/&:arm64/' | paste -sd ,)
    keep_root "$1" --variant=minbase --architectures=amd64,arm64 \
        --include="crossbuild-essential-arm64,qemu-user-static,ccache,make,mold,netbase,pkg-config,$libraries"
}

within_arm64() {
    isolated "$ROOTS/bookworm-arm64" "$BUILD/arm64" --bind="$ROOT" --setenv=UNIT_RUNNER=qemu-aarch64-static "$@"
}

# can_make_roots NAME: without root, its tests are skipped.
can_make_roots() {
    ((EUID == 0)) || { count "unit ($1): making roots takes root" 0 0 1 && return 1; }
    need_packages "${PACKAGES_ROOTS[@]}"
}

# test_within NAME OPTION...: in build/NAME, configured with these options; within_NAME runs commands there.
test_within() {
    local before=$FAILED
    check "programs ($1)" build_within "$@"
    ((FAILED > before)) || make_check "unit ($1)" "$BUILD/$1" "within_$1"
}

build_within() (
    mkdir -p "$BUILD/$1"
    say "configure and make in build/$1"
    quietly "configure-$1" "within_$1" "$ROOT/configure" CC="$(compiler)" --enable-werror --disable-page "${@:2}" &&
        quietly "make-$1" "within_$1" make --no-print-directory -j "$JOBS" all
)
