/*
 * Completes the end of a command line for a shell: interprets the words before it by the table of
 * verbs, as far as they make sense.
 */
#include "cli/completion.h"

#include "base/memory.h"
#include "terms/task/task.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *shell, *script;
} scripts[] = {
    {
        "bash",
#include "cli/bash.inc"
    },
    {
        "fish",
#include "cli/fish.inc"
    },
    {
        "zsh",
#include "cli/zsh.inc"
    },
};

const char *wi_cli_completion(const char *shell)
{
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        if (strcmp(scripts[i].shell, shell) == 0)
            return scripts[i].script;
    return NULL;
}

/* The words before the completed one. */
struct line {
    const char *words[3]; /* of the verb, as far as they go; ended by NULL */
    size_t word_count;
    const struct wi_verb *verb; /* once they name one */
    const char *given[3];       /* the first arguments, likewise */
    size_t given_count;         /* of all of them */
    const struct wi_flag *due;  /* whose value is to come */
    int ended;                  /* by "--" */
    struct wi_buffer way;       /* the options for the daemon's address and certificates */
};

static void take_value(struct line *line, const struct wi_flag *option, const char *value)
{
    const char *name = option->name;

    if (strcmp(name, "url") == 0 || strcmp(name, "token-file") == 0 ||
        strcmp(name, "authority") == 0)
        wi_buffer_strings(&line->way, "--", name, "=", value, "\n", NULL);
    line->due = NULL;
}

static void take_option(struct line *line, const char *name)
{
    size_t length = strcspn(name, "=");
    const struct wi_flag *option = wi_cli_find_option(line->verb, name, length);

    if (option && option->argument && name[length])
        take_value(line, option, name + length + 1);
    else if (option && option->argument)
        line->due = option;
}

static void line_take(struct line *line, const char *word)
{
    if (line->due)
        take_value(line, line->due, word);
    else if (!line->ended && strcmp(word, "--") == 0)
        line->ended = 1;
    else if (!line->ended && strncmp(word, "--", 2) == 0)
        take_option(line, word + 2);
    else if (line->verb && line->given_count++ < 2)
        line->given[line->given_count - 1] = word;
    else if (!line->verb && line->word_count < 2) {
        line->words[line->word_count++] = word;
        line->verb = wi_cli_find_verb(line->words);
    }
}

static void offer_match(struct wi_buffer *out, const char *typed, const char *word)
{
    if (strncmp(word, typed, strlen(typed)) == 0)
        wi_buffer_strings(out, word, "\n", NULL);
}

/* Offers each of the words, which are separated by spaces. */
static void offer_each(struct wi_buffer *out, const char *typed, const char *words)
{
    char *all = wi_strdup(words), *rest = all, *word;

    while ((word = strsep(&rest, " ")))
        offer_match(out, typed, word);
    free(all);
}

static void offer_options(struct wi_buffer *out, const char *typed, const struct wi_flag *table)
{
    for (; table && table->name; table++) {
        char *word = wi_sprintf("--%s", table->name);
        offer_match(out, typed, word);
        free(word);
    }
}

/* The words of verbs that may follow the `count` words in `words`. */
static void offer_verbs(
    struct wi_buffer *out, const char *typed, const char *const *words, size_t count)
{
    struct wi_strings names = {0};

    if (count > 1)
        return;
    wi_cli_list_verbs(words[0], &names);
    for (size_t i = 0; i < names.count; i++)
        offer_match(out, typed, names.items[i] + (count ? strlen(words[0]) + 1 : 0));
    wi_strings_clear(&names);
}

/* "pooling=mean", "pooling=cls", or "top=" if any value may follow. */
static void offer_values(struct wi_buffer *out, const char *typed, const struct wi_param *row)
{
    static const char *const any[] = {"", NULL}, *const flags[] = {"true", "false", NULL};
    const char *const *values = row->kind == WI_PARAM_ENUM   ? row->names
                                : row->kind == WI_PARAM_BOOL ? flags
                                                             : any;
    for (; *values; values++) {
        char *word = wi_sprintf("%s=%s", row->name, *values);
        offer_match(out, typed, word);
        free(word);
    }
}

