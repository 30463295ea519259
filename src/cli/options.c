/* Finds and lists verbs and options of the tables in verbs.c. */
#include "cli/options.h"

#include "base/memory.h"
#include "base/nearest.h"
#include <stdlib.h>
#include <string.h>

static const struct wi_flag *find_in(const struct wi_flag *table, const char *name, size_t length)
{
    for (; table && table->name; table++) {
        if (strlen(table->name) == length && memcmp(table->name, name, length) == 0)
            return table;
    }
    return NULL;
}

const struct wi_flag *wi_cli_find_option(
    const struct wi_verb *verb, const char *name, size_t length)
{
    const struct wi_flag *option = find_in(wi_cli_global_options, name, length);

    return option || !verb ? option : find_in(verb->options, name, length);
}

const char *wi_cli_other_name(const struct wi_other_name *table, const char *name)
{
    while (table->other && strcmp(table->name, name) != 0)
        table++;
    return table->other;
}

/* The name for which `word` is another name; NULL: none. */
static const char *name_of(const struct wi_other_name *table, const char *word)
{
    while (table->other && strcmp(table->other, word) != 0)
        table++;
    return table->name;
}

const struct wi_verb *wi_cli_find_verb(const char *const *words)
{
    const char *word = words[0] ? name_of(wi_cli_other_verbs, words[0]) : NULL;

    word = word ? word : words[0];
    for (const struct wi_verb *verb = wi_cli_verbs; verb->name && word; verb++) {
        size_t first = strcspn(verb->name, " ");
        if (strlen(word) != first || memcmp(word, verb->name, first) != 0)
            continue;
        if (!verb->name[first] || (words[1] && strcmp(words[1], verb->name + first + 1) == 0))
            return verb;
    }
    return NULL;
}

int wi_cli_is_group(const char *word)
{
    size_t length = strlen(word);

    for (const struct wi_verb *verb = wi_cli_verbs; verb->name; verb++) {
        if (strncmp(verb->name, word, length) == 0 && verb->name[length] == ' ')
            return 1;
    }
    return 0;
}

const struct wi_flag *wi_cli_find_letter(const char *word)
{
    const char *name = name_of(wi_cli_letters, word + 1);

    return name ? find_in(wi_cli_global_options, name, strlen(name)) : NULL;
}

void wi_cli_list_verbs(const char *group, struct wi_strings *names)
{
    size_t length = group ? strlen(group) : 0;

    for (const struct wi_verb *verb = wi_cli_verbs; verb->name; verb++) {
        char *first = wi_strndup(verb->name, strcspn(verb->name, " "));
        if (!group && !wi_strings_contain(names, first))
            wi_strings_add(names, first);
        if (group && strcmp(first, group) == 0 && verb->name[length] == ' ')
            wi_strings_add(names, verb->name);
        free(first);
    }
}

/* Joins the names with ", "; returns the name whose part after `skip` bytes is nearest to `typed`
 * (borrowed), or NULL. */
static const char *names_join(
    const struct wi_strings *names, size_t skip, const char *typed, struct wi_buffer *joined)
{
    struct wi_nearest nearest = wi_nearest_to(typed);

    for (size_t i = 0; i < names->count; i++) {
        wi_buffer_printf(joined, "%s%s", i ? ", " : "", names->items[i]);
        wi_nearest_offer(&nearest, names->items[i] + skip);
    }
    return nearest.name ? nearest.name - skip : NULL;
}

static enum wi_code no_verb(struct wi_error *error, const char *first, const char *second)
{
    struct wi_strings names = {0};
    struct wi_buffer joined = {0};
    const char *meant;

    wi_cli_list_verbs(second ? first : NULL, &names);
    meant = names_join(&names, second ? strlen(first) + 1 : 0, second ? second : first, &joined);
    if (!second && strcmp(first, "serve") == 0)
        meant = "webinferd"; /* the service is a program of its own */
    wi_cli_refuse(error, "there is no command \"%.100s%s%.100s\"%s%s%s", first, second ? " " : "",
        second ? second : "", meant ? "; did you mean \"" : "", meant ? meant : "",
        meant ? "\"?" : "");
    wi_error_allow(error, "%s", joined.text);
    wi_buffer_clear(&joined);
    wi_strings_clear(&names);
    return WI_BAD_REQUEST;
}

enum wi_code wi_cli_no_verb(struct wi_error *error, const char *const *words)
{
    if (!words[0])
        return wi_cli_refuse(error, "no command is given; webinfer help lists all commands");
    if (!wi_cli_is_group(words[0]))
        return no_verb(error, words[0], NULL);
    if (words[1])
        return no_verb(error, words[0], words[1]);
    return wi_cli_refuse(
        error, "\"%.100s\" is not a command by itself; use one of these", words[0]);
}
