# bash completion for webinfer(1), made by `webinfer completion bash`
# shellcheck shell=bash disable=SC2086 # lists of words are meant to fall apart

# Sets, for the command $1, verbs (the words that may come next), options and arguments.
# Behind an option's "=", and for an argument, stands what it may be.
_webinfer_table()
{
    verbs='' options='' arguments=''
    case $1 in
        '') verbs='run pull list show status infer chat generate embed transcribe ps load unload add rm gc jobs models nodes hardware doctor token completion help version' ;;
        'run') options='--as=<any> --hub=<any> --file=<any> --precision=fp32,fp16,int8,int4 --system=<any> --no-history --option=max_tokens=,temperature=,top_p=,top_k=,min_p=,repeat_penalty=,frequency_penalty=,presence_penalty=,logit_bias=,stop=,seed=,n=,logprobs=true,logprobs=false,top_logprobs=,response_format=,grammar=,json_schema=,deterministic=true,deterministic=false,context=,tools=,tool_choice=,chat_template_kwargs= --platform=auto,webgpu,webnn,webgl,wasm,native --browser=chrome,edge,firefox,safari --node=<any> --timeout=<any>' arguments='<model> <any>' ;;
        'pull') options='--as=<any> --hub=<any> --file=<any> --precision=fp32,fp16,int8,int4 --detach --cancel' arguments='<any>' ;;
        'list') options='' arguments='' ;;
        'show') options='' arguments='<model>' ;;
        'status') options='' arguments='' ;;
        'infer') options='--image=<file> --audio=<file> --text=<any> --pair=<any> --question=<any> --label=<any> --task=<any> --tensor=<name=file> --inputs=<file> --platform=auto,webgpu,webnn,webgl,wasm,native --browser=chrome,edge,firefox,safari --node=<any> --precision=fp32,fp16,bf16,int8,uint8,int4,uint4 --no-fallback --priority=<any> --timeout=<any> --option=max_tokens=,temperature=,top_p=,top_k=,min_p=,repeat_penalty=,frequency_penalty=,presence_penalty=,logit_bias=,stop=,seed=,n=,logprobs=true,logprobs=false,top_logprobs=,response_format=,grammar=,json_schema=,deterministic=true,deterministic=false,context=,tools=,tool_choice=,chat_template_kwargs=,pooling=mean,pooling=cls,pooling=last,pooling=none,normalize=true,normalize=false,dimensions=,truncate=true,truncate=false,add_special=true,add_special=false,top=,activation=softmax,activation=sigmoid,activation=none,aggregation=none,aggregation=simple,ignore_labels=,multi_label=true,multi_label=false,hypothesis_template=,source_language=,target_language=,threshold=,subtask=semantic,subtask=instance,subtask=panoptic,language=,translate=true,translate=false,timestamps=none,timestamps=segment,timestamps=word,prompt=,speaker=,speed= --stream --output=<directory> --detach' arguments='<model> <file>' ;;
        'chat') options='--system=<any> --no-history --option=max_tokens=,temperature=,top_p=,top_k=,min_p=,repeat_penalty=,frequency_penalty=,presence_penalty=,logit_bias=,stop=,seed=,n=,logprobs=true,logprobs=false,top_logprobs=,response_format=,grammar=,json_schema=,deterministic=true,deterministic=false,context=,tools=,tool_choice=,chat_template_kwargs= --platform=auto,webgpu,webnn,webgl,wasm,native --browser=chrome,edge,firefox,safari --node=<any> --timeout=<any>' arguments='<model>' ;;
        'generate') options='--option=max_tokens=,temperature=,top_p=,top_k=,min_p=,repeat_penalty=,frequency_penalty=,presence_penalty=,logit_bias=,stop=,seed=,n=,logprobs=true,logprobs=false,top_logprobs=,response_format=,grammar=,json_schema=,deterministic=true,deterministic=false,context= --platform=auto,webgpu,webnn,webgl,wasm,native --browser=chrome,edge,firefox,safari --node=<any> --timeout=<any>' arguments='<model> <any>' ;;
        'embed') options='--option=pooling=mean,pooling=cls,pooling=last,pooling=none,normalize=true,normalize=false,dimensions=,truncate=true,truncate=false --platform=auto,webgpu,webnn,webgl,wasm,native --browser=chrome,edge,firefox,safari --node=<any> --timeout=<any>' arguments='<model> <any>' ;;
        'transcribe') options='--model=<model> --format=text,srt,vtt,json --language=<any> --translate --option=language=,translate=true,translate=false,timestamps=none,timestamps=segment,timestamps=word,max_tokens=,prompt= --platform=auto,webgpu,webnn,webgl,wasm,native --browser=chrome,edge,firefox,safari --node=<any> --timeout=<any>' arguments='<file>' ;;
        'ps') options='' arguments='' ;;
        'load') options='--node=<any> --platform=webgpu,webnn,webgl,wasm,native --no-wait' arguments='<model>' ;;
        'unload') options='--node=<any>' arguments='<model>' ;;
        'add') options='--name=<any> --force' arguments='<file>' ;;
        'rm') options='--force' arguments='<model>' ;;
        'gc') options='' arguments='' ;;
        'jobs') verbs='list show wait cancel' ;;
        'jobs list') options='--state=queued,running,done,failed,cancelled --limit=<any>' arguments='' ;;
        'jobs show') options='--output=<directory>' arguments='<any>' ;;
        'jobs wait') options='--output=<directory>' arguments='<any>' ;;
        'jobs cancel') options='' arguments='<any>' ;;
        'models') options='--names' arguments='' ;;
        'nodes') options='' arguments='' ;;
        'hardware') options='--type=text_embedding,text_generation,text2text,vision,audio,multimodal --platform=auto,webgpu,webnn,webgl,wasm,native --browser=chrome,edge,firefox,safari --node=<any> --precision=fp32,fp16,bf16,int8,uint8,int4,uint4 --no-fallback' arguments='<model>' ;;
        'doctor') options='--config=<file> --no-start' arguments='' ;;
        'token') verbs='new join' ;;
        'token new') options='--rank=user,admin,node --file=<file> --owner=<any>' arguments='<any>' ;;
        'token join') options='--nodes=<any> --for=<any>' arguments='' ;;
        'completion') verbs='bash' ;;
        'completion bash') options='' arguments='' ;;
        'help') options='--mdoc=synopsis,commands' arguments='<verb> <verb>' ;;
        'version') options='' arguments='' ;;
    esac
    options+=' --help --version --url=<any> --token-file=<file> --authority=<file> --json'
}

