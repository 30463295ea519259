/*
 * The bash completion: what there is comes from the table of verbs, as a shell function with one
 * case for each; how it is used is the same text always.
 */
#include "cli/options.h"

#include "base/memory.h"
#include "task/task.h"
#include <stdlib.h>
#include <string.h>

/* --- the table, as bash reads it ------------------------------------------------------------- */

/* Adds "pooling=mean,pooling=cls", or "top=" where any value may follow. */
static void put_values(struct wi_buffer *out, const struct wi_param *row, int *count)
{
    static const char *const any[] = {"", NULL}, *const flags[] = {"true", "false", NULL};
    const char *const *values = row->kind == WI_PARAM_ENUM   ? row->names
                                : row->kind == WI_PARAM_BOOL ? flags
                                                             : any;
    for (; *values; values++)
        wi_buffer_strings(out, (*count)++ ? "," : "", row->name, "=", *values, NULL);
}

/* The options of the task, or of all tasks, each once. */
static void put_model_options(struct wi_buffer *out, const char *task)
{
    enum wi_task_kind only = wi_task_of_name(task, 0);
    struct wi_strings seen = {0};
    int count = 0;

    for (int i = WI_TASK_NONE + 1; i < WI_TASK_COUNT; i++) {
        enum wi_task_kind one = (enum wi_task_kind)i;
        const struct wi_param *row = wi_task_options(one, 0);
        for (; (only == WI_TASK_NONE || only == one) && row->name; row++) {
            if (wi_strings_contain(&seen, row->name))
                continue;
            wi_strings_add(&seen, row->name);
            put_values(out, row, &count);
        }
    }
    wi_strings_clear(&seen);
}

/* What may stand there: words with commas between, or a kind in <>. */
static void put_kind(struct wi_buffer *out, enum wi_complete complete, const char *words)
{
    static const char *const kinds[] = {
        [WI_COMPLETE_NONE] = "<any>",
        [WI_COMPLETE_FILE] = "<file>",
        [WI_COMPLETE_NAMED_FILE] = "<name=file>",
        [WI_COMPLETE_DIRECTORY] = "<directory>",
        [WI_COMPLETE_MODEL] = "<model>",
        [WI_COMPLETE_VERB] = "<verb>",
    };

    if (complete == WI_COMPLETE_OPTION) {
        put_model_options(out, words);
        return;
    }
    if (complete != WI_COMPLETE_WORDS) {
        wi_buffer_puts(out, kinds[complete]);
        return;
    }
    for (; *words; words++)
        wi_buffer_printf(out, "%c", *words == ' ' ? ',' : *words);
}

/* "--image=<file> --no-fallback" */
static void put_options(struct wi_buffer *out, const struct wi_option *table)
{
    for (const struct wi_option *o = table; o && o->name; o++) {
        wi_buffer_printf(out, "%s--%s", o == table ? "" : " ", o->name);
        if (!o->argument)
            continue;
        wi_buffer_puts(out, "=");
        put_kind(out, o->complete, o->words);
    }
}

/* The distinct first words of all verbs, or the second words of those whose first is `group`. */
static void put_words(struct wi_buffer *out, const char *group)
{
    struct wi_strings words = {0};
    size_t length = group ? strlen(group) : 0;

    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++) {
        char *first = wi_strndup(v->name, strcspn(v->name, " "));
        if (!group && !wi_strings_contain(&words, first))
            wi_strings_add(&words, first);
        if (group && strcmp(first, group) == 0)
            wi_strings_add(&words, v->name + length + 1);
        free(first);
    }
    for (size_t i = 0; i < words.count; i++)
        wi_buffer_printf(out, "%s%s", i ? " " : "", words.items[i]);
    wi_strings_clear(&words);
}

static void put_verb(struct wi_buffer *out, const struct wi_verb *verb)
{
    wi_buffer_printf(out, "        '%s') options='", verb->name);
    put_options(out, verb->options);
    wi_buffer_puts(out, "' arguments='");
    for (unsigned i = 0; i < verb->max && i < WI_POSITIONALS_TABLED; i++) {
        wi_buffer_puts(out, i ? " " : "");
        put_kind(out, verb->complete[i], NULL);
    }
    wi_buffer_puts(out, "' ;;\n");
}

