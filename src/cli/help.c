/* Prints the table of verbs and options as --help and as mdoc. */
#include "cli/help.h"

#include "base/memory.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Only global options have letters, and no other option has the name of a global one. */
static const char *letter_of(const struct wi_flag *option)
{
    return wi_cli_other_name(wi_cli_letters, option->name);
}

static void put_options(struct wi_buffer *out, const struct wi_flag *table, int indent)
{
    for (; table && table->name; table++) {
        const char *letter = letter_of(table);
        struct wi_buffer name = {0};
        if (letter)
            wi_buffer_printf(&name, "-%s, ", letter);
        wi_buffer_strings(&name, "--", table->name, table->argument ? " " : "",
            table->argument ? table->argument : "", NULL);
        wi_buffer_printf(out, "%*s%-*s  %s%s\n", indent, "", 24 - indent, name.text, table->help,
            table->repeatable ? " (may be repeated)" : "");
        wi_buffer_clear(&name);
    }
}

/* "infer MODEL [FILE]  what it does", the name without its first `skip` bytes. */
static void put_verb(struct wi_buffer *out, const struct wi_verb *verb, size_t skip)
{
    struct wi_buffer name = {0};
    const char *alias = wi_cli_other_name(wi_cli_other_verbs, verb->name);

    wi_buffer_printf(&name, "%s %s", verb->name + skip, verb->arguments);
    wi_buffer_printf(out, "  %-22s  %s%s%s\n", name.text, verb->help, alias ? "; also called " : "",
        alias ? alias : "");
    wi_buffer_clear(&name);
}

void wi_cli_help(struct wi_buffer *out, const struct wi_verb *verb)
{
    if (verb) {
        wi_buffer_printf(out, "usage: webinfer %s [options] %s\n\n%s.\n", verb->name,
            verb->arguments, verb->help);
        if (verb->options)
            wi_buffer_puts(out, "\nOptions:\n");
        put_options(out, verb->options, 2);
    } else {
        wi_buffer_puts(out, "usage: webinfer [options] command [arguments]\n\nCommands:\n");
        for (const struct wi_verb *v = wi_cli_verbs; v->name; v++)
            put_verb(out, v, 0);
    }
    wi_buffer_puts(out, "\nOptions of every command:\n");
    put_options(out, wi_cli_global_options, 2);
    if (!verb)
        wi_buffer_puts(out,
            "\n\"webinfer help COMMAND\" lists a command's own options; webinfer(1) says more.\n");
}

void wi_cli_help_group(struct wi_buffer *out, const char *group)
{
    size_t length = strlen(group);

    wi_buffer_printf(out, "usage: webinfer %s command [options] [arguments]\n\nCommands:\n", group);
    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++) {
        if (strncmp(v->name, group, length) != 0 || v->name[length] != ' ')
            continue;
        put_verb(out, v, length + 1);
        put_options(out, v->options, 6);
    }
    wi_buffer_puts(out, "\nOptions of every command:\n");
    put_options(out, wi_cli_global_options, 2);
}

/* The longest text line that mandoc accepts as good style. */
#define MDOC_LINE 80

/* Appends sentences, broken between words; each begins a line, as mandoc wants it. */
static void put_mdoc_text(struct wi_buffer *out, const char *text, const char *end)
{
    char *sentence = wi_sprintf("%s%s", text, end), *word, *rest = sentence, last = '\0';
    size_t used = 0;

    while ((word = strsep(&rest, " "))) {
        size_t length = strlen(word);
        int begins = last == '.' && isupper((unsigned char)*word);
        int breaks = used && (begins || used + 1 + length > MDOC_LINE);
        wi_buffer_printf(out, "%s%s", breaks ? "\n" : used ? " " : "", word);
        used = breaks || !used ? length : used + 1 + length;
        last = length > 0 ? word[length - 1] : '\0';
    }
    wi_buffer_puts(out, "\n");
    free(sentence);
}

/* A list in which each tag that is no wider than the widest common option has its text on the same
 * line. */
static void begin_mdoc_options(struct wi_buffer *out)
{
    wi_buffer_puts(out, ".Bl -tag -width \"--option KEY=VALUE\" -compact\n");
}

