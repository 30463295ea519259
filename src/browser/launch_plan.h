/* The parts that all families put into a launch: folders, certificates, programs, environment. */
#ifndef WI_BROWSER_LAUNCH_PLAN_H
#define WI_BROWSER_LAUNCH_PLAN_H

#include "browser/family.h"

/* Folders to make below the session's directory, ended by NULL. Static. */
const char *const *wi_launch_folders(void);

/* Whether the session must be asked to accept any certificate (acceptInsecureCerts), because no
 * authority that this system trusts has signed the page's. For browsers that cannot be given that
 * one alone. */
int wi_plan_accepts_any(const struct wi_plan *plan);

/* The configured program, or the first of `names` that exists, without driver_command's arguments.
 * `key` is the configuration's, for the message. NULL with `error` filled. The caller frees it. */
char *wi_plan_find(const struct wi_plan *plan, const char *configured, const char *names,
    const char *key, struct wi_error *error);
/* The driver, `arguments` (ended by NULL), then those of the operator's driver_command, all into
 * launch->command. */
enum wi_code wi_plan_driver(const struct wi_plan *plan, const char *const *arguments,
    struct wi_launch *launch, struct wi_error *error);
/* The environment of every browser: directories below the session's, and variables that are passed
 * on. */
void wi_plan_environment(const struct wi_plan *plan, struct wi_launch *launch);

#endif
