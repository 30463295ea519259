# shellcheck shell=bash
# bash completion for webinfer-bench(1) and webinfer-uplink(1): that of `webinfer bench` and of
# `webinfer uplink`, which are the same commands. The program webinfer of the same folder says what
# may come next, and prints the functions for it.

_webinfer_program()
{
    local verb=${COMP_WORDS[0]##*-} program=${COMP_WORDS[0]%-*}
    # shellcheck source=completions/webinfer.bash
    declare -F _webinfer >/dev/null || source <("${program/#\~\//$HOME/}" completion bash 2>/dev/null)
    local COMP_WORDS=("$program" "$verb" "${COMP_WORDS[@]:1}") COMP_CWORD=$((COMP_CWORD + 1))
    declare -F _webinfer >/dev/null && _webinfer
}
complete -F _webinfer_program webinfer-bench webinfer-uplink
