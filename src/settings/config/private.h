/* Shared by the files of the configuration: its values by the rows of the option table. */
#ifndef WI_SETTINGS_CONFIG_PRIVATE_H
#define WI_SETTINGS_CONFIG_PRIVATE_H

#include "settings/config/config_options.h"

/* The number of its instances, and the NAME of each; 1 and NULL for the other sections. */
size_t wi_config_instances(const struct wi_config *config, const char *section);
const char *wi_config_instance_name(
    const struct wi_config *config, const char *section, size_t instance);
/* The struct that the option's offset counts from. */
void *wi_option_base(struct wi_config *config, const struct wi_setting *option, size_t instance);

/* All defaults: chrome, edge, firefox and safari, and the hubs that always exist. Free with
 * wi_config_unref. */
struct wi_config *wi_config_new(void);
/* The index of [SECTION.NAME], which is created with the defaults if it does not exist yet. */
size_t wi_config_add_instance(struct wi_config *config, const char *section, const char *name);
/* The latest origin of a value, or NULL for a default. */
const struct wi_config_origin *wi_config_origin(
    const struct wi_config *config, const struct wi_setting *option, size_t instance);

/* Adds the problems that concern more than one key, unless one of these keys has a problem
 * already. */
void wi_config_check(const struct wi_config *config, struct wi_problems *problems);

#endif
