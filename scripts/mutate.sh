# shellcheck shell=bash
# `./dev mutate`: the library of build/mutate is a shared one, so that a mutation costs one object
# and one link, and no unit test is linked again.

MUTATE=$BUILD/mutate

mutate() {
    need_packages "${PACKAGES_BUILD[@]}"
    setup_node
    CFLAGS='-O0 -fPIC' configure_in "$MUTATE" --disable-page
    # Hardened programs bind all symbols when they start; which a test reaches is seen when it binds them.
    local plain=(HARDEN_CFLAGS='' HARDEN_CPPFLAGS='' HARDEN_LDFLAGS='')
    make_in "$MUTATE" "${plain[@]}" libwebinfer.a
    if [[ ! $MUTATE/libwebinfer.so -nt $MUTATE/libwebinfer.a ]]; then
        "${CC:-gcc}" -shared -o "$MUTATE/libwebinfer.so" \
            -Wl,--whole-archive "$MUTATE/libwebinfer.a" -Wl,--no-whole-archive
    fi
    # shellcheck disable=SC2016 # for make to expand
    make_in "$MUTATE" "${plain[@]}" check TESTS='' \
        LDADD='libwebinfer.so $(DEPS_LIBS) $(SYSTEMD_LIBS) $(CMOCKA_LIBS)'
    exec "$NODE" scripts/mutate.mjs "$MUTATE" "$@"
}
