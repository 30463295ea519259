# shellcheck shell=bash
# bash completion for webinfer-simulate(1): what its --help lists

complete -F _longopt webinfer-simulate
