# fish completion for webinfer-simulate(1): what its --help lists, and files

function __webinfer_simulate
    set -l words (commandline -opc)
    $words[1] --help 2>/dev/null </dev/null | string replace -rf '^ +(--\S+) +(?:[A-Z]+ +)?(.*)' '$1\t$2'
end

complete -c webinfer-simulate -a '(__webinfer_simulate)'
