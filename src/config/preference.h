/* A line of [browser.NAME] preferences: NAME=VALUE, VALUE in JSON. */
#ifndef WI_CONFIG_PREFERENCE_H
#define WI_CONFIG_PREFERENCE_H

#include "base/error.h"
#include <jansson.h>

/* WI_OK with `name` (the caller frees it) and `value` (owned), or WI_INVALID_FIELD saying what is
 * wrong. Browsers keep booleans, numbers and strings; Chromium lists and objects too. */
enum wi_code wi_preference_parse(
    const char *line, char **name, json_t **value, struct wi_error *error);

#endif
