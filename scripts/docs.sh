# shellcheck shell=bash
# `./dev docs`: the documents and manuals as a site, where this build's daemon serves it and `make install` finds it.

build_docs() {
    setup_docs
    setup_modules scripts/docs
    "$NODE" scripts/docs/build.mjs "$BUILD/share/webinfer/docs"
    say "built: build/share/webinfer/docs; a webinferd that is started now serves it at http://127.0.0.1:8470/docs/"
}

# For the verbs that serve or install the site. It takes seconds, so it is built only if a source of it is newer.
refresh_docs() {
    local home=$BUILD/share/webinfer/docs/index.html
    [[ -f $home && -z $(find ./*.md docs man scripts/docs -newer "$home" -print -quit) ]] || build_docs
}
