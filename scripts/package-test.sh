# shellcheck shell=bash
# `./dev package test [RELEASE...]`: builds the packages in roots of Debian releases that have nothing of ours, installs
# them in empty roots with systemd as the first process, upgrades and purges them. Each step prints what it does and how long
# it took. scripts/roots.sh says what this takes.

# shellcheck source=scripts/package.sh
source scripts/package.sh
# shellcheck source=scripts/roots.sh
source scripts/roots.sh
# shellcheck source=scripts/steps.sh
source scripts/steps.sh

RELEASES=(bookworm trixie)
# The process that runs the root, and the first process in it, as this system numbers it.
NSPAWN='' LEADER=''

test_packages() {
    local release releases=("$@")
    ((${#releases[@]})) || releases=("${RELEASES[@]}")
    for release in "${releases[@]}"; do
        [[ " ${RELEASES[*]} " == *" $release "* ]] || fail "there are no packages for \"$release\"; there are those for ${RELEASES[*]}"
    done
    ((EUID == 0)) || fail "making roots takes root"
    setup_package_roots
    make_tarball
    # The commit before compiles only what differs. Not before the tarball: the build has the compiler that it had.
    export CCACHE_DIR=${CCACHE_DIR:-$BUILD/ccache}
    trap stop_root EXIT
    for RELEASE in "${releases[@]}"; do
        test_release
    done
    write_checksums "$PACKAGE"
    (cd "$PACKAGE" && sha256sum --check --quiet SHA256SUMS) || fail 'SHA256SUMS is wrong'
    show_sizes "$PACKAGE"
}

test_release() {
    local builder=$ROOTS/$RELEASE-builder root=$ROOTS/$RELEASE
    step 'a root with what the packages are built with' make_builder "$builder"
    step './configure && make install from the tarball, without Node.js and network; the tarball that this makes is the same' \
        install_tarball "$builder"
    step 'packages of this commit, built without a network' build_packages "$builder" new HEAD
    step "packages of the commit before, $(git rev-parse --short=8 HEAD^)" build_packages "$builder" old HEAD^
    step 'lintian' lint_packages "$builder"
    step 'an empty root' make_root "$root"
    step 'the packages that these need are downloaded' download_packages "$root"
    step 'systemd as the first process' start_root "$root"
    install_first
    step 'the other packages' install_others
    step 'webinfer-uplink@ lends the service to another daemon' lend_service
    step 'purge leaves nothing' purge_packages
    step 'the commit before, with a configuration, a model and a job of somebody' install_old
    step 'its database becomes one of older tables' age_database "$root"
    step 'upgrade' upgrade_packages "$root"
    step "purge leaves somebody's tokens, and nothing else" purge_around_tokens
    stop_root
    rm -rf "$root" "$builder/build"
}

# --- building ----------------------------------------------------------------------------------

# offline NAME ROOT FOLDER COMMAND...: the output goes to a log of that name.
offline() {
    local options=(--setenv=DEB_BUILD_OPTIONS="$PACKAGE_OPTIONS")
    [[ -z ${CCACHE_DIR:-} ]] || options+=(--setenv=PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin)
    quietly "$RELEASE-$1" isolated "$2" "$3" "${options[@]}" "${@:4}"
}

install_tarball() {
    local tree=/build/tarball
    rm -rf "$1/build"
    unpack_tarball "$1$tree" HEAD
    tar -xJf "$PACKAGE"/webinfer-*.tar.xz -C "$1$tree" --strip-components=1 # with its own changelog
    offline tarball "$1" "$tree" sh -euc "if command -v node || command -v npm; then exit 1; fi
        export SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
        ./configure && make -j $JOBS && make install DESTDIR=/build/installed && make dist XZ_OPT=-0
        test -f /build/installed/usr/local/share/webinfer/lab.html
        test -f /build/installed/usr/local/share/webinfer/docs/index.html
        /build/installed/usr/local/sbin/webinferd --version"
    diff <(contents_of "$1$tree"/webinfer-*.tar.xz) <(contents_of "$PACKAGE"/webinfer-*.tar.xz)
    # Unpacked, both are equal bit for bit where the same tar has made them.
    [[ $(tar --version) != "$(within_root "$1" --pipe tar --version)" ]] ||
        cmp <(xz -dc "$1$tree"/webinfer-*.tar.xz) <(xz -dc "$PACKAGE"/webinfer-*.tar.xz)
}

# contents_of TARBALL: prints the names, modes, owners, sizes and times in it, and a hash of the bytes of all files. Tarballs
# themselves differ between releases: xz compresses in other ways, and tar leaves device numbers empty from 1.35 on.
contents_of() {
    tar -tvJf "$1" --full-time --numeric-owner
    tar -xOJf "$1" | sha256sum
}

# build_packages ROOT NAME COMMIT: into /build/NAME of the root. What the commit before has of files is put over the tree of
# the tarball: its page is this commit's, because Node.js builds it. Its configuration always differs from this commit's.
build_packages() {
    local root=$1 name=$2 commit=$3 tree
    tree=/build/$name/tree
    unpack_tarball "$root$tree" HEAD
    if [[ $commit != HEAD ]]; then
        git archive "$commit" | tar -x -C "$root$tree"
        tar -xJf "$PACKAGE"/webinfer-*.tar.xz -C "$root$tree" --strip-components=1 --wildcards '*/debian/changelog'
        set_version "$root$tree/debian/changelog" "$commit"
        echo "# As of $commit." >>"$root$tree/conf/webinferd.conf"
    fi
    offline "packages-$name" "$root" "$tree" dpkg-buildpackage --build=binary --no-sign
    rm -r "${root:?}$tree"
}

# The packages of this commit are a result of the test.
lint_packages() {
    mkdir -p "$PACKAGE/$RELEASE"
    cp "$1"/build/new/*.deb "$PACKAGE/$RELEASE"
    rm -f "$PACKAGE/$RELEASE"/*-dbgsym_*
    offline lintian "$1" /build/new sh -c 'lintian --allow-root --fail-on error ./*.changes'
    grep -E '^[EW]: ' "$BUILD/logs/$RELEASE-lintian.log" | sed 's/^/    /' || true
}

# --- a root that runs --------------------------------------------------------------------------

make_root() {
    rm -rf "$1"
    quietly "$RELEASE-root" mmdebstrap --quiet --variant=minbase --skip=cleanup/apt/lists --include=systemd-sysv "$RELEASE" "$1"
    mkdir -p "$1/packages"
    cp -R "$ROOTS/$RELEASE-builder/build/old" "$ROOTS/$RELEASE-builder/build/new" "$1/packages"
    rm -f "$1"/packages/*/*-dbgsym_*
}

download_packages() {
    quietly "$RELEASE-download" within_root "$1" --pipe sh -c 'apt-get install -q -y --download-only /packages/new/*.deb'
}

start_root() {
    # Not by a function, which would be a shell between this one and the program.
    systemd-nspawn "${NSPAWN_OPTIONS[@]}" --directory="$1" --private-network --boot </dev/null >"$BUILD/logs/$RELEASE-console.log" 2>&1 &
    NSPAWN=$!
    local end=$((SECONDS + 60))
    until LEADER=$(first_process) && [[ $(inside systemctl is-system-running 2>/dev/null) == running ]]; do
        { kill -0 "$NSPAWN" && ((SECONDS < end)); } 2>/dev/null || fail "the root does not start; see build/logs/$RELEASE-console.log"
        sleep 0.2
    done
}

# Prints the child of systemd-nspawn that is the first process of its namespace.
first_process() {
    local child
    for child in $(pgrep -P "$NSPAWN"); do
        ! grep -qsP '^NSpid:.*\t1$' "/proc/$child/status" || { echo "$child" && return; }
    done
    return 1
}

# inside COMMAND...: in the root that runs, as its root.
inside() {
    nsenter --target "$LEADER" --mount --uts --ipc --net --pid --cgroup --root --wd env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

stop_root() {
    [[ -n $NSPAWN ]] || return 0
    kill "$NSPAWN" 2>/dev/null || true
    wait "$NSPAWN" || true
    NSPAWN=''
}

# apt_install [OPTION...] PATTERN...: of files of packages.
apt_install() {
    printf '    # apt-get install %s\n' "$*"
    quietly "$RELEASE-install" inside sh -c "apt-get install -q -y $*"
}

# --- what the packages do ----------------------------------------------------------------------

install_first() {
    local began=$SECONDS
    step 'install' apt_install './packages/new/webinfer_*.deb'
    step 'the service answers' answers digits
    say "$RELEASE: $((SECONDS - began)) s from apt install to the first answer"
    step 'user, folders and service' check_service
}

check_service() {
    shown systemctl is-active webinferd
    shown systemctl is-enabled webinferd
    shown id webinfer
    shown stat -c '%A %U %G %n' /var/lib/webinfer /var/lib/webinfer/models /etc/webinfer /etc/webinfer/webinferd.conf
    shown webinfer status
    holds 'the browsers have their sandboxes' are_sandboxed
}

# The daemon warns of browsers without a sandbox. Chromium's sandbox puts each renderer into process namespaces of its own,
# so that it has several process ids.
are_sandboxed() {
    local warnings ids
    warnings=$(inside webinfer status | { grep -i sandbox || true; }) || return 1
    ids=$(inside sh -c 'grep -ls "type=[r]enderer" /proc/[0-9]*/cmdline | sed "s/cmdline$/status/" |
        xargs -r grep -hs ^NSpid') || true
    printf '%s\n' "$warnings" "$ids" | sed 's/^/    /'
    [[ -z $warnings && -n $ids ]] && ! grep -qvP '^NSpid:(\t\d+){2}' <<<"$ids"
}

install_others() {
    apt_install './packages/new/*.deb'
    shown webinfer list
    inside webinfer list | grep -q '^finch ' || fail "the sample models are not served"
    answers digits-vit
    shown webinfer bench --version
    shown python3 /usr/share/doc/webinfer/examples/picture.py digits "$SAMPLES/digits/samples/7.png"
}

# The other daemon has a model, tokens and no browsers; ours asks for no tokens, so that any will do there.
lend_service() {
    local there=/run/big files=/etc/webinfer/uplink end
    inside sh -euc "install -d -o webinfer $there $there/models
        cp -R $SAMPLES/digits $there/models
        webinfer token new root --rank admin --file $there/tokens >$there/root
        webinfer token new attic --rank relay --file $there/tokens >$there/attic
        chown -R webinfer $there
        install -d -m 700 $files
        (umask 077 && { echo http://127.0.0.1:8571 && cat $there/attic; } >$files/attic.to && cp $there/attic $files/attic.token)"
    shown systemd-run --quiet --unit=big --uid=webinfer --setenv=HOME="$there" /usr/sbin/webinferd \
        --set api.listen=127.0.0.1:8570 --set bridge.listen=127.0.0.1:8571 --set api.tokens_file="$there/tokens" \
        --set store.path="$there" --set models.directory="$there/models" --set pool.max_connections=0 --set pool.min_connections=0
    shown systemctl start webinfer-uplink@attic
    end=$((SECONDS + 60))
    until answers_by_relay "$there/root"; do
        ((SECONDS < end)) || { shown journalctl --no-pager -u webinfer-uplink@attic -u big && fail 'the other daemon does not get an answer'; }
        sleep 0.5
    done
    shown systemctl is-active webinfer-uplink@attic
    inside systemctl stop webinfer-uplink@attic big
    holds 'it ended well' test "$(inside systemctl show -P Result webinfer-uplink@attic)" = success
    inside rm -r "$there" "$files"
}

# answers_by_relay TOKENFILE
answers_by_relay() {
    inside sh -c "WEBINFER_URL=http://127.0.0.1:8570 WEBINFER_TOKEN=\$(cat $1) \
        webinfer infer digits --image $SAMPLES/digits/samples/7.png --json" 2>/dev/null | grep -q '"via": *"attic"'
}

# The packages that ours depend on stay.
purge_packages() {
    quietly "$RELEASE-purge" inside sh -c 'apt-get purge -q -y webinfer webinfer-models webinfer-bench python3-webinfer'
    check_nothing_left
}

purge_around_tokens() {
    local tokens=/etc/webinfer/tokens
    shown sh -c "webinfer token new ada --file $tokens >/dev/null"
    quietly "$RELEASE-purge" inside apt-get purge -q -y webinfer
    holds 'only the tokens are kept' test "$(inside ls -A /etc/webinfer)" = tokens
    holds 'they are as they were' inside grep -q '^ada:' "$tokens"
    inside rm -r /etc/webinfer
    check_nothing_left
}

check_nothing_left() {
    local left
    left=$(inside find / /run /tmp -xdev -path /packages -prune -o \( -name '*webinfer*' -o -nouser -o -nogroup \) -print
        inside getent passwd webinfer || true
        inside getent group webinfer || true
        inside systemctl list-units --all --plain --no-legend 'webinfer*'
        inside sh -c 'grep -ls "[w]ebinfer" /proc/[0-9]*/cmdline' || true)
    [[ -z $left ]] || fail "these are left: $left"
}

OPTION='max_queue'
JOB=''

install_old() {
    apt_install './packages/old/webinfer_*.deb'
    shown dpkg-query -W webinfer
    shown sed -i "s/^#$OPTION = .*/$OPTION = 77/" /etc/webinfer/webinferd.conf
    shown systemctl restart webinferd
    shown webinfer add "$SAMPLES/digits" --name mine
    answers mine
    JOB=$(inside webinfer infer mine --image "$SAMPLES/digits/samples/7.png" --detach)
    shown webinfer jobs wait "$JOB"
}

# A database as a webinferd without the last migration of the commit before has left it. The service stays stopped until the
# upgrade starts it.
age_database() {
    inside systemctl stop webinferd
    python3 - <(git show HEAD^:src/settings/store/store_open.c) "$1/var/lib/webinfer/webinfer.db" <<'END'
import re, sqlite3, sys
source, file = sys.argv[1:]
rows = re.search(r'migrations\[\] = \{(.*?)\n\};', open(source).read(), re.S).group(1)
last = re.sub(r'/\*.*?\*/', '', rows, flags=re.S).rstrip(',\n ').rsplit(',\n', 1)[1]
undone = [f'DROP INDEX {index}' for index in re.findall(r'CREATE (?:UNIQUE )?INDEX (\w+)', last)]
undone += [f'DROP TABLE {one or other}' for one, other in re.findall(r'VALUES_TABLE\("(\w+)"\)|CREATE TABLE (\w+)', last)]
undone += [f'ALTER TABLE {table} DROP COLUMN {column}' for table, column in re.findall(r'ALTER TABLE (\w+) ADD COLUMN (\w+)', last)]
assert undone, f'what the last migration does is not known here: {last}'
database = sqlite3.connect(file)
version, = database.execute('PRAGMA user_version').fetchone()
for statement in undone:
    database.execute(statement)
    print(f'    {statement}')
database.execute(f'PRAGMA user_version = {version - 1}')
database.commit()
print(f'    user_version {version - 1} in place of {version}')
END
}

user_version() {
    python3 -c 'import sqlite3, sys
print(*sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute("PRAGMA user_version").fetchone())' "$1/var/lib/webinfer/webinfer.db"
}

upgrade_packages() {
    local before
    before=$(user_version "$1")
    apt_install "-o Dpkg::Options::=--force-confold" './packages/new/webinfer_*.deb'
    shown dpkg-query -W webinfer
    answers mine
    check_service
    holds 'the tables are newer' test "$(user_version "$1")" -gt "$before"
    holds 'the configuration is kept' inside grep -qx "$OPTION = 77" /etc/webinfer/webinferd.conf
    holds 'the new one is next to it' inside test -s /etc/webinfer/webinferd.conf.dpkg-dist
    shown webinfer jobs show "$JOB"
}
