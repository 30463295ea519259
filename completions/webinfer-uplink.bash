# shellcheck shell=bash
# bash completion for webinfer-uplink(1): that of `webinfer uplink`, which is the same command. The
# program webinfer of the same folder says what may come next, and prints the functions for it.

_webinfer_uplink()
{
    local program=${COMP_WORDS[0]%-uplink}
    # shellcheck source=completions/webinfer.bash
    declare -F _webinfer >/dev/null || source <("${program/#\~\//$HOME/}" completion bash 2>/dev/null)
    local COMP_WORDS=("$program" uplink "${COMP_WORDS[@]:1}") COMP_CWORD=$((COMP_CWORD + 1))
    declare -F _webinfer >/dev/null && _webinfer
}
complete -F _webinfer_uplink webinfer-uplink
