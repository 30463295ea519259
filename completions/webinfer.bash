# bash completion for webinfer(1), which `webinfer completion bash` prints. What may come next the
# program says itself: `webinfer completion words -- WORD...`.
# shellcheck shell=bash

# Sets words to the words up to the cursor. bash takes "--url=http://x" apart at what is in
# COMP_WORDBREAKS, so what stands around a "=" or ":" is put together again.
_webinfer_words()
{
    local word joined=''
    words=()
    for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if ((${#words[@]} > 1)) && [[ $joined || $word =~ ^[=:]+$ ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
        joined=''
        [[ $word =~ ^[=:]+$ ]] && joined=1
    done
}

# Adds to COMPREPLY the models that begin with $1; the rest is the way to the daemon. No daemon, no
# models; and what a server says goes into the command line only if it looks like a model's name.
_webinfer_models()
{
    local name
    while read -r name; do
        [[ $name == "$1"* && $name =~ ^[A-Za-z0-9._/:-]+$ ]] && COMPREPLY+=("$name")
    done < <(timeout 1 "${words[0]}" "${@:2}" list --names 2>/dev/null </dev/null)
}

_webinfer()
{
    local words said kind prefix cur i start=0
    COMPREPLY=()
    _webinfer_words
    cur=${words[-1]}
    words=("${words[@]/#\~\//$HOME/}")
    # What is to come, what of the word stays as it is, and the words or the way to the models.
    mapfile -t said < <("${words[0]}" completion words -- "${words[@]:1}" 2>/dev/null </dev/null)
    kind=${said[0]-} prefix=${said[1]-}
    case $kind in
        word) COMPREPLY=("${said[@]:2}") ;;
        file) mapfile -t COMPREPLY < <(compgen -f -- "${cur#"$prefix"}") ;;
        directory) mapfile -t COMPREPLY < <(compgen -d -- "${cur#"$prefix"}") ;;
        model) _webinfer_models "${cur#"$prefix"}" "${said[@]:2}" ;;
    esac
    # Only here: a command must not become a folder of the same name.
    [[ $kind == file || $kind == directory ]] && compopt -o filenames 2>/dev/null
    # A value is still to come.
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    # What bash replaces begins behind the last place at which it took the word apart.
    for ((i = 0; i < ${#cur}; i++)); do
        [[ ${cur:i:1} == [=:] && $COMP_WORDBREAKS == *"${cur:i:1}"* ]] && start=$((i + 1))
    done
    for i in "${!COMPREPLY[@]}"; do
        COMPREPLY[i]=$prefix${COMPREPLY[i]}
        COMPREPLY[i]=${COMPREPLY[i]:start}
    done
}
complete -F _webinfer webinfer
