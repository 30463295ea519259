#!/bin/sh
# Runs ./dev bench gpu on a machine that can reach nothing. Beside this file lie parts of what it needs, not more of them
# than fit in one transfer: each run takes those that are here, and the one that has the last of them measures.
set -eu

if [ "${1:-}" = --help ]; then
    cat <<'END'
usage: run.sh [OPTION...]

Takes the parts that lie beside it to a folder of its own, $WEBINFER_GPU (default: /var/tmp/webinfer-gpu). Once all of them
are there it measures what this machine's GPU is worth, and writes result.json after each row.

  --minutes=N  how many there are; it ends at 80 % of them (default 8)
  --gpu=NAME   the adapter that the browser is to take: auto, hardware or software (default auto)
  --browser=NAME
               chrome, which lies in the parts, or one of this machine's own: edge, firefox or safari (default chrome)
  --out=DIR    where result.json goes (default: the folder)

The machine needs Linux with the C library of Debian 12 (2.36) or a later one, tar, and its GPU's driver for Vulkan.
Exit status: 0 measured, 1 failed, 2 another option, 3 parts are missing.
END
    exit 0
fi

fail() {
    echo "run.sh: $*" >&2
    exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
there=${WEBINFER_GPU:-/var/tmp/webinfer-gpu}
mkdir -p "$there"
there=$(cd "$there" && pwd)
for file in SHA256SUMS xz; do
    [ -e "$here/$file" ] || fail "$file has to lie beside it"
done

# What was unpacked from the same parts is used again.
if ! cmp -s "$here/SHA256SUMS" "$there/SHA256SUMS"; then
    mkdir -p "$there/parts"
    for part in "$here"/webinfer-gpu-*.part; do
        [ ! -e "$part" ] || cp "$part" "$there/parts"
    done
    missing=$(cd "$there/parts" && while read -r sum name; do
        echo "$sum  $name" | sha256sum -c --status 2>/dev/null || echo "$name"
    done <"$here/SHA256SUMS")
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2086 # names without spaces
        echo "run.sh: it goes on once these parts are beside it, too:" $missing
        exit 3
    fi
    echo "run.sh: unpacking into $there"
    rm -rf "$there/unpacked"
    mkdir "$there/unpacked"
    cp "$here/xz" "$here"/liblzma.so.* "$there/parts"
    chmod +x "$there/parts/xz"
    cat "$there"/parts/webinfer-gpu-*.part | LD_LIBRARY_PATH="$there/parts" "$there/parts/xz" -dc -T0 |
        tar -C "$there/unpacked" -x || fail "the parts cannot be unpacked"
    rm -r "$there/parts"
    cp "$here/SHA256SUMS" "$there"
fi

unpacked=$there/unpacked
export PATH="$unpacked/bin:$PATH" HOME="$there/home"
export WEBINFER_DAEMON="$unpacked/bin/webinferd" WEBINFER_BUILD="$unpacked/programs/webinferd" WEBINFER_CASES="$unpacked/cases"
mkdir -p "$HOME"
exec node "$unpacked/checkout/tests/bench/gpu.mjs" --store="$unpacked/store" --out="$there" "$@"