/* One case for a group, before the first of its verbs. */
static void put_group(struct wi_buffer *out, struct wi_strings *groups, const struct wi_verb *verb)
{
    char *first = wi_strndup(verb->name, strcspn(verb->name, " "));

    if (wi_cli_is_group(first) && !wi_strings_contain(groups, first)) {
        wi_strings_add(groups, first);
        wi_buffer_printf(out, "        '%s') verbs='", first);
        put_words(out, first);
        wi_buffer_puts(out, "' ;;\n");
    }
    free(first);
}

static void put_table(struct wi_buffer *out)
{
    struct wi_strings groups = {0};

    wi_buffer_puts(out,
        "# Sets, for the command $1, verbs (the words that may come next), options and arguments.\n"
        "# Behind an option's \"=\", and for an argument, stands what it may be.\n"
        "_webinfer_table()\n{\n"
        "    verbs='' options='' arguments=''\n"
        "    case $1 in\n"
        "        '') verbs='");
    put_words(out, NULL);
    wi_buffer_puts(out, "' ;;\n");
    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++) {
        put_group(out, &groups, v);
        put_verb(out, v);
    }
    wi_buffer_puts(out, "    esac\n    options+=' ");
    put_options(out, wi_cli_global_options);
    wi_buffer_puts(out, "'\n}\n\n");
    wi_strings_clear(&groups);
}

/* --- how it is used -------------------------------------------------------------------------- */

static const char find_kind[] =
    "# Sets kind to what the value of the option $1 may be; empty for a flag.\n"
    "_webinfer_kind()\n{\n"
    "    local option\n"
    "    kind=''\n"
    "    for option in $options; do\n"
    "        [[ $option == \"$1=\"* ]] && kind=${option#*=}\n"
    "    done\n"
    "}\n\n";

/* Not compgen -W, which has the shell expand what is in the words. */
static const char match[] = "# Adds to COMPREPLY which of the words behind $1 begin with $1.\n"
                            "_webinfer_match()\n{\n"
                            "    local word\n"
                            "    for word in \"${@:2}\"; do\n"
                            "        [[ $word == \"$1\"* ]] && COMPREPLY+=(\"$word\")\n"
                            "    done\n"
                            "}\n\n";

static const char models[] =
    "# Adds to COMPREPLY the models that begin with $1. No daemon, no models; and what a server\n"
    "# says goes into the command line only if it looks like a model's name.\n"
    "_webinfer_models()\n{\n"
    "    local name\n"
    "    while read -r name; do\n"
    "        [[ $name =~ ^[A-Za-z0-9._/:-]+$ ]] && _webinfer_match \"$1\" \"$name\"\n"
    "    done < <(timeout 1 \"${words[0]/#\\~\\//$HOME/}\" \"${way[@]}\" models --names \\\n"
    "        2>/dev/null </dev/null)\n"
    "}\n\n";

static const char offer[] =
    "# Sets COMPREPLY to what of the kind $1 begins with $2, each behind $3.\n"
    "_webinfer_offer()\n{\n"
    "    local i verbs options arguments\n"
    "    case $1 in\n"
    "        '' | '<any>') return ;;\n"
    "        '<name=file>')\n"
    "            [[ $2 == *=* ]] && _webinfer_offer '<file>' \"${2#*=}\" \"$3${2%%=*}=\"\n"
    "            return ;;\n"
    "        '<file>') mapfile -t COMPREPLY < <(compgen -f -- \"$2\") ;;\n"
    "        '<directory>') mapfile -t COMPREPLY < <(compgen -d -- \"$2\") ;;\n"
    "        '<model>') _webinfer_models \"$2\" ;;\n"
    "        '<verb>')\n"
    "            _webinfer_table \"${given[*]}\"\n"
    "            _webinfer_match \"$2\" $verbs ;;\n"
    "        *) _webinfer_match \"$2\" ${1//,/ } ;;\n"
    "    esac\n"
    "    # Only here: a command must not become a folder of the same name.\n"
    "    [[ $1 == '<file>' || $1 == '<directory>' ]] && compopt -o filenames 2>/dev/null\n"
    "    # A value is still to come.\n"
    "    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null\n"
    "    for i in \"${!COMPREPLY[@]}\"; do\n"
    "        COMPREPLY[i]=$3${COMPREPLY[i]}\n"
    "    done\n"
    "}\n\n";

