# shellcheck shell=bash
# `./dev docs`: the documents and manuals as a site.

build_docs() {
    setup_docs
    setup_modules scripts/docs
    "$NODE" scripts/docs/build.mjs "$BUILD/docs"
    say "built: build/docs; to search it, serve it: python3 -m http.server --bind 127.0.0.1 --directory build/docs"
}
