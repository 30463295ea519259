/* Parses the command line by the tables in verbs.c. */
#include "cli/arguments.h"

#include "base/memory.h"
#include "base/nearest.h"
#include <stdlib.h>
#include <string.h>

void wi_arguments_clear(struct wi_arguments *arguments)
{
    free(arguments->items);
    *arguments = (struct wi_arguments){0};
}

const char *wi_argument(const struct wi_arguments *arguments, const char *name)
{
    for (size_t i = arguments->count; i > 0; i--) {
        if (strcmp(arguments->items[i - 1].option->name, name) == 0)
            return arguments->items[i - 1].value;
    }
    return NULL;
}

const char *wi_argument_at(const struct wi_arguments *arguments, const char *name, size_t index)
{
    for (size_t i = 0; i < arguments->count; i++) {
        if (strcmp(arguments->items[i].option->name, name) == 0 && index-- == 0)
            return arguments->items[i].value;
    }
    return NULL;
}

int wi_argument_given(const struct wi_arguments *arguments, const char *name)
{
    for (size_t i = 0; i < arguments->count; i++) {
        if (strcmp(arguments->items[i].option->name, name) == 0)
            return 1;
    }
    return 0;
}

static enum wi_code no_letter(const char *word, struct wi_error *error)
{
    wi_cli_refuse(error, "there is no short option \"%.100s\"", word);
    return wi_error_allow(error, "-h, -v, and the options that webinfer help lists");
}

static void add_argument(
    struct wi_arguments *arguments, const struct wi_flag *option, const char *value)
{
    arguments->items =
        wi_realloc_array(arguments->items, arguments->count + 1, sizeof *arguments->items);
    arguments->items[arguments->count++] = (struct wi_argument){option, value};
}

void wi_argument_default(struct wi_arguments *arguments, const char *name, const char *value)
{
    const struct wi_flag *option = wi_cli_find_option(arguments->verb, name, strlen(name));
    if (option && !wi_argument_given(arguments, name))
        add_argument(arguments, option, value);
}

static void offer_options(struct wi_nearest *nearest, const struct wi_flag *table)
{
    for (; table && table->name; table++)
        wi_nearest_offer(nearest, table->name);
}

/* The error for an unknown option: of the verb, of a group, or with neither of the whole
 * program. */
static enum wi_code unknown_option(
    const struct wi_arguments *arguments, const char *name, size_t length, struct wi_error *error)
{
    const char *command = arguments->verb    ? arguments->verb->name
                          : arguments->group ? arguments->group
                                             : NULL;
    char *typed = wi_strndup(name, length);
    struct wi_nearest nearest = wi_nearest_to(typed);
    struct wi_buffer advice = {0};

    offer_options(&nearest, wi_cli_global_options);
    if (arguments->verb)
        offer_options(&nearest, arguments->verb->options);
    if (nearest.name)
        wi_buffer_printf(&advice, "did you mean --%s?", nearest.name);
    else
        wi_buffer_printf(&advice, "webinfer help%s%s lists the options", command ? " " : "",
            command ? command : "");
    if (command)
        wi_cli_refuse(
            error, "there is no option --%.100s for \"%s\"; %s", typed, command, advice.text);
    else
        wi_cli_refuse(error, "\"--%.100s\" is not an option that may come before the command; %s",
            typed, advice.text);
    wi_buffer_clear(&advice);
    free(typed);
    return WI_BAD_REQUEST;
}

/* One "--name", "--name=value" or "--name value" at argv[*i]; moves *i past the value. */
static enum wi_code parse_option(
    struct wi_arguments *arguments, int argc, char **argv, int *i, struct wi_error *error)
{
    const char *name = argv[*i] + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] ? name + length + 1 : NULL;
    const struct wi_flag *option = wi_cli_find_option(arguments->verb, name, length);

    if (!option)
        return unknown_option(arguments, name, length, error);
    if (!option->argument && value)
        return wi_cli_refuse(error, "the option --%s takes no value", option->name);
    if (option->argument && !value) {
        if (*i + 1 >= argc)
            return wi_cli_refuse(
                error, "the option --%s needs a value: %s", option->name, option->argument);
        value = argv[++*i];
    }
    if (!option->repeatable && wi_argument_given(arguments, option->name))
        return wi_cli_refuse(error, "the option --%s is given twice", option->name);
    add_argument(arguments, option, value);
    return WI_OK;
}

