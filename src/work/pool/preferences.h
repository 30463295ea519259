/* [browser_preferences]: the operator's list of the best places for each type of model, used until
 * there are measurements. Pure. */
#ifndef WI_WORK_POOL_PREFERENCES_H
#define WI_WORK_POOL_PREFERENCES_H

#include "nodes/bridge/bridge.h"
#include "settings/config/config.h"
#include "terms/task/type.h"

/* The list for a type of model; that of `other` for WI_TYPE_UNKNOWN. */
const struct wi_strings *wi_preferences_of(
    const struct wi_config_preferences *preferences, enum wi_model_type type);
/* Parses "KIND" or "KIND/PLATFORM". Returns the platform, or -1 for the first. */
int wi_preferences_parse(const char *entry, char kind[32]);
/* The rank in the list: the position of the entry that names the kind and platform, or only the
 * kind. A kind that is listed only with other platforms comes after all listed entries, and a kind
 * that is not listed comes after that. */
int wi_preferences_rank(const struct wi_strings *list, const char *kind, enum wi_platform platform);

#endif