static void put_mdoc_option(struct wi_buffer *out, const struct wi_flag *option)
{
    wi_buffer_puts(out, ".It ");
    if (letter_of(option))
        wi_buffer_printf(out, "Fl %s , ", letter_of(option));
    wi_buffer_printf(out, "Fl -%s%s%s\n", option->name, option->argument ? " Ar " : "",
        option->argument ? option->argument : "");
    put_mdoc_text(out, option->help, option->repeatable ? "; may be repeated." : ".");
}

/* Whether the table has the option with the same text. */
static int has_option(const struct wi_flag *table, const struct wi_flag *option)
{
    for (; table && table->name; table++)
        if (strcmp(table->name, option->name) == 0 && strcmp(table->help, option->help) == 0)
            return 1;
    return 0;
}

/* Whether another command than `verb` has the option with the same text. `before`: only commands
 * before it in the table count. */
static int has_another(const struct wi_verb *verb, const struct wi_flag *option, int before)
{
    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++) {
        if (v == verb && before)
            return 0;
        if (v != verb && has_option(v->options, option))
            return 1;
    }
    return 0;
}

/* Appends each shared option once, in order of appearance. */
static void put_mdoc_shared(struct wi_buffer *out)
{
    begin_mdoc_options(out);
    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++)
        for (const struct wi_flag *option = v->options; option && option->name; option++)
            if (has_another(v, option, 0) && !has_another(v, option, 1))
                put_mdoc_option(out, option);
    wi_buffer_puts(out, ".El\n");
}

/* Appends the names of the options that other commands have, too. */
static void put_mdoc_names(struct wi_buffer *out, const struct wi_verb *verb, const char *before)
{
    const char *between = before;
    for (const struct wi_flag *option = verb->options; option->name; option++) {
        if (!has_another(verb, option, 0))
            continue;
        wi_buffer_printf(out, "%s.Fl -%s", between, option->name);
        between = " ,\n";
    }
    if (between != before)
        wi_buffer_puts(out, " .\n");
}

static void put_mdoc_verb_options(struct wi_buffer *out, const struct wi_verb *verb)
{
    int begun = 0;
    for (const struct wi_flag *option = verb->options; option->name; option++) {
        if (has_another(verb, option, 0))
            continue;
        if (!begun)
            begin_mdoc_options(out);
        begun = 1;
        put_mdoc_option(out, option);
    }
    if (begun)
        wi_buffer_puts(out, ".El\n");
    put_mdoc_names(out, verb, begun ? "Also accepts\n" : "Options:\n");
}

/* "MODEL [FILE]" as ".Ar MODEL" and ".Op Ar FILE". */
static void put_mdoc_arguments(struct wi_buffer *out, const char *arguments)
{
    while (*arguments) {
        size_t length = strcspn(arguments, " ");
        int optional = *arguments == '[';
        const char *word = arguments + optional;
        wi_buffer_puts(out, optional ? ".Op Ar " : ".Ar ");
        for (const char *end = arguments + length - optional; word < end; word++)
            wi_buffer_printf(out, *word == '|' ? " %c " : "%c", *word);
        wi_buffer_puts(out, "\n");
        arguments += length + (arguments[length] == ' ');
    }
}

void wi_cli_mdoc_synopsis(struct wi_buffer *out)
{
    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++) {
        wi_buffer_printf(out, ".Nm\n.Op Ar option ...\n.Cm %s\n", v->name);
        put_mdoc_arguments(out, v->arguments);
    }
}

void wi_cli_mdoc_commands(struct wi_buffer *out)
{
    wi_buffer_puts(out, ".Ss Options of every command\n");
    begin_mdoc_options(out);
    for (const struct wi_flag *option = wi_cli_global_options; option->name; option++)
        put_mdoc_option(out, option);
    wi_buffer_puts(out, ".El\n.Ss Options of several commands\n");
    put_mdoc_shared(out);
    wi_buffer_puts(out, ".Ss Commands\n.Bl -tag -width Ds\n");
    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++) {
        wi_buffer_printf(
            out, ".It Cm %s%s%s\n", v->name, *v->arguments ? " Ar " : "", v->arguments);
        const char *alias = wi_cli_other_name(wi_cli_other_verbs, v->name);
        if (alias) {
            put_mdoc_text(out, v->help, ";");
            wi_buffer_printf(out, "also called\n.Cm %s .\n", alias);
        } else {
            put_mdoc_text(out, v->help, ".");
        }
        if (v->options)
            put_mdoc_verb_options(out, v);
    }
    wi_buffer_puts(out, ".El\n");
}
