/* The sections that may be there several times, and where the options of each lie. */
#include "config/options.h"

#include <assert.h>
#include <string.h>

int wi_section_is_repeated(const char *section)
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

void *wi_option_base(struct wi_config *config, const struct wi_option *option, size_t instance)
{
    assert(instance < wi_config_instances(config, option->section) ||
           !wi_section_is_repeated(option->section));
    if (strcmp(option->section, WI_SECTION_BROWSER) == 0)
        return &config->browsers[instance];
    if (strcmp(option->section, WI_SECTION_HUB) == 0)
        return &config->hubs[instance];
    return config;
}