# Sets kind to what the value of the option $1 may be; empty for a flag.
_webinfer_kind()
{
    local option
    kind=''
    for option in $options; do
        [[ $option == "$1="* ]] && kind=${option#*=}
    done
}

# Adds to COMPREPLY which of the words behind $1 begin with $1.
_webinfer_match()
{
    local word
    for word in "${@:2}"; do
        [[ $word == "$1"* ]] && COMPREPLY+=("$word")
    done
}

# Adds to COMPREPLY the models that begin with $1. No daemon, no models; and what a server
# says goes into the command line only if it looks like a model's name.
_webinfer_models()
{
    local name
    while read -r name; do
        [[ $name =~ ^[A-Za-z0-9._/:-]+$ ]] && _webinfer_match "$1" "$name"
    done < <(timeout 1 "${words[0]/#\~\//$HOME/}" "${way[@]}" models --names \
        2>/dev/null </dev/null)
}

# Sets COMPREPLY to what of the kind $1 begins with $2, each behind $3.
_webinfer_offer()
{
    local i verbs options arguments
    case $1 in
        '' | '<any>') return ;;
        '<name=file>')
            [[ $2 == *=* ]] && _webinfer_offer '<file>' "${2#*=}" "$3${2%%=*}="
            return ;;
        '<file>') mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
        '<directory>') mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
        '<model>') _webinfer_models "$2" ;;
        '<verb>')
            _webinfer_table "${given[*]}"
            _webinfer_match "$2" $verbs ;;
        *) _webinfer_match "$2" ${1//,/ } ;;
    esac
    # Only here: a command must not become a folder of the same name.
    [[ $1 == '<file>' || $1 == '<directory>' ]] && compopt -o filenames 2>/dev/null
    # A value is still to come.
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    for i in "${!COMPREPLY[@]}"; do
        COMPREPLY[i]=$3${COMPREPLY[i]}
    done
}

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

# Goes through the words before the cursor: command, options, arguments, kind (of the value
# that is due, or empty), ended (by "--"), given (the arguments) and way (to the daemon).
_webinfer_walk()
{
    local word option=''
    _webinfer_table ''
    for word in "${words[@]:1:${#words[@]}-2}"; do
        if [[ $kind ]]; then
            kind=''
            case $option in --url | --token-file | --authority)
                way+=("$option=${word/#\~\//$HOME/}") ;;
            esac
        elif [[ ! $ended && $word == -- ]]; then
            ended=1
        elif [[ ! $ended && $word == --* ]]; then
            option=${word%%=*}
            if [[ $word != *=* ]]; then
                _webinfer_kind "$option"
                continue
            fi
            case $option in --url | --token-file | --authority) way+=("$word") ;; esac
        elif [[ $verbs ]]; then
            command+=${command:+ }$word
            _webinfer_table "$command"
        else
            given+=("$word")
        fi
    done
}

_webinfer()
{
    local IFS=$' \t\n' words verbs options arguments kind='' command='' ended='' cur start i
    local given=() way=() due=()
    COMPREPLY=()
    _webinfer_words
    _webinfer_walk
    cur=${words[-1]}
    if [[ $kind ]]; then
        _webinfer_offer "$kind" "$cur" ''
    elif [[ ! $ended && $cur == --*=* ]]; then
        _webinfer_kind "${cur%%=*}"
        _webinfer_offer "$kind" "${cur#*=}" "${cur%%=*}="
    elif [[ ! $ended && $cur == -* ]]; then
        for i in $options; do
            _webinfer_match "$cur" "${i%%=*}"
        done
    elif [[ $verbs ]]; then
        _webinfer_match "$cur" $verbs
    else
        read -ra due <<<"$arguments"
        _webinfer_offer "${due[${#given[@]}]-}" "$cur" ''
    fi
    # What bash replaces begins behind the last place at which it took the word apart.
    for ((i = 0, start = 0; i < ${#cur}; i++)); do
        [[ ${cur:i:1} == [=:] && $COMP_WORDBREAKS == *"${cur:i:1}"* ]] && start=$((i + 1))
    done
    for i in "${!COMPREPLY[@]}"; do
        COMPREPLY[i]=${COMPREPLY[i]:start}
    done
}
complete -F _webinfer webinfer
