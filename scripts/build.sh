# shellcheck shell=bash
# Configure and make. configure_in FOLDER OPTION... configures only when the options or the build
# system changed; make itself knows what of the rest is out of date. In continuous integration each warning is an error.

configure_in() {
    local folder=$1 hash compiler
    compiler=$(compiler)
    shift
    [[ ${CI:-} != true ]] || set -- "$@" --enable-werror
    if [[ ! -x configure || configure.ac -nt configure || Makefile.am -nt Makefile.in ]]; then
        quietly autoreconf autoreconf -i
    fi
    mkdir -p "$folder"
    # Makefiles know where they were made: those of a copied tree would write into the original.
    hash=$(printf '%s\n' "$ROOT" "$@" "$NODE" "${CFLAGS:-}" "$compiler" | cat - configure.ac | sha256sum)
    if [[ ! -f $folder/Makefile || ! -f $folder/.configured ||
        $(<"$folder/.configured") != "$hash" ]]; then
        (cd "$folder" && CC=$compiler quietly "configure-${folder##*/}" "$ROOT/configure" "$@")
        printf '%s\n' "$hash" >"$folder/.configured"
    fi
}

# Prints the compiler, behind ccache where that is installed and CCACHE_DIR is set; nothing where configure is to find
# one. The cache lies outside of the build: another clone of the same sources then compiles nothing.
compiler() {
    if [[ -n ${CCACHE_DIR:-} ]] && command -v ccache >/dev/null; then
        printf 'ccache %s\n' "${CC:-gcc}"
    else
        printf '%s\n' "${CC:-}"
    fi
}
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1

build() {
    need_packages "${PACKAGES_BUILD[@]}"
    setup_node
    local options=(--prefix="${PREFIX:-/usr/local}")
    if [[ ${PREFIX:-} == /usr ]]; then
        options+=(--sysconfdir=/etc)
    fi
    configure_in "$BUILD" "${options[@]}"
    if grep -q '^page-modules.stamp:' "$BUILD/Makefile"; then # else no page is built here
        installing page-modules make -C "$BUILD" --no-print-directory page-modules.stamp
    fi
    make_in "$BUILD" all
}

# What make says it does goes to a log; only warnings and errors are worth the screen.
make_in() {
    local folder=$1
    shift
    say "make ${*} in ${folder#"$ROOT"/}"
    mkdir -p "$BUILD/logs"
    make -C "$folder" --no-print-directory -j "$JOBS" "$@" </dev/null \
        >"$BUILD/logs/make-${folder##*/}.log" ||
        fail "make failed; the whole output is in build/logs/make-${folder##*/}.log"
}
