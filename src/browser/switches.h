/* Switches and preferences of browsers, and the graphics adapters that decide some of them. */
#ifndef WI_BROWSER_SWITCHES_H
#define WI_BROWSER_SWITCHES_H

#include "browser/family.h"

/* Adds a switch; one of the same name is joined with it (lists of features) or replaced. */
void wi_switches_add(struct wi_strings *list, const char *text);
/* Adds the rows that apply; `rows` may be NULL. */
void wi_switches_add_rows(
    struct wi_strings *list, const struct wi_switch *rows, const struct wi_plan *plan);
/* The strings as a JSON array. */
json_t *wi_switches_json(const struct wi_strings *list);
/* The rows that apply (NULL: none), then the operator's, which take precedence: {name: value}. */
json_t *wi_preferences_json(const struct wi_preference *rows, const struct wi_plan *plan);

/* Adds a report of how a browser is started: the rows that a setting decides and those of the kind,
 * then the operator's, whose value is reported only if it cannot be a path or a host name. */
void wi_switches_tell(
    struct wi_strings *flags, const struct wi_browser_family *family, const struct wi_plan *plan);

/* Whether this machine has a GPU that this user may open, with its vendor's Vulkan driver; only
 * vendors whose GPUs were seen to compute in browsers this way. `root` is put before each path: ""
 * except in tests. */
int wi_gpu_is_here(const char *root);

#endif
