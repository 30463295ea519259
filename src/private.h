/*
 * webinferd --private: a daemon that one program starts for itself and that ends with it. What the
 * configuration says of listeners, tokens and the database is replaced; all the rest of it holds.
 */
#ifndef WI_PRIVATE_H
#define WI_PRIVATE_H

#include "base/error.h"
#include "base/loop.h"
#include "base/memory.h"
#include "browser/instance.h"

/* Adds to `settings` (see wi_config_load_with) free ports on loopback, without tokens and TLS, and
 * the database in a folder of the instance, which goes with it, unless `settings` name another. An
 * empty models.directory of theirs becomes such a folder as well. */
enum wi_code wi_private_settle(
    struct wi_instance *instance, struct wi_strings *settings, struct wi_error *error);
/* One line of JSON on standard output, {"api": URL, "bridge": URL}. */
void wi_private_say(const char *api_url, const char *bridge_url);
/* Calls when there is something of standard input: ask wi_private_has_ended. NULL with `error`
 * filled if it is nothing that can be waited for. */
struct wi_watch *wi_private_watch(
    uv_loop_t *loop, wi_watch_fn *on_input, void *context, struct wi_error *error);
/* Reads on, throwing away what comes. Once standard input has ended whoever holds its other end is
 * gone, on purpose or not. */
int wi_private_has_ended(void);

#endif
