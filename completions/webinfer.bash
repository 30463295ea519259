# bash completion for webinfer(1), made by `webinfer completion bash`
_webinfer()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    local verb='' words='' i
    case $prev in
        --url) COMPREPLY=(); return ;;
        --token-file) COMPREPLY=($(compgen -f -- "${cur##*=}")); return ;;
        --authority) COMPREPLY=($(compgen -f -- "${cur##*=}")); return ;;
        --image) COMPREPLY=($(compgen -f -- "${cur##*=}")); return ;;
        --tensor) COMPREPLY=($(compgen -f -- "${cur##*=}")); return ;;
        --inputs) COMPREPLY=($(compgen -f -- "${cur##*=}")); return ;;
        --platform) COMPREPLY=($(compgen -W 'auto webgpu webnn webgl wasm' -- "$cur")); return ;;
        --browser) COMPREPLY=($(compgen -W 'chrome edge firefox safari' -- "$cur")); return ;;
        --node) COMPREPLY=(); return ;;
        --precision) COMPREPLY=($(compgen -W 'fp32 fp16 bf16 int8 uint8 int4 uint4' -- "$cur")); return ;;
        --priority) COMPREPLY=(); return ;;
        --timeout) COMPREPLY=(); return ;;
        --output) COMPREPLY=($(compgen -d -- "$cur")); return ;;
        --state) COMPREPLY=($(compgen -W 'queued running done failed cancelled' -- "$cur")); return ;;
        --limit) COMPREPLY=(); return ;;
        --type) COMPREPLY=($(compgen -W 'text_embedding text_generation text2text vision audio multimodal' -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "${cur##*=}")); return ;;
        --file) COMPREPLY=($(compgen -f -- "${cur##*=}")); return ;;
        --nodes) COMPREPLY=(); return ;;
        --for) COMPREPLY=(); return ;;
        --latency-ms) COMPREPLY=(); return ;;
        --jitter-ms) COMPREPLY=(); return ;;
        --fail-rate) COMPREPLY=(); return ;;
        --drop-rate) COMPREPLY=(); return ;;
        --late-rate) COMPREPLY=(); return ;;
        --cut-rate) COMPREPLY=(); return ;;
        --duplicate-rate) COMPREPLY=(); return ;;
        --models) COMPREPLY=($(compgen -d -- "$cur")); return ;;
        --seed) COMPREPLY=(); return ;;
        --join-file) COMPREPLY=($(compgen -f -- "${cur##*=}")); return ;;
    esac
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            status|infer|jobs|jobs|jobs|jobs|models|nodes|hardware|doctor|token|token|simulate|completion|help|version) verb=${COMP_WORDS[i]}; break ;;
        esac
    done
    case $verb in
        '') words='status infer jobs jobs jobs jobs models nodes hardware doctor token token simulate completion help version' ;;
        jobs) words='list' ;;
        jobs) words='show' ;;
        jobs) words='wait' ;;
        jobs) words='cancel' ;;
        token) words='new' ;;
        token) words='join' ;;
        completion) words='bash' ;;
    esac
    if [[ $cur == -* ]]; then
        words='--help --version --url --token-file --authority --json'
        case $verb in
            infer) words+=' --image --tensor --inputs --platform --browser --node --precision --no-fallback --priority --timeout --output --detach' ;;
            jobs) words+=' --state --limit' ;;
            jobs) words+=' --output' ;;
            jobs) words+=' --output' ;;
            hardware) words+=' --type --platform --browser --node --precision --no-fallback' ;;
            doctor) words+=' --config --no-start' ;;
            token) words+=' --file' ;;
            token) words+=' --nodes --for' ;;
            simulate) words+=' --nodes --latency-ms --jitter-ms --fail-rate --drop-rate --late-rate --cut-rate --duplicate-rate --browser --models --seed --for --join-file' ;;
            help) words+=' --mdoc' ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o filenames -F _webinfer webinfer
