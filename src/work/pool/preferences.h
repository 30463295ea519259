/* [browser_preferences]: what an operator takes for the best place of a type of model, until
 * measurements say better. Pure. */
#ifndef WI_WORK_POOL_PREFERENCES_H
#define WI_WORK_POOL_PREFERENCES_H

#include "nodes/bridge/bridge.h"
#include "settings/config/config.h"
#include "terms/task/type.h"

/* The list for a type of model; that of `other` for WI_TYPE_UNKNOWN. */
const struct wi_strings *wi_preferences_of(
    const struct wi_config_preferences *preferences, enum wi_model_type type);
/* "KIND" or "KIND/PLATFORM" taken apart; *has_platform is 0 for the first. */
void wi_preferences_parse(
    const char *entry, char kind[32], int *has_platform, enum wi_platform *platform);
/* How far from the top of the list: the position of the entry that names the kind and platform, or
 * the kind alone. A kind that is listed with other platforms only comes after all that is listed,
 * and one that is not listed after that. */
int wi_preferences_rank(const struct wi_strings *list, const char *kind, enum wi_platform platform);

#endif