/* The options of the task, or of all tasks, each once. */
static void offer_model_options(struct wi_buffer *out, const char *typed, const char *task)
{
    enum wi_task_kind only = wi_task_of_name(task, 0);
    struct wi_strings seen = {0};

    for (int i = WI_TASK_NONE + 1; i < WI_TASK_COUNT; i++) {
        enum wi_task_kind one = (enum wi_task_kind)i;
        const struct wi_param *row = wi_task_options(one, 0);
        for (; (only == WI_TASK_NONE || only == one) && row->name; row++) {
            if (wi_strings_contain(&seen, row->name))
                continue;
            wi_strings_add(&seen, row->name);
            offer_values(out, typed, row);
        }
    }
    wi_strings_clear(&seen);
}

/* Offers values of that kind for a word that has `typed` after `prefix`. */
static void offer_kind(struct wi_buffer *out, const struct line *line, enum wi_complete complete,
    const char *words, const char *prefix, const char *typed)
{
    static const char *const kinds[] = {[WI_COMPLETE_FILE] = "file",
        [WI_COMPLETE_NAMED_FILE] = "file",
        [WI_COMPLETE_DIRECTORY] = "directory",
        [WI_COMPLETE_MODEL] = "model",
        [WI_COMPLETE_VERB] = NULL};
    const char *equals = strchr(typed, '='), *kind = kinds[complete];
    int length = complete == WI_COMPLETE_NAMED_FILE && equals ? (int)(equals + 1 - typed) : 0;

    if (complete == WI_COMPLETE_NAMED_FILE && !equals)
        return;
    wi_buffer_printf(out, "%s\n%s%.*s\n", kind ? kind : "word", prefix, length, typed);
    if (complete == WI_COMPLETE_WORDS)
        offer_each(out, typed, words);
    else if (complete == WI_COMPLETE_OPTION)
        offer_model_options(out, typed, words);
    else if (complete == WI_COMPLETE_VERB)
        offer_verbs(out, typed, line->given, line->given_count);
    else if (complete == WI_COMPLETE_MODEL && line->way.size)
        wi_buffer_puts(out, line->way.text);
}

/* "--name=" and the beginning of a value. */
static void offer_value(struct wi_buffer *out, const struct line *line, const char *word)
{
    size_t length = strcspn(word, "=") + 1;
    const struct wi_flag *option = wi_cli_find_option(line->verb, word + 2, length - 3);
    char *prefix = wi_strndup(word, length);

    if (option)
        offer_kind(out, line, option->complete, option->words, prefix, word + length);
    free(prefix);
}

static void offer_word(struct wi_buffer *out, const struct line *line, const char *word)
{
    if (line->due) {
        offer_kind(out, line, line->due->complete, line->due->words, "", word);
    } else if (!line->ended && strncmp(word, "--", 2) == 0 && strchr(word, '=')) {
        offer_value(out, line, word);
    } else if (!line->ended && *word == '-') {
        wi_buffer_puts(out, "word\n\n");
        offer_options(out, word, line->verb ? line->verb->options : NULL);
        offer_options(out, word, wi_cli_global_options);
    } else if (!line->verb) {
        wi_buffer_puts(out, "word\n\n");
        offer_verbs(out, word, line->words, line->word_count);
    } else if (line->given_count < line->verb->max && line->given_count < WI_POSITIONALS_TABLED) {
        offer_kind(out, line, line->verb->complete[line->given_count], NULL, "", word);
    }
}

void wi_cli_complete(struct wi_buffer *out, const char *const *words, size_t count)
{
    struct line line = {0};

    for (size_t i = 0; i + 1 < count; i++)
        line_take(&line, words[i]);
    offer_word(out, &line, count ? words[count - 1] : "");
    wi_buffer_clear(&line.way);
}
