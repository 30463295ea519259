/* The configuration as a whole: created from the defaults, queried, compared, freed. */
#include "settings/config/config_options.h"

#include "settings/config/private.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- problems -------------------------------------------------------------------------------- */

struct wi_error *wi_problems_add(struct wi_problems *problems)
{
    if (problems->count == WI_PROBLEMS_MAX) {
        problems->more++;
        return NULL;
    }
    problems->items =
        wi_realloc_array(problems->items, problems->count + 1, sizeof *problems->items);
    problems->items[problems->count] = (struct wi_error){0};
    return &problems->items[problems->count++];
}

int wi_problems_has(const struct wi_problems *problems, const char *field)
{
    for (size_t i = 0; i < problems->count; i++)
        if (strcmp(problems->items[i].field, field) == 0)
            return 1;
    return 0;
}

void wi_problems_add_error(struct wi_problems *problems, const struct wi_error *error)
{
    struct wi_error *added = wi_problems_add(problems);

    if (added)
        *added = *error;
}

void wi_problems_say(
    const struct wi_problems *problems, void (*say)(void *context, const char *line), void *context)
{
    char more[64];

    for (size_t i = 0; i < problems->count; i++)
        say(context, problems->items[i].detail);
    snprintf(more, sizeof more, "and %zu more", problems->more);
    if (problems->more > 0)
        say(context, more);
}

void wi_problems_clear(struct wi_problems *problems)
{
    free(problems->items);
    *problems = (struct wi_problems){0};
}

/* --- sections that may be there several times, and where the options of each lie ------------- */

/* Whether a section may occur several times. */
static int is_repeated_section(const char *section)
{
    return strcmp(section, WI_SECTION_BROWSER) == 0 || strcmp(section, WI_SECTION_HUB) == 0;
}

size_t wi_config_instances(const struct wi_config *config, const char *section)
{
    if (strcmp(section, WI_SECTION_BROWSER) == 0)
        return config->browser_count;
    if (strcmp(section, WI_SECTION_HUB) == 0)
        return config->hub_count;
    return 1;
}

const char *wi_config_instance_name(
    const struct wi_config *config, const char *section, size_t instance)
{
    if (strcmp(section, WI_SECTION_BROWSER) == 0)
        return config->browsers[instance].kind;
    if (strcmp(section, WI_SECTION_HUB) == 0)
        return config->hubs[instance].name;
    return NULL;
}

void *wi_option_base(struct wi_config *config, const struct wi_setting *option, size_t instance)
{
    assert(instance < wi_config_instances(config, option->section) ||
           !is_repeated_section(option->section));
    if (strcmp(option->section, WI_SECTION_BROWSER) == 0)
        return &config->browsers[instance];
    if (strcmp(option->section, WI_SECTION_HUB) == 0)
        return &config->hubs[instance];
    return config;
}

/* --- defaults --------------------------------------------------------------------------------- */

static void set_default(const struct wi_setting *option, void *base)
{
    int code = wi_option_set(option, base, option->default_text, 0);

    assert(code == 0); /* the table's own text */
    (void)code;
}

/* Without the values of its options. */
static size_t append_instance(struct wi_config *config, const char *section, const char *name)
{
    size_t index = wi_config_instances(config, section);

    if (strcmp(section, WI_SECTION_BROWSER) == 0) {
        config->browsers = wi_realloc_array(config->browsers, index + 1, sizeof *config->browsers);
        config->browsers[index] = (struct wi_config_browser){.kind = wi_strdup(name)};
        config->browser_count++;
    } else {
        config->hubs = wi_realloc_array(config->hubs, index + 1, sizeof *config->hubs);
        config->hubs[index] = (struct wi_config_hub){.name = wi_strdup(name)};
        config->hub_count++;
    }
    return index;
}

