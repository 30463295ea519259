#compdef webinfer webinfer-bench webinfer-uplink
# zsh completion for webinfer(1), webinfer-bench(1) and webinfer-uplink(1), which `webinfer
# completion zsh` prints. The program says what may come next: `webinfer completion words -- WORD...`.

# Adds the models that the daemon has; the arguments are the program and the way to the daemon. No
# daemon, no models. A name reaches the command line only if it looks like a model's name.
_webinfer_models()
{
    local name
    local -a names
    for name in ${(f)"$(timeout 1 "$@" list --names 2>/dev/null </dev/null)"}; do
        [[ $name =~ '^[A-Za-z0-9._/:-]+$' ]] && names+=("$name")
    done
    compadd -a names
}

_webinfer()
{
    local program=${(Q)words[1]} prefix
    local -a before said
    before=("${(@Q)words[2,CURRENT-1]}")
    if [[ $program == *-bench ]]; then
        program=${program%-bench}
        before=(bench "${before[@]}")
    elif [[ $program == *-uplink ]]; then
        program=${program%-uplink}
        before=(uplink "${before[@]}")
    fi
    before=("${before[@]/#\~\//$HOME/}")
    said=("${(@f)$("${program/#\~\//$HOME/}" completion words -- "${before[@]}" "$PREFIX" 2>/dev/null </dev/null)}")
    [[ $said[1] ]] || return 1
    # $(...) drops an empty prefix at the end.
    prefix=${said[2]-}
    # What of the word stays as it is.
    compset -P "${(b)prefix}"
    case $said[1] in
        word)
            local -a whole open
            # A value is still to come after "=".
            open=("${(@M)said[3,-1]:#*=}") whole=("${(@)said[3,-1]:#*=}")
            compadd -a whole
            compadd -S '' -a open
            ;;
        file) _files ;;
        directory) _files -/ ;;
        model) _webinfer_models "${program/#\~\//$HOME/}" "${(@)said[3,-1]}" ;;
    esac
}

# As a file of $fpath this is the function itself; where it was sourced it registers the function.
if [[ $funcstack[1] == _webinfer ]]; then
    _webinfer "$@"
elif (($+functions[compdef])); then
    compdef _webinfer webinfer webinfer-bench webinfer-uplink
fi
