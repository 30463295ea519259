/* The configuration as a whole: made from the defaults, read over, compared, freed. */
#include "config/options.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int is_browser_option(const struct wi_option *option)
{
    return strcmp(option->section, WI_SECTION_BROWSER) == 0;
}

static void set_default(const struct wi_option *option, void *base)
{
    int code = wi_option_set(option, base, option->default_text, 0);

    assert(code == 0); /* the table's own text */
    (void)code;
}

size_t wi_config_add_browser(struct wi_config *config, const char *name)
{
    struct wi_config_browser *browser;

    for (size_t i = 0; i < config->browser_count; i++)
        if (strcmp(config->browsers[i].kind, name) == 0)
            return i;
    config->browsers =
        wi_realloc_array(config->browsers, config->browser_count + 1, sizeof(*config->browsers));
    browser = &config->browsers[config->browser_count];
    *browser = (struct wi_config_browser){.kind = wi_strdup(name)};
    for (const struct wi_option *option = wi_options; option->key; option++)
        if (is_browser_option(option))
            set_default(option, browser);
    return config->browser_count++;
}

static const char *const standard_kinds[] = {"chrome", "edge", "firefox", "safari"};

struct wi_config *wi_config_load(const char *path, struct wi_problems *problems)
{
    struct wi_config *config = wi_alloc(sizeof(*config));
    size_t before = problems->count;

    for (const struct wi_option *option = wi_options; option->key; option++)
        if (!is_browser_option(option))
            set_default(option, config);
    for (size_t i = 0; i < sizeof(standard_kinds) / sizeof(*standard_kinds); i++)
        wi_config_add_browser(config, standard_kinds[i]);
    if (path)
        wi_config_read(config, path, problems);
    wi_config_check(config, problems);
    if (problems->count == before)
        return config;
    wi_config_free(config);
    return NULL;
}

void wi_config_free(struct wi_config *config)
{
    if (!config)
        return;
    for (const struct wi_option *option = wi_options; option->key; option++) {
        if (!is_browser_option(option))
            wi_option_clear(option, config);
        for (size_t i = 0; i < config->browser_count && is_browser_option(option); i++)
            wi_option_clear(option, &config->browsers[i]);
    }
    for (size_t i = 0; i < config->browser_count; i++)
        free(config->browsers[i].kind);
    wi_aliases_clear(&config->aliases);
    for (size_t i = 0; i < config->_origin_count; i++)
        free(config->_origins[i].file);
    free(config->browsers);
    free(config->_origins);
    free(config);
}

int wi_config_browser_given(const struct wi_config *config, size_t index)
{
    for (size_t i = 0; i < config->_origin_count; i++)
        if (strcmp(config->_origins[i].option->section, WI_SECTION_BROWSER) == 0 &&
            config->_origins[i].browser == index)
            return 1;
    return 0;
}

const struct wi_config_browser *wi_config_find_browser(
    const struct wi_config *config, const char *kind)
{
    for (size_t i = 0; i < config->browser_count; i++)
        if (strcmp(config->browsers[i].kind, kind) == 0)
            return &config->browsers[i];
    return NULL;
}

const struct wi_config_origin *wi_config_origin(
    const struct wi_config *config, const struct wi_option *option, size_t browser)
{
    for (size_t i = 0; i < config->_origin_count; i++) {
        const struct wi_config_origin *origin = &config->_origins[i];

        if (origin->option == option && (origin->browser == browser || !is_browser_option(option)))
            return origin;
    }
    return NULL;
}

static int values_differ(const struct wi_option *option, const void *a, const void *b)
{
    char *one = wi_option_format(option, a), *other = wi_option_format(option, b);
    int differ = strcmp(one, other) != 0;

    free(one);
    free(other);
    return differ;
}

int wi_config_check_reload(
    const struct wi_config *current, const struct wi_config *next, struct wi_problems *problems)
{
    int found = 0;

    /* Browser sections come and go freely: each session has a copy of its own, and every key of
     * theirs is marked reloadable in the table. */
    for (const struct wi_option *option = wi_options; option->key; option++) {
        char field[64];

        if (option->reloadable || is_browser_option(option) ||
            !values_differ(option, current, next))
            continue;
        snprintf(field, sizeof(field), "%s.%s", option->section, option->key);
        wi_error_set(wi_problems_add(problems), WI_CONFLICT, field,
            "[%s] %s has changed, which needs a restart", option->section, option->key);
        found = 1;
    }
    return found;
}