static enum wi_code parse_letter(
    struct wi_arguments *arguments, const char *word, struct wi_error *error)
{
    const struct wi_flag *option = wi_cli_find_letter(word);

    if (!option)
        return no_letter(word, error);
    add_argument(arguments, option, NULL);
    return WI_OK;
}

/* An option may come before its verb ("--json status" is common), so the words are read first: the
 * verb is found among them, and then the options are read by its table. */
static enum wi_code collect_words(
    const char **words, unsigned *count, int argc, char **argv, struct wi_error *error)
{
    int ended = 0;

    *count = 0;
    for (int i = 1; i < argc && *count < 2; i++) {
        if (!ended && strcmp(argv[i], "--") == 0) {
            ended = 1;
        } else if (!ended && strncmp(argv[i], "--", 2) == 0) {
            const struct wi_flag *option =
                wi_cli_find_option(NULL, argv[i] + 2, strcspn(argv[i] + 2, "="));
            if (option && option->argument && !strchr(argv[i], '='))
                i++;
            else if (!option && *count == 0)
                return unknown_option(
                    &(struct wi_arguments){0}, argv[i] + 2, strcspn(argv[i] + 2, "="), error);
            else if (!option)
                return WI_OK;
        } else if (!ended && argv[i][0] == '-' && argv[i][1]) {
            if (!wi_cli_find_letter(argv[i]))
                return no_letter(argv[i], error);
        } else {
            words[(*count)++] = argv[i];
        }
    }
    return WI_OK;
}

static enum wi_code add_positional(
    struct wi_arguments *arguments, const char *word, struct wi_error *error)
{
    if (arguments->positional_count == arguments->verb->max)
        return wi_cli_refuse(
            error, "\"%s\" is one argument too many for \"%s\"", word, arguments->verb->name);
    arguments->positionals[arguments->positional_count++] = word;
    return WI_OK;
}

enum wi_code wi_arguments_parse(
    struct wi_arguments *arguments, int argc, char **argv, struct wi_error *error)
{
    const char *words[3] = {NULL, NULL, NULL};
    unsigned count, skip = 0;
    int ended = 0;

    *arguments = (struct wi_arguments){0};
    enum wi_code code = collect_words(words, &count, argc, argv, error);
    if (code != WI_OK)
        return code;
    arguments->verb = wi_cli_find_verb(words);
    if (count == 1 && wi_cli_is_group(words[0]))
        arguments->group = words[0];
    else if (count && !arguments->verb)
        return wi_cli_no_verb(error, words);
    skip = arguments->verb && strchr(arguments->verb->name, ' ') ? 2 : count ? 1 : 0;
    for (int i = 1; i < argc && code == WI_OK; i++) {
        if (!ended && strcmp(argv[i], "--") == 0)
            ended = 1;
        else if (!ended && strncmp(argv[i], "--", 2) == 0)
            code = parse_option(arguments, argc, argv, &i, error);
        else if (!ended && argv[i][0] == '-' && argv[i][1])
            code = parse_letter(arguments, argv[i], error);
        else if (skip)
            skip--, arguments->verb_at = i;
        else
            code = add_positional(arguments, argv[i], error);
    }
    if (code != WI_OK || wi_argument_given(arguments, "help") ||
        wi_argument_given(arguments, "version"))
        return code;
    if (!arguments->verb)
        return wi_cli_no_verb(error, words);
    if (arguments->positional_count < arguments->verb->min)
        return wi_cli_refuse(
            error, "usage: webinfer %s %s", arguments->verb->name, arguments->verb->arguments);
    return WI_OK;
}
