# shellcheck shell=bash
# Every check of the source itself. Each prints what it found; all of them run before the verdict.

# "COMMAND|NAME"; what takes longest comes first.
LINT_CHECKS=(
    'lint_cppcheck|cppcheck'
    'lint_page|tsc (the types of the page)'
    'lint_format|clang-format'
    'lint_planted|lint finds planted breaches'
    'lint_python|mypy (the types of the Python client)'
    'lint_quotes|every double quote of a manual is shown'
    'lint_sizes|no file over 1000 lines'
    'lint_shell|shellcheck'
    'lint_debian|the packages have what make install leaves'
    'lint_manuals|mandoc'
    'lint_unit|systemd-analyze verify'
    'lint_generated|the sample configuration is fresh'
    'lint_sources|the lists of C files are fresh'
    'lint_rules|the rules of tasks in the page are fresh'
    'lint_operators|the tables of operators are fresh'
    'lint_python_types|the types of the Python client are fresh'
    'lint_js|tsc (the types of the JavaScript client)'
    'lint_js_types|the types of the JavaScript client are fresh'
    'lint_page_texts|errors in the page begin small and have no full stop'
    'lint_error_texts|errors in C begin small and have no full stop'
    'lint_tiers|each test file names its tier'
    'lint_elsewhere|long files have a test'
    'lint_layers|includes lead down'
    'lint_folders|folders are rooms'
    'lint_servants|a file has two users or is long'
    'lint_faces|what one file uses is in the face of another, or static'
    'lint_structs|a struct has a name of its own'
    'lint_test_only|what tests alone use is marked'
    'lint_circles|calls go round in no circle'
    'lint_lasting|what lasts about a node follows from evidence'
    'lint_names|the architecture names what there is'
    'lint_comments|comments name files that there are'
    'lint_documents|documents are short and their links lead somewhere'
    "lint_pictures|the pictures show today's texts"
    'lint_threats|the threat model names tests that there are'
    'lint_glossary|words of ours are few'
    'lint_house|rooms, names and prose are within their bounds'
)
LINT_FAILED=() # the commands of those that found something

lint() {
    local check names=''
    run_lint
    for check in "${LINT_CHECKS[@]}"; do
        ! has_lint_failed "${check%%|*}" || names+="${check#*|}; "
    done
    [[ -z $names ]] || fail "lint found something in: $names"
    say "lint found nothing"
}

has_lint_failed() {
    [[ " ${LINT_FAILED[*]} " == *" $1 "* ]]
}

# As many at a time as there are cores; what they said is shown in their order.
run_lint() {
    need_packages "${PACKAGES_LINT[@]}"
    setup_modules page
    build
    local check name place=$BUILD/lint/said
    rm -rf "$place"
    mkdir -p "$place"
    for check in "${LINT_CHECKS[@]}"; do
        name=${check%%|*}
        await_core
        { "$name" && touch "$place/$name.ok"; } >"$place/$name" 2>&1 </dev/null &
    done
    wait
    LINT_FAILED=()
    for check in "${LINT_CHECKS[@]}"; do
        name=${check%%|*}
        say "${check#*|}"
        cat "$place/$name"
        [[ -f $place/$name.ok ]] || LINT_FAILED+=("$name")
    done
}