static const char join_words[] =
    "# Sets words to the words up to the cursor. bash takes \"--url=http://x\" apart at what is "
    "in\n"
    "# COMP_WORDBREAKS, so what stands around a \"=\" or \":\" is put together again.\n"
    "_webinfer_words()\n{\n"
    "    local word joined=''\n"
    "    words=()\n"
    "    for word in \"${COMP_WORDS[@]:0:COMP_CWORD+1}\"; do\n"
    "        if ((${#words[@]} > 1)) && [[ $joined || $word =~ ^[=:]+$ ]]; then\n"
    "            words[-1]+=$word\n"
    "        else\n"
    "            words+=(\"$word\")\n"
    "        fi\n"
    "        joined=''\n"
    "        [[ $word =~ ^[=:]+$ ]] && joined=1\n"
    "    done\n"
    "}\n\n";

/* Options before the cursor matter for what their values are, and those that say where the daemon
 * is and what it trusts are passed on when it is asked for its models. */
static const char walk[] =
    "# Goes through the words before the cursor: command, options, arguments, kind (of the value\n"
    "# that is due, or empty), ended (by \"--\"), given (the arguments) and way (to the daemon).\n"
    "_webinfer_walk()\n{\n"
    "    local word option=''\n"
    "    _webinfer_table ''\n"
    "    for word in \"${words[@]:1:${#words[@]}-2}\"; do\n"
    "        if [[ $kind ]]; then\n"
    "            kind=''\n"
    "            case $option in --url | --token-file | --authority)\n"
    "                way+=(\"$option=${word/#\\~\\//$HOME/}\") ;;\n"
    "            esac\n"
    "        elif [[ ! $ended && $word == -- ]]; then\n"
    "            ended=1\n"
    "        elif [[ ! $ended && $word == --* ]]; then\n"
    "            option=${word%%=*}\n"
    "            if [[ $word != *=* ]]; then\n"
    "                _webinfer_kind \"$option\"\n"
    "                continue\n"
    "            fi\n"
    "            case $option in --url | --token-file | --authority) way+=(\"$word\") ;; esac\n"
    "        elif [[ $verbs ]]; then\n"
    "            command+=${command:+ }$word\n"
    "            _webinfer_table \"$command\"\n"
    "        else\n"
    "            given+=(\"$word\")\n"
    "        fi\n"
    "    done\n"
    "}\n\n";

static const char complete_word[] =
    "_webinfer()\n{\n"
    "    local IFS=$' \\t\\n' words verbs options arguments kind='' command='' ended='' cur start "
    "i\n"
    "    local given=() way=() due=()\n"
    "    COMPREPLY=()\n"
    "    _webinfer_words\n"
    "    _webinfer_walk\n"
    "    cur=${words[-1]}\n"
    "    if [[ $kind ]]; then\n"
    "        _webinfer_offer \"$kind\" \"$cur\" ''\n"
    "    elif [[ ! $ended && $cur == --*=* ]]; then\n"
    "        _webinfer_kind \"${cur%%=*}\"\n"
    "        _webinfer_offer \"$kind\" \"${cur#*=}\" \"${cur%%=*}=\"\n"
    "    elif [[ ! $ended && $cur == -* ]]; then\n"
    "        for i in $options; do\n"
    "            _webinfer_match \"$cur\" \"${i%%=*}\"\n"
    "        done\n"
    "    elif [[ $verbs ]]; then\n"
    "        _webinfer_match \"$cur\" $verbs\n"
    "    else\n"
    "        read -ra due <<<\"$arguments\"\n"
    "        _webinfer_offer \"${due[${#given[@]}]-}\" \"$cur\" ''\n"
    "    fi\n"
    "    # What bash replaces begins behind the last place at which it took the word apart.\n"
    "    for ((i = 0, start = 0; i < ${#cur}; i++)); do\n"
    "        [[ ${cur:i:1} == [=:] && $COMP_WORDBREAKS == *\"${cur:i:1}\"* ]] && start=$((i + 1))\n"
    "    done\n"
    "    for i in \"${!COMPREPLY[@]}\"; do\n"
    "        COMPREPLY[i]=${COMPREPLY[i]:start}\n"
    "    done\n"
    "}\n"
    "complete -F _webinfer webinfer\n";

void wi_cli_completion(struct wi_buffer *out)
{
    wi_buffer_puts(out,
        "# bash completion for webinfer(1), made by `webinfer completion bash`\n"
        "# shellcheck shell=bash disable=SC2086 # lists of words are meant to fall apart\n\n");
    put_table(out);
    wi_buffer_puts(out, find_kind);
    wi_buffer_puts(out, match);
    wi_buffer_puts(out, models);
    wi_buffer_puts(out, offer);
    wi_buffer_puts(out, join_words);
    wi_buffer_puts(out, walk);
    wi_buffer_puts(out, complete_word);
}
