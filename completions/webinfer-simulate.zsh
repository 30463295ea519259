#compdef webinfer-simulate
# zsh completion for webinfer-simulate(1): what its --help lists, and files

_gnu_generic