lint_shell() {
    shellcheck -x dev .ci/run scripts/*.sh page/*.sh completions/*.bash debian/*.postrm container/start peer/webinfer-peer.in
}

# That debian/ follows the rest of the tree; dh_missing checks the same when packages are built, which takes minutes.
lint_debian() {
    local found
    found=$({
        installed_once
        diff <(sed -n 's/^AC_INIT(\[webinfer\], \[\(.*\)\])/\1/p' configure.ac) \
            <(sed -n '1s/^webinfer (\(.*\)-[^-]*) .*/\1/p' debian/changelog) ||
            echo 'configure.ac and debian/changelog have different versions'
        diff <(grep -oE '[a-z0-9-]+-dev' configure.ac | grep -v clang | sort -u) \
            <(sed '/^Package:/q' debian/control | grep -oE '[a-z0-9-]+-dev' | sort -u) ||
            echo 'configure.ac and debian/control name different libraries'
        diff <(printf '%s\n' models/*/ | sed -n 's|^models/\(.*\)/$|\1|p' | grep -vx digits) \
            <(sed -n 's|^C /var/lib/webinfer/\(models\)/\(.*\) 0755 .* /usr/share/webinfer/\1/\2$|\2|p' debian/webinfer-models.tmpfiles) ||
            echo 'models/ and debian/webinfer-models.tmpfiles have different models'
    })
    printf '%s' "${found:+$found$'\n'}"
    [[ -z $found ]]
}

# Prints the programs, manuals, completions, units and models that no package has, or more than one.
installed_once() {
    local path
    {
        sed -n 's/^\(s\{0,1\}bin\)_PROGRAMS = /\1 /p' Makefile.am | awk '{ for (i = 2; i <= NF; i++) print "usr/" $1 "/" $i }'
        printf '%s\n' man/*.[1-8] | sed 's|.*\.\(.\)$|usr/share/man/man\1/&|; s|/man/|/|2'
        sed -n 's|^bin_SCRIPTS = |usr/bin/|p' Makefile.am
        sed -n 's|.*(bashcompletiondir).* \(webinfer[a-z-]*\) \\$|usr/share/bash-completion/completions/\1|p' Makefile.am
        sed -n 's|.*(fishcompletiondir).* \(webinfer[a-z-]*\.fish\) \\$|usr/share/fish/vendor_completions.d/\1|p' Makefile.am
        sed -n 's|.*(zshcompletiondir).* \(_webinfer[a-z-]*\)[ ;]*\\$|usr/share/zsh/vendor-completions/\1|p' Makefile.am
        printf '%s\n' systemd/*.service.in | sed "s|.*/\(.*\)\.in\$|\${env:UNIT_FOLDER}/\1|"
        printf '%s\n' models/*/ | sed 's|\(.*\)/$|usr/share/webinfer/\1|'
    } | while read -r path; do
        # A line of an .install file is the path, or a folder that it is in.
        (($(cat debian/*.install | awk -v path="$path" '$1 == path || index(path, $1 "/") == 1' | wc -l) == 1)) ||
            printf '%s is not in exactly one of debian/*.install\n' "$path"
    done
}

lint_page_texts() {
    "$NODE" scripts/page-texts.mjs
}

# The lists of tests are made from what the files' first lines say.
lint_tiers() {
    "$NODE" scripts/list-tests.mjs --files long tests/{page,js,peer,system,system/plain,builds}/*.test.mjs >/dev/null
}

c_files() {
    find examples src tests -name node_modules -prune -o -name '*.[ch]' -print | sort
}

lint_format() {
    c_files | xargs clang-format --dry-run -Werror
}

# over_cppcheck PATH...
over_cppcheck() {
    mkdir -p "$BUILD/cppcheck"
    cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
        --inline-suppr --suppressions-list=scripts/cppcheck.txt \
        --cppcheck-build-dir="$BUILD/cppcheck" \
        -j "$JOBS" -D_GNU_SOURCE -DHAVE_SYSTEMD=1 -DHAVE_NATS=1 -DPACKAGE_VERSION='""' \
        -DWI_LIBEXECDIR='""' -DWI_DATADIR='""' -DWI_SYSCONFDIR='""' --include=scripts/cppcheck.h -I src -I "$BUILD/src" "$@"
}

lint_cppcheck() {
    over_cppcheck src
}

# That a page which ours refer to is not installed on this machine is not the page's fault. A word
# that is a macro of mdoc, too, would be missing where a heading begins with it.
lint_manuals() {
    local found
    found=$(mandoc -T lint man/*.[1-8] 2>/dev/null |
        grep -v 'STYLE: referenced manual not found' || true)
    found+=$(grep -nE '^\.S[hs] (An|At|Do|In|No|So) ' man/*.[1-8] || true)
    [[ -z $found ]] || { printf '%s\n' "$found" && return 1; }
}

# mdoc eats a double quote with which an argument begins, and the one that ends it, so that JSON in
# a page can lose some of its quotes: as many must come out of each renderer as are meant. In a text
# line all are; in a macro line one is written \(dq, and plain ones are there to be eaten.
lint_quotes() {
    local page meant shown renderer failed=0
    for page in man/*.[1-8]; do
        meant=$(sed -e '/^\.\\"/d' -e '/^[.]/s/"//g' -e 's/\\(dq/"/g' "$page" | tr -dc '"' | wc -c)
        for renderer in 'mandoc -T utf8' 'groff -mdoc -Tutf8'; do
            # shellcheck disable=SC2086 # a command and its options
            shown=$($renderer "$page" 2>/dev/null | tr -dc '"' | wc -c)
            if ((shown != meant)); then
                printf '%s: %s shows %d double quotes, and %d are meant; in macro lines: \\(dq\n' \
                    "$page" "$renderer" "$shown" "$meant"
                failed=1
            fi
        done
    done
    return "$failed"
}

# Checked in a copy beside the packages, where the compiler finds their types.
lint_page() {
    local folder=${WEBINFER_NODE_MODULES%/*}
    rm -rf "$folder/src"
    cp -R page/src page/tsconfig.json "$folder"
    (cd "$folder" && node_modules/.bin/tsc -p tsconfig.json &&
        node_modules/.bin/tsc -p src/ui/tsconfig.json &&
        node_modules/.bin/tsc -p src/people/tsconfig.json &&
        node_modules/.bin/tsc -p src/console/tsconfig.json &&
        node_modules/.bin/tsc -p src/report/tsconfig.json)
}

lint_sources() {
    "$NODE" scripts/sources.mjs --check
}

lint_elsewhere() {
    "$NODE" scripts/elsewhere.mjs
}

lint_house() {
    "$NODE" scripts/house.mjs --check .
}

# Verified as it would be installed, but with the program that is in the build tree. That the
# manual pages are not installed on this machine is not the unit's fault.
# A unit with @ is looked at as an instance of it.
lint_unit() {
    local name unit found=''
    mkdir -p "$BUILD/lint"
    for name in webinferd webinfer-peer webinfer-uplink@; do
        unit=$BUILD/lint/$name.service
        sed "s|^\(Exec[A-Za-z]*\)=[^ ]*/|\1=$BUILD/|" "$BUILD/systemd/$name.service" >"$unit"
        found+=$(systemd-analyze verify --man=no "$unit" 2>&1 | grep -F "$name" || true)
        systemd-analyze security --offline=true "$unit" | tail -n 1
    done
    printf '%s' "$found"
    [[ -z $found ]]
}

lint_generated() {
    "$BUILD/webinferd" --print-sample | diff -u conf/webinferd.conf -
}

lint_rules() {
    local of
    for of in kernel task; do
        "$BUILD/webinferd" --print-openapi | "$NODE" "scripts/$of-rules.mjs" | diff -u "page/src/engine/${of}_rules.js" - ||
            { printf 'run: webinferd --print-openapi | node scripts/%s-rules.mjs >page/src/engine/%s_rules.js\n' "$of" "$of" && return 1; }
    done
}

lint_operators() {
    "$NODE" scripts/operators.mjs --check
}

lint_python() {
    (cd sdk/python && mypy --strict --cache-dir "$BUILD/mypy" -p webinfer)
}

lint_python_types() {
    "$BUILD/webinferd" --print-openapi | python3 scripts/python-types.py |
        diff -u sdk/python/webinfer/types.py - ||
        { printf 'run: webinferd --print-openapi | python3 scripts/python-types.py >sdk/python/webinfer/types.py\n' && return 1; }
}

lint_js() {
    "$WEBINFER_NODE_MODULES/.bin/tsc" -p sdk/js/tsconfig.json
}

lint_js_types() {
    "$BUILD/webinferd" --print-openapi | "$NODE" scripts/js-types.mjs | diff -u sdk/js/types.d.ts - ||
        { printf 'run: webinferd --print-openapi | node scripts/js-types.mjs >sdk/js/types.d.ts\n' && return 1; }
}

lint_error_texts() {
    find src -name '*.c' -print | sort | xargs "$NODE" scripts/error-texts.mjs
}

# A manual is as long as it is read: in mdoc nearly every word that is set apart has a line.
lint_sizes() {
    local found page
    found=$(find . \( -name .git -o -name build -o -name node_modules -o -name autom4te.cache \
        -o -name build-aux \) -prune -o -type f \( -name '*.[ch]' -o -name '*.mjs' -o -name '*.js' \
        -o -name '*.sh' -o -name '*.md' -o -name dev -o -name '*.am' \) \
        -exec awk 'FNR == 1001 { print FILENAME " has more than 1000 lines" }' {} +)
    for page in man/*.[1-8]; do
        if (($(mandoc -T utf8 "$page" 2>/dev/null | wc -l) > 1000)); then
            found+="$page has more than 1000 lines when it is shown"$'\n'
        fi
    done
    printf '%s' "$found"
    [[ -z $found ]]
}

# Each folder of src that is a row of docs/architecture.md, with the rows that it may include from: a
# layer from itself and from those before it, a program from itself and from the rows up to the one in
# its second column.
layers() {
    awk -F '|' '/^## / { here = $0 == "## Layers" } here && /^\| `/ {
        count = split($2, folders, /[` ]+/)
        split($3, upto, /[` ]+/)
        for (i = 2; i < count; i++)
            if ($3 ~ /^ `/)
                print folders[i], lower[folders[i]] = lower[upto[2]] "|" folders[i], "program"
            else
                print folders[i], lower[folders[i]] = all = all (all ? "|" : "") folders[i]
    }' docs/architecture.md
}

# A file belongs to the row that says most of its path: one of src/wire/describe to `wire/describe`
# where that is a row, else to `wire`. Other rooms see of models its face alone, which declares types
# that its inner headers need, too.
lint_layers() {
    local wrong
    # shellcheck disable=SC2016 # no command, but what awk reads
    wrong=$({
        layers
        find src -mindepth 2 -name '*.[ch]' -print
        grep -rHE --include='*.[ch]' '^#include "[a-z]+/' src
    } | awk -v face=models/models.h '
        function row_of(path) {
            while (sub(/\/[^\/]*$/, "", path))
                if (path in lower)
                    return path
            return ""
        }
        $1 !~ /^src\// {
            room = $1
            sub(/\/.*/, "", room)
            if (NF == 2 && room != last && room in begun)
                printf "docs/architecture.md: the rows of %s do not follow one another\n", room
            last = room
            begun[room] = 1
            lower[$1] = "|" $2 "|"
            next
        }
        NF == 1 {
            folder = row_of(substr($1, 5))
            used[folder] = 1
            if (folder == "")
                print $1 " has no row in docs/architecture.md"
            next
        }
        {
            file = substr($1, 5)
            sub(/:.*/, "", file)
            from = row_of(file)
            split($0, part, "\"")
            to = row_of(part[2])
            if (from != "" && index(lower[from], "|" to "|") == 0 && !(part[2] == face && file ~ /^models\//))
                printf "src/%s includes %s, and %s may not include from %s\n", file, part[2], from, to
            if (part[2] ~ /^models\// && file !~ /^models\// && part[2] != face)
                printf "src/%s includes %s; other rooms include %s alone of models\n", file, part[2], face
        }
        END {
            for (folder in lower)
                if (!(folder in used))
                    printf "docs/architecture.md has a row of %s, and no file of src is in it\n", folder
        }' | sort)
    printf '%s' "${wrong:+$wrong$'\n'}"
    [[ -z $wrong ]]
}

# A folder with more files than this is no room any more but a storey.
FOLDER_MOST=25

lint_folders() {
    local found=0 count folder
    while read -r count folder; do
        ((count <= FOLDER_MOST)) && continue
        printf '%s has %d .c files, and %d is the most: part it\n' "$folder" "$count" "$FOLDER_MOST"
        found=1
    done < <(find src -name '*.c' -printf '%h\n' | sort | uniq -c)
    ((found == 0))
}

# Two structs of one name are two meanings of a word. Those without wi_ are a file's own.
lint_structs() {
    local twice
    twice=$(grep -rhoE --include='*.[ch]' '^struct wi_\w+ \{' src | sort | uniq -d)
    printf '%s' "${twice:+there is more than one ${twice//$'\n'/, }}"
    [[ -z $twice ]]
}

# What docs/architecture.md names in code is in the source: files, and words of it.
lint_names() {
    local name found=0
    # shellcheck disable=SC2016 # no command, but what stands in the file
    while read -r name; do
        [[ -e $name || -e src/$name || -e page/src/$name ]] ||
            { [[ ! $name =~ /.*\.(c|h|js)$ ]] && grep -rqw -- "${name##*.}" src page/src; } ||
            { printf 'docs/architecture.md: there is no %s\n' "$name" && found=1; }
    done < <(grep -oP '`(struct )?\K[\w./]+(?=`)' docs/architecture.md | sort -u)
    ((found == 0))
}

# A file that a comment names is in the tree, or it is one of these, of other projects. Names with a
# hash, as bundlers give them, are examples.
UPSTREAM='(transformers|user)\.js|(uthash|utlist|sqlite3|llama)\.h|(ggml|Resample)\.c'

# "FILE NAME" for each file's name in a comment.
names_in_comments() {
    # shellcheck disable=SC2016 # no command, but what awk reads
    find src page/src \( -name '*.[ch]' -o -name '*.js' -o -name '*.mjs' \) -print0 | sort -z | xargs -0 awk '
        FNR == 1 { inside = 0 }
        {
            text = ""
            for (line = $0; line != ""; ) {
                if (inside) {
                    end = index(line, "*/")
                    text = text " " (end ? substr(line, 1, end - 1) : line)
                    line = end ? substr(line, end + 2) : ""
                    inside = !end
                } else if (match(line, /(^|[ \t,;({])\/[*\/]/)) {
                    inside = substr(line, RSTART + RLENGTH - 1, 1) == "*"
                    line = substr(line, RSTART + RLENGTH)
                    if (!inside) {
                        text = text " " line
                        line = ""
                    }
                } else
                    line = ""
            }
            while (match(text, /[A-Za-z0-9_.\/*-]*[A-Za-z0-9_]/)) {
                name = substr(text, RSTART, RLENGTH)
                text = substr(text, RSTART + RLENGTH)
                if (name ~ /^[A-Za-z][A-Za-z0-9_\/-]*(\.test)?\.(c|h|js|mjs)$/ && name !~ /-[0-9][0-9A-Za-z]+\.js$/)
                    print FILENAME, name
            }
        }'
}

lint_comments() {
    local file name found=0
    while read -r file name; do
        printf '%s: a comment names %s, and there is no such file\n' "$file" "$name"
        found=1
    done < <({
        find src page scripts tests tools sdk examples -name node_modules -prune -o -type f \
            -printf '. %f\n' 2>/dev/null || true
        names_in_comments
    } | awk -v upstream="^($UPSTREAM)\$" '
        $1 == "." { there[$2] = 1; next }
        { name = $2; sub(/.*\//, "", name) }
        !(name in there) && name !~ upstream')
    ((found == 0))
}

has_heading() {
    [[ -e $1 ]] || return 1
    [[ -z $2 ]] || sed -n 's/^##* //p' "$1" | tr 'A-Z ' 'a-z-' | grep -qxF -- "$2"
}

# "PAGE NAME" for each name of a source file in a document. Tutorials name what their readers write, and the change log what
# has gone; a name with capital letters is an example.
names_in_documents() {
    git ls-files '*.md' ':!CHANGELOG.md' ':!docs/tutorials' |
        xargs grep -oHP '(?<![\w./*:-])[a-z][a-z0-9_./-]*\.(c|h|js|mjs|sh|wgsl)(?![\w.])' | sort -u | tr : ' '
}

# A link leads to a file, and one within a file to a heading of it. A file that is named is in the tree. README says what it
# is, and performance.md is no diary.
lint_documents() {
    local page target heading found=0
    while read -r page target; do
        printf '%s names %s, and there is no such file\n' "$page" "$target"
        found=1
    done < <({
        git ls-files | sed 's/^/. /'
        names_in_documents
    } | awk -v upstream="^($UPSTREAM)\$" '
        $1 == "." { for (name = $2; ; ) { there[name] = 1; if (!sub(/^[^\/]*\//, "", name)) next } }
        !($2 in there) && $2 !~ upstream')
    while IFS=: read -r page target; do
        [[ $target == *://* ]] && continue
        heading=
        [[ $target == *'#'* ]] && heading=${target#*#}
        target=${target%%#*}
        target=${target:+${page%"${page##*/}"}$target}
        has_heading "${target:-$page}" "$heading" ||
            { printf '%s: the link to %s#%s leads nowhere\n' "$page" "$target" "$heading" && found=1; }
    done < <(git ls-files '*.md' | xargs grep -oHP '\]\(\K[^)\s]+(?=\))')
    (($(wc -l <README.md) <= 120)) || { printf 'README.md has more than 120 lines\n' && found=1; }
    (($(wc -l <docs/performance.md) <= 150)) ||
        { printf 'docs/performance.md has more than 150 lines\n' && found=1; }
    ((found == 0))
}

# A picture is out of date if the console, the report or the overview no longer has a text that it shows.
lint_pictures() {
    "$NODE" scripts/pictures/texts.mjs "${1:-.}"
}

lint_threats() {
    "$NODE" scripts/threat-tests.mjs
}

# Words of ours are few, so that a reader can keep them in mind.
GLOSSARY_MOST=15

lint_glossary() {
    local count
    count=$(sed -n '/^## Glossary/,/^## [^G]/p' CONTRIBUTING.md | grep -o '\*\*[^*]*\*\*' | wc -l)
    ((count <= GLOSSARY_MOST)) ||
        { printf 'CONTRIBUTING.md: the glossary has %d words, and %d are the most\n' "$count" "$GLOSSARY_MOST" && return 1; }
}

# Whether the rules of folders and structs find what they are for: each of these is a breach in a tree
# that has none.
lint_planted() {
    local tree=$BUILD/lint/planted plant failed=0
    rm -rf "$tree"
    mkdir -p "$tree"
    cp -R src docs "$tree"
    (cd "$tree" && lint_layers) || failed=1
    printf 'int wi_planted(void)\n{\n    int numbers[3];\n    return numbers[3] = 1;\n}\n' >"$tree/planted.c"
    over_cppcheck "$tree/planted.c" 2>/dev/null && printf 'an access past an array was not found\n' && failed=1
    for plant in base/planted.c api/http/planted.c simulate/planted.c wire/inner/planted.h planted/planted.c; do
        mkdir -p "$tree/src/${plant%/*}"
        printf '#include "api/endpoints/infer.h"\n' >"$tree/src/$plant"
        (cd "$tree" && lint_layers >/dev/null) && printf '%s was not found\n' "$plant" && failed=1
        rm "$tree/src/$plant"
        rmdir --ignore-fail-on-non-empty "$tree/src/${plant%/*}"
    done
    printf '#include "models/share/content/car.h"\n' >"$tree/src/work/planted.c"
    (cd "$tree" && lint_layers >/dev/null) && printf 'an include past the face of models was not found\n' && failed=1
    rm "$tree/src/work/planted.c"
    printf 'struct wi_planted {\n' | tee "$tree/src/base/one.h" >"$tree/src/base/two.h"
    (cd "$tree" && lint_structs >/dev/null) && printf 'two structs of one name were not found\n' && failed=1
    touch "$tree"/src/browser/desk/{1..25}.c
    (cd "$tree" && lint_folders >/dev/null) && printf 'a folder of 26 files was not found\n' && failed=1
    cp CONTRIBUTING.md "$tree"
    (cd "$tree" && lint_glossary) || failed=1
    printf '## Glossary\n%s\n## Generated files\n' "$(printf '**word%d**\n' {1..16})" >"$tree/CONTRIBUTING.md"
    (cd "$tree" && lint_glossary >/dev/null) && printf 'a glossary of 16 words was not found\n' && failed=1
    lint_planted_pictures || failed=1
    lint_planted_house || failed=1
    lint_planted_few || failed=1
    ((failed == 0))
}

# Likewise what pictures show: a text, the views, a size, and which pictures there are.
lint_planted_pictures() {
    local tree=$BUILD/lint/planted failed=0 view=page/src/console/views/now.js
    local pictures=$tree/docs/pictures
    mkdir -p "$tree/page/src" "$tree/scripts"
    cp -R page/src/console page/src/report "$tree/page/src"
    cp -R scripts/pictures "$tree/scripts"
    lint_pictures "$tree" || failed=1
    sed -i "s/'Jobs under way'/'Jobs'/" "$tree/$view"
    lint_pictures "$tree" >/dev/null && printf 'a picture of a text that was changed was not found\n' && failed=1
    cp "$view" "$tree/$view"
    sed -i "s/^const VIEWS = \[/&['planted', 'Planted'], /" "$tree/page/src/console/main.js"
    lint_pictures "$tree" >/dev/null && printf 'pictures without a view that was added were not found\n' && failed=1
    cp page/src/console/main.js "$tree/page/src/console"
    cp "$pictures/model.png" "$pictures/now.png"
    lint_pictures "$tree" >/dev/null && printf 'a picture of another size was not found\n' && failed=1
    cp docs/pictures/now.png "$pictures"
    cp "$pictures/now.png" "$pictures/planted.png"
    lint_pictures "$tree" >/dev/null && printf 'a picture that is not listed was not found\n' && failed=1
    ((failed == 0))
}

# Likewise the bounds of names and prose, in a tree of one file.
lint_planted_house() {
    local tree=$BUILD/lint/planted failed=0 plant
    rm -rf "$tree"
    mkdir -p "$tree/src/base"
    printf '/* Queues. */\nstatic int queue_tidy(void)\n{\n    return 1;\n}\n' >"$tree/src/base/one.c"
    "$NODE" scripts/house.mjs --check "$tree" || failed=1
    for plant in 'static int tidy(void)\n{\n}\n' '__attribute__((format(printf, 1, 2))) static void tidy(\n    int a)\n{\n}\n' \
        '/* A queue. Who waits is served. */\n' '/* Nobody waits. */\n'; do
        # shellcheck disable=SC2059 # each is a format
        printf "$plant" >"$tree/src/base/two.c"
        "$NODE" scripts/house.mjs --check "$tree" >/dev/null && printf '%s was not found\n' "$plant" && failed=1
    done
    rm "$tree/src/base/two.c"
    printf 'int tidy_queue(void);\n' >"$tree/src/base/two.h"
    "$NODE" scripts/house.mjs --check "$tree" >/dev/null && printf 'a public name without wi_ was not found\n' && failed=1
    ((failed == 0))
}

# Likewise the rules of files that serve one other, of what is for tests and of comments, in a tree of
# two files: one.c serves two.c alone, and two.h marks what it has and nobody uses.
lint_planted_few() {
    local tree=$BUILD/lint/planted failed=0 file BUILD
    BUILD=$tree/build
    rm -rf "$tree"
    mkdir -p "$tree/src/base" "$BUILD/src/base"
    mkdir -p "$tree/page/src"
    cd "$tree" || return 1
    printf 'int wi_one(void);\nint wi_one(void)\n{\n    return 1;\n}\n' >src/base/one.c
    printf '#include "two.h"\nint wi_one(void);\nint wi_two(void)\n{\n    return wi_one();\n}\n' >src/base/two.c
    printf '/* Two.\n * Public for tests. */\nint wi_two(void);\n' >src/base/two.h
    for file in one two; do
        "${CC:-cc}" -c "src/base/$file.c" -o "$BUILD/src/base/$file.o" || failed=1
    done
    lint_test_only || failed=1
    printf '/* See two.c. */\n' >src/base/three.h
    lint_comments || failed=1
    printf '/* See\n * nowhere.c. */\n' >src/base/three.h
    lint_comments >/dev/null && printf 'a name of no file in a comment was not found\n' && failed=1
    lint_servants >/dev/null && printf 'a file that serves one other was not found\n' && failed=1
    yes '' | head -150 >>src/base/one.c
    lint_servants || failed=1
    printf '/* Public for tests. */\nint wi_one(void);\n' >src/base/one.h
    lint_test_only >/dev/null && printf 'a mark of what is used was not found\n' && failed=1
    printf 'int wi_two(void);\n' | tee src/base/two.h >src/base/one.h
    lint_test_only >/dev/null && printf 'what tests alone use was not found\n' && failed=1
    SETTERS='wi_one src/base/two' lint_lasting || failed=1
    SETTERS='wi_one src/base/three' lint_lasting >/dev/null && printf 'a caller that may not was not found\n' && failed=1
    lint_planted_faces || failed=1
    cd "$ROOT" || return 1
    ((failed == 0))
}

# Likewise the rule of headers: what two.c alone uses of one.c is in each of these, and then in one
# that leads nowhere, and then beside too many others.
lint_planted_faces() {
    local failed=0 header
    for header in one base private one_private three; do
        rm -f src/base/*.h
        printf 'int wi_one(\n    void);\n' >"src/base/$header.h"
        [[ $header == three ]] || lint_faces || failed=1
    done
    lint_faces >/dev/null && printf 'a function in no face of its file was not found\n' && failed=1
    mkdir src/inner && mv src/base/three.h src/inner/inner.h
    lint_faces >/dev/null && printf 'a function in the face of another folder was not found\n' && failed=1
    rm -r src/inner
    printf 'int wi_%d(void);\n' {1..40} >src/base/three.h
    lint_faces || failed=1
    printf '__attribute__((sentinel)) int wi_41(void);\n' >>src/base/three.h
    lint_faces >/dev/null && printf 'a header of 41 functions was not found\n' && failed=1
    ((failed == 0))
}

# Symbols of what was compiled from src, a line each: the file without its suffix, U (it uses it) or
# D (it has it, for others), the name.
symbols() {
    find src -name '*.c' -print | sed "s|^\(.*\)c\$|$BUILD/\1o|" | xargs -r ls 2>/dev/null |
        xargs nm -A | sed "s|^$BUILD/||" | awk -F '[: ]+' '
        { sub(/\.o$/, "", $1) }
        $2 == "U" { print $1, "U", $3 }
        $3 ~ /^[TDRBV]$/ { print $1, "D", $4 }'
}

# A file that serves one other is a part of it, unless it is long, or the two would be too long
# together. Some are rows: a command, an answer's forms, the files that each dialect has, and a kind
# of browser.
ALONE_LEAST=150
FILE_MOST=500
ROWS='^src/((bench|cli/commands|wire/[a-z]+)/|browser/(firefox|webkit)$)'

lines_of() {
    cat "$@" 2>/dev/null | wc -l
}

lint_servants() {
    local file user found=0
    while read -r file user; do
        (($(lines_of "$file.c" "$file.h") >= ALONE_LEAST ||
            $(lines_of "$file.c" "$user.c") > FILE_MOST)) && continue
        printf '%s.c serves %s.c alone, and has fewer than %d lines with its header: merge the two\n' \
            "$file" "$user" "$ALONE_LEAST"
        found=1
    done < <(symbols | awk -v rows="$ROWS" '
        $2 == "D" { home[$3] = $1; next }
        { uses[$1 " " $3] = 1 }
        END {
            for (use in uses) {
                split(use, part, " ")
                file = home[part[2]]
                if (file != "" && file != part[1] && file !~ rows && !((file, part[1]) in seen)) {
                    seen[file, part[1]] = 1
                    count[file]++
                    user[file] = part[1]
                }
            }
            for (file in count)
                if (count[file] == 1)
                    print file, user[file]
        }' | sort)
    ((found == 0))
}

# Functions that headers declare, a line each: the header, F, the name. Rows of a table, which are
# declared by the type that all of them have, are none of them.
declared() {
    # shellcheck disable=SC2016 # no command, but what awk reads
    find src -name '*.h' -print0 | sort -z | xargs -0 awk '
        { sub(/^__attribute__\(\(.*\)\)\)? /, "") }
        /^[a-z]/ && !/^(typedef|extern|static) / && match($0, /[a-z_0-9]+\(/) {
            print FILENAME, "F", substr($0, RSTART, index(substr($0, RSTART), "(") - 1)
        }'
}

# A header has at most so many functions. One that has a single user stands where its name leads: in
# the header of its file (X.h of X.c and X_*.c), or in one of a folder that it lies in (FOLDER.h,
# private.h, X_private.h).
# models/models.h, through which other rooms use the model store, may have more.
FACE_MOST=40
FACE_LARGEST='src/models/models.h 70'

lint_faces() {
    local wrong
    # shellcheck disable=SC2016 # likewise
    wrong=$({ declared && symbols; } | awk -v most="$FACE_MOST" -v largest="$FACE_LARGEST" '
        BEGIN { split(largest, room, " ") }
        function is_face(header, file, folder, stem) {
            folder = stem = header
            sub(/[^\/]*$/, "", folder)
            stem = substr(header, length(folder) + 1, length(header) - length(folder) - 2)
            if (index(file, folder) == 1 && (stem ~ /(^|_)private$/ || folder ~ ("/" stem "/$")))
                return 1
            sub(/.*\//, "", file)
            return file == stem || index(file, stem "_") == 1
        }
        $2 == "F" { face[$3] = $1; count[$1]++; next }
        $2 == "D" { home[$3] = $1; next }
        { users[$3]++; user[$3] = $1 }
        END {
            for (header in count)
                if (count[header] > (bound = header == room[1] ? room[2] : most))
                    printf "%s has %d functions, and %d are the most: part it\n", header, count[header], bound
            for (name in face)
                if (users[name] == 1 && name in home && !is_face(face[name], home[name]))
                    printf "%s: %s.c has it and %s.c alone uses it, but %s is the face of neither\n",
                        name, home[name], user[name], face[name]
        }' | sort)
    printf '%s' "${wrong:+$wrong$'\n'}"
    [[ -z $wrong ]]
}

# What no other file in src uses is public for tests: the comment before it in its header ends so, and
# no other does.
lint_test_only() {
    local wrong
    # shellcheck disable=SC2016 # no command, but what awk reads
    wrong=$({
        symbols | awk '
            $2 == "D" { home[$3] = $1; next }
            { used[$3] = used[$3] " " $1 }
            END {
                for (name in home)
                    if (name != "main" && used[name] == "")
                        print name
            }'
        find src -name '*.h' -print0 | sort -z | xargs -0 awk '
            FNR == 1 { marked = inside = 0 }
            /^ *\/\*/ { text = ""; inside = 1 }
            inside {
                line = $0
                gsub(/^[ \/*]+|[ \/*]+$/, "", line)
                text = text " " line
                if (/\*\//) {
                    inside = 0
                    marked = text ~ / Public for tests\. *$/
                }
                next
            }
            marked && match($0, /[a-z_0-9]+ *[([;]/) {
                name = substr($0, RSTART, RLENGTH - 1)
                sub(/ +$/, "", name)
                print name
                marked = 0
            }'
    } | sort | uniq -u)
    [[ -z $wrong ]] ||
        printf '%s: used by tests alone and not marked "Public for tests.", or marked and used\n' "${wrong//$'\n'/, }"
    [[ -z $wrong ]]
}

# What sets a state of a node or a place that lasts, and the only file that may call it: the table of
# evidence decides, but for the hold of a node that has to show first what it is.
SETTERS='wi_verdicts_set src/work/pool/evidence
wi_bridge_quarantine src/work/pool/evidence
wi_pool_node_hold src/work/pool/evidence
wi_pool_hold src/owners/proof/proof'

lint_lasting() {
    local wrong
    wrong=$(symbols | awk -v setters="$SETTERS" '
        BEGIN {
            count = split(setters, words, /[ \n]+/)
            for (i = 1; i < count; i += 2)
                only[words[i]] = words[i + 1]
        }
        $2 == "U" && $3 in only && $1 != only[$3] {
            printf "%s.c calls %s, and %s.c alone may\n", $1, $3, only[$3]
        }')
    printf '%s' "${wrong:+$wrong$'\n'}"
    [[ -z $wrong ]]
}

# What a file takes from another one, by their symbols. Those that only tabulate others are left
# out: what stands in a table may know whoever reads it.
TABLES='^src/(browser/kinds|cli/verbs|terms/task/task_table)$'

lint_circles() {
    local loops
    loops=$(symbols | awk -v tables="$TABLES" '
        $2 == "U" { if ($1 !~ tables) uses[$1 " " $3] = 1; next }
        { home[$3] = $1 }
        END {
            for (use in uses) {
                split(use, part, " ")
                if (part[2] in home && home[part[2]] != part[1])
                    print part[1], home[part[2]]
            }
        }' | sort -u | tsort 2>&1 >/dev/null)
    printf '%s' "$loops"
    [[ -z $loops ]]
}
