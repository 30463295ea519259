/* The table of verbs and options as --help, as a bash completion and as mdoc. */
#include "cli/options.h"

#include <string.h>

static const char usage[] = "usage: webinfer [options] command [arguments]\n";

/* "--name ARGUMENT" */
static void put_option_name(struct wi_buffer *out, const struct wi_option *option)
{
    wi_buffer_printf(out, "--%s%s%s", option->name, option->argument ? " " : "",
        option->argument ? option->argument : "");
}

static void put_options(struct wi_buffer *out, const struct wi_option *table)
{
    for (; table && table->name; table++) {
        struct wi_buffer name = {0};
        put_option_name(&name, table);
        wi_buffer_printf(out, "  %-22s  %s%s\n", name.text, table->help,
            table->repeatable ? " (may be repeated)" : "");
        wi_buffer_clear(&name);
    }
}

void wi_cli_help(struct wi_buffer *out, const struct wi_verb *verb)
{
    if (verb) {
        wi_buffer_printf(out, "usage: webinfer %s [options] %s\n\n%s.\n", verb->name,
            verb->arguments, verb->help);
        if (verb->options)
            wi_buffer_puts(out, "\nOptions:\n");
        put_options(out, verb->options);
        wi_buffer_puts(out, "\nOptions of every command:\n");
        put_options(out, wi_cli_global_options);
        return;
    }
    wi_buffer_puts(out, usage);
    wi_buffer_puts(out, "\nCommands:\n");
    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++) {
        struct wi_buffer name = {0};
        wi_buffer_printf(&name, "%s %s", v->name, v->arguments);
        wi_buffer_printf(out, "  %-22s  %s\n", name.text, v->help);
        wi_buffer_clear(&name);
    }
    wi_buffer_puts(out, "\nOptions of every command:\n");
    put_options(out, wi_cli_global_options);
    wi_buffer_puts(
        out, "\n\"webinfer help COMMAND\" lists a command's own options; webinfer(1) says more.\n");
}

/* --- bash ------------------------------------------------------------------------------------ */

static void put_flags(struct wi_buffer *out, const struct wi_option *table)
{
    for (; table && table->name; table++)
        wi_buffer_printf(out, " --%s", table->name);
}

static void put_value_case(struct wi_buffer *out, const struct wi_option *option)
{
    static const char *const actions[] = {
        [WI_COMPLETE_NONE] = "COMPREPLY=()",
        [WI_COMPLETE_FILE] = "COMPREPLY=($(compgen -f -- \"${cur##*=}\"))",
        [WI_COMPLETE_DIRECTORY] = "COMPREPLY=($(compgen -d -- \"$cur\"))",
    };

    if (!option->argument)
        return;
    wi_buffer_printf(out, "        --%s) ", option->name);
    if (option->complete == WI_COMPLETE_WORDS)
        wi_buffer_printf(out, "COMPREPLY=($(compgen -W '%s' -- \"$cur\"))", option->words);
    else
        wi_buffer_puts(out, actions[option->complete]);
    wi_buffer_puts(out, "; return ;;\n");
}

/* Whether an earlier row has an option of this name, so that each gets one case only. */
static int seen_before(const struct wi_verb *verb, const struct wi_option *option)
{
    for (const struct wi_verb *v = wi_cli_verbs; v != verb; v++) {
        for (const struct wi_option *o = v->options; o && o->name; o++) {
            if (strcmp(o->name, option->name) == 0)
                return 1;
        }
    }
    return 0;
}

/* "new" for "token": the second words of the verbs that have two. */
static void put_second_words(struct wi_buffer *out)
{
    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++) {
        size_t first = strcspn(v->name, " ");
        if (v->name[first])
            wi_buffer_printf(
                out, "        %.*s) words='%s' ;;\n", (int)first, v->name, v->name + first + 1);
    }
}

void wi_cli_completion(struct wi_buffer *out)
{
    wi_buffer_puts(out, "# bash completion for webinfer(1), made by `webinfer completion bash`\n"
                        "_webinfer()\n{\n"
                        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                        "    local verb='' words='' i\n"
                        "    case $prev in\n");
    for (const struct wi_option *o = wi_cli_global_options; o->name; o++)
        put_value_case(out, o);
    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++) {
        for (const struct wi_option *o = v->options; o && o->name; o++) {
            if (!seen_before(v, o))
                put_value_case(out, o);
        }
    }
    wi_buffer_puts(out, "    esac\n    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                        "        case ${COMP_WORDS[i]} in\n            ");
    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++)
        wi_buffer_printf(
            out, "%s%.*s", v == wi_cli_verbs ? "" : "|", (int)strcspn(v->name, " "), v->name);
    wi_buffer_puts(out, ") verb=${COMP_WORDS[i]}; break ;;\n        esac\n    done\n"
                        "    case $verb in\n        '') words='");
    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++)
        wi_buffer_printf(
            out, "%s%.*s", v == wi_cli_verbs ? "" : " ", (int)strcspn(v->name, " "), v->name);
    wi_buffer_puts(out, "' ;;\n");
    put_second_words(out);
    wi_buffer_puts(out, "    esac\n    if [[ $cur == -* ]]; then\n        words='");
    wi_buffer_puts(out, "--help");
    put_flags(out, wi_cli_global_options + 1);
    wi_buffer_puts(out, "'\n        case $verb in\n");
    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++) {
        if (!v->options)
            continue;
        wi_buffer_printf(out, "            %.*s) words+='", (int)strcspn(v->name, " "), v->name);
        put_flags(out, v->options);
        wi_buffer_puts(out, "' ;;\n");
    }
    wi_buffer_puts(out, "        esac\n    fi\n"
                        "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                        "}\ncomplete -o filenames -F _webinfer webinfer\n");
}

/* --- mdoc ------------------------------------------------------------------------------------ */

static void put_mdoc_options(struct wi_buffer *out, const struct wi_option *table)
{
    wi_buffer_puts(out, ".Bl -tag -width Ds\n");
    for (; table->name; table++) {
        wi_buffer_printf(out, ".It Fl -%s%s%s\n%s%s.\n", table->name, table->argument ? " Ar " : "",
            table->argument ? table->argument : "", table->help,
            table->repeatable ? "; may be repeated" : "");
    }
    wi_buffer_puts(out, ".El\n");
}

void wi_cli_mdoc(struct wi_buffer *out)
{
    wi_buffer_puts(out, ".Ss Options of every command\n");
    put_mdoc_options(out, wi_cli_global_options);
    wi_buffer_puts(out, ".Ss Commands\n.Bl -tag -width Ds\n");
    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++) {
        wi_buffer_printf(out, ".It Cm %s%s%s\n%s.\n", v->name, *v->arguments ? " Ar " : "",
            v->arguments, v->help);
        if (v->options)
            put_mdoc_options(out, v->options);
    }
    wi_buffer_puts(out, ".El\n");
}
