# shellcheck shell=bash
# `./dev wheel`: the Python client as an sdist, and as a wheel that is built from the sdist, by setuptools and without a
# network. Two builds of one commit are equal, byte for byte.

# Debian's Python, which has Debian's setuptools and wheel.
PYTHON_OF_DIST=${PYTHON_OF_DIST:-/usr/bin/python3}

# make_python_dist FOLDER: the folder is emptied first.
make_python_dist() {
    local out=$1 tree name
    rm -rf "$out"
    mkdir -p "$out"
    out=$(cd "$out" && pwd)
    tree=$out/tree
    export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(date_of_source)}
    copy_python_tree "$tree"
    quietly python-sdist build_python sdist "$tree" "$out"
    name=$(cd "$out" && echo webinfer-*.tar.gz)
    rm -r "$tree"
    tar -xzf "$out/$name" -C "$out" --no-same-permissions
    mv "$out/${name%.tar.gz}" "$tree"
    pack_sdist "$out" "${name%.tar.gz}"
    quietly python-wheel build_python wheel "$tree" "$out"
    rm -r "$tree"
}

# The time of the last commit; a tarball of the source has none.
date_of_source() {
    git log -1 --format=%ct 2>/dev/null || stat -c %Y configure.ac
}

# The client with the licence, which each package has to contain; nothing in NOTICE is about the client. It is a copy
# because setuptools writes into the folder that it is given.
copy_python_tree() {
    install -d "$1/webinfer"
    install -m 644 LICENSE sdk/python/pyproject.toml sdk/python/README.md "$1"
    install -m 644 sdk/python/webinfer/*.py sdk/python/webinfer/py.typed "$1/webinfer"
}

# build_python sdist|wheel TREE FOLDER
build_python() (
    cd "$2" || exit
    umask 022
    "$PYTHON_OF_DIST" -c 'import sys; from setuptools import build_meta
getattr(build_meta, "build_" + sys.argv[1])(sys.argv[2])' "$1" "$3"
)

# pack_sdist FOLDER NAME: packs FOLDER/tree as NAME again, because setuptools writes the time of day into an sdist.
pack_sdist() {
    tar --create --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --mode=u=rwX,go=rX --format=ustar --transform="s,^tree,$2," -C "$1" tree | gzip -9n >"$1/$2.tar.gz"
}