size_t wi_config_add_instance(struct wi_config *config, const char *section, const char *name)
{
    for (size_t i = 0; i < wi_config_instances(config, section); i++)
        if (strcmp(wi_config_instance_name(config, section, i), name) == 0)
            return i;
    size_t index = append_instance(config, section, name);
    for (const struct wi_setting *option = wi_options; option->key; option++)
        if (strcmp(option->section, section) == 0)
            set_default(option, wi_option_base(config, option, index));
    if (strcmp(section, WI_SECTION_HUB) == 0 && strcmp(name, WI_HUB_DEFAULT_GATEWAY) == 0) {
        /* Defaults that no row of the table gives, since they are specific to this one. */
        struct wi_config_hub *hub = &config->hubs[index];
        free(hub->url);
        hub->url = wi_strdup("https://trustless-gateway.link");
        hub->layout = WI_HUB_IPFS;
    }
    return index;
}

/* --- the whole -------------------------------------------------------------------------------- */

static const char *const standard_kinds[] = {"chrome", "edge", "firefox", "safari"};

struct wi_config *wi_config_new(void)
{
    struct wi_config *config = wi_alloc(sizeof *config);

    config->_references = 1;
    for (const struct wi_setting *option = wi_options; option->key; option++)
        if (!is_repeated_section(option->section))
            set_default(option, config);
    for (size_t i = 0; i < sizeof standard_kinds / sizeof *standard_kinds; i++)
        wi_config_add_instance(config, WI_SECTION_BROWSER, standard_kinds[i]);
    wi_config_add_instance(config, WI_SECTION_HUB, WI_HUB_DEFAULT);
    wi_config_add_instance(config, WI_SECTION_HUB, WI_HUB_DEFAULT_GATEWAY);
    return config;
}

struct wi_config *wi_config_ref(struct wi_config *config)
{
    config->_references++;
    return config;
}

void wi_config_unref(struct wi_config *config)
{
    if (!config || --config->_references > 0)
        return;
    for (const struct wi_setting *option = wi_options; option->key; option++)
        for (size_t i = 0; i < wi_config_instances(config, option->section); i++)
            wi_option_clear(option, wi_option_base(config, option, i));
    for (size_t i = 0; i < config->browser_count; i++)
        free(config->browsers[i].kind);
    for (size_t i = 0; i < config->hub_count; i++)
        free(config->hubs[i].name);
    wi_aliases_clear(&config->aliases);
    for (size_t i = 0; i < config->_origin_count; i++)
        free(config->_origins[i].file);
    free(config->browsers);
    free(config->hubs);
    free(config->_origins);
    free(config);
}

int wi_config_browser_given(const struct wi_config *config, size_t index)
{
    for (size_t i = 0; i < config->_origin_count; i++)
        if (strcmp(config->_origins[i].option->section, WI_SECTION_BROWSER) == 0 &&
            config->_origins[i].instance == index)
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

const struct wi_config_hub *wi_config_find_hub(const struct wi_config *config, const char *name)
{
    for (size_t i = 0; i < config->hub_count; i++)
        if (strcmp(config->hubs[i].name, name) == 0)
            return &config->hubs[i];
    return NULL;
}

const struct wi_config_origin *wi_config_origin(
    const struct wi_config *config, const struct wi_setting *option, size_t instance)
{
    for (size_t i = config->_origin_count; i > 0; i--) {
        const struct wi_config_origin *origin = &config->_origins[i - 1];

        if (origin->option == option &&
            (origin->instance == instance || !is_repeated_section(option->section)))
            return origin;
    }
    return NULL;
}

static int values_differ(const struct wi_setting *option, const void *a, const void *b)
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

    /* Browsers and hubs come and go freely: each session and each pull has a copy of its own, and
     * every key of theirs is marked reloadable in the table. */
    for (const struct wi_setting *option = wi_options; option->key; option++) {
        char field[64];

        if (option->reloadable || is_repeated_section(option->section) ||
            !values_differ(option, current, next))
            continue;
        snprintf(field, sizeof field, "%s.%s", option->section, option->key);
        wi_error_set(wi_problems_add(problems), WI_CONFLICT, field,
            "[%s] %s has changed, which needs a restart", option->section, option->key);
        found = 1;
    }
    return found;
}
