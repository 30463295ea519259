# shellcheck shell=bash
# `./dev package`: the tarball, the Debian packages that are built from it without a network, and their checksums, in
# build/package. scripts/package-test.sh tests them.

# shellcheck source=scripts/docs.sh
source scripts/docs.sh

PACKAGE=$BUILD/package

make_packages() {
    setup_packaging
    make_tarball
    say "dpkg-buildpackage in build/package"
    unpack_tarball "$PACKAGE/tree" HEAD
    build_offline
    rm -r "$PACKAGE/tree"
    say "lintian"
    lintian --fail-on error "$PACKAGE"/*.changes
    write_checksums "$PACKAGE"
    show_sizes "$PACKAGE"
}

# All files in it have the date of the last commit. Tests that run one after the other over the same tree name a folder,
# WEBINFER_TARBALLS, in which the first one leaves its tarball for the others.
make_tarball() {
    local kept=${WEBINFER_TARBALLS:-}
    rm -rf "$PACKAGE"
    mkdir -p "$PACKAGE"
    if [[ -n $kept && -d $kept ]]; then
        setup_node
        cp "$kept"/webinfer-*.tar.xz "$PACKAGE"
        return
    fi
    build
    build_docs
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) make_in "$BUILD" dist
    mv "$BUILD"/webinfer-*.tar.xz "$PACKAGE"
    if [[ -n $kept ]]; then
        mkdir -p "$kept.half"
        cp "$PACKAGE"/webinfer-*.tar.xz "$kept.half"
        mv "$kept.half" "$kept"
    fi
}

# unpack_tarball FOLDER COMMIT: the tarball's tree becomes FOLDER, with the version of COMMIT.
unpack_tarball() {
    mkdir -p "$1"
    tar -xJf "$PACKAGE"/webinfer-*.tar.xz -C "$1" --strip-components=1
    set_version "$1/debian/changelog" "$2"
}

# set_version CHANGELOG COMMIT: unless the commit is a release, the packages' version is lower than the next release's and
# higher than those of the commits before.
set_version() {
    local changelog=$1 commit=$2 release entry
    release=$(sed -n '1s/^webinfer (\(.*\)-[^-]*) .*/\1/p' "$changelog")
    ! git tag --points-at "$commit" | grep -qxF "v$release" || return 0
    entry=$(printf 'webinfer (%s~%d.%s-1) unstable; urgency=medium\n\n  * Commit %s.\n\n -- %s  %s\n' \
        "$release" "$(git rev-list --count "$commit")" "$(git rev-parse --short=8 "$commit")" "$(git rev-parse "$commit")" \
        "$(sed -n 's/^Maintainer: //p' debian/control)" "$(git log -1 --format=%cD "$commit")")
    printf '%s\n\n%s\n' "$entry" "$(<"$changelog")" >"$changelog.new"
    mv "$changelog.new" "$changelog"
}

# The unit tests have their own verb.
PACKAGE_OPTIONS="nocheck parallel=$JOBS"

# A namespace without interfaces proves that nothing is fetched.
build_offline() {
    local offline=(unshare --net)
    ((EUID == 0)) || offline=(unshare --map-current-user --net)
    (cd "$PACKAGE/tree" && DEB_BUILD_OPTIONS=$PACKAGE_OPTIONS quietly dpkg-buildpackage \
        "${offline[@]}" dpkg-buildpackage --build=binary --no-sign)
}

# write_checksums FOLDER
write_checksums() {
    (cd "$1" && find . -type f \( -name '*.tar.xz' -o -name '*.deb' \) -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS)
}

# show_sizes FOLDER
show_sizes() {
    say "sizes in bytes:"
    (cd "$1" && cut -d ' ' -f 3 SHA256SUMS | xargs stat -c '%12s %n')
}
