#!/bin/sh
# Makes the compressed copies of a page and a documentation that came ready-made, as compress.mjs makes those of ones that
# are built: `compress.sh FOLDER...`. It needs no Node.js. BROTLI is the program brotli; without it the copies are in gzip
# alone.
set -eu

# put FILE COPY COMMAND...: a copy that has more than nine tenths of its file is not worth unpacking.
put() {
    file=$1 copy=$2
    shift 2
    "$@" "$file" >"$copy.half"
    if [ $(($(wc -c <"$copy.half") * 10)) -gt $(($(wc -c <"$file") * 9)) ]; then
        rm "$copy.half"
    else
        mv "$copy.half" "$copy"
    fi
}

# Files whose names have their contents' hash, and the documentation's text, if they do not fit into one packet.
find "$@" \( -name '*-????????????.*' -o -path '*/docs/*' \( -name '*.html' -o -name '*.js' -o -name '*.css' \) \) \
    ! -name '*.gz' ! -name '*.br' -size +1399c | while read -r file; do
    put "$file" "$file.gz" gzip -9nc &
    [ -z "${BROTLI:-}" ] || put "$file" "$file.br" "$BROTLI" -q 9 --lgwin=22 -c
    wait $!
done
