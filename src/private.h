/*
 * webinferd --private: a daemon that one program starts for itself and that ends with that program.
 * It replaces the configuration's settings for listeners, tokens and the database, and keeps all
 * others.
 */
#ifndef WI_PRIVATE_H
#define WI_PRIVATE_H

#include "base/error.h"
#include "base/loop.h"
#include "base/memory.h"
#include "browser/instance.h"

/* Adds to `settings` (see wi_config_load_with): free ports on loopback, no tokens, no TLS, and,
 * unless `settings` name a database, one in a folder of the instance, which is removed with it. An
 * empty models.directory in `settings` becomes such a folder as well. */
enum wi_code wi_private_settle(
    struct wi_instance *instance, struct wi_strings *settings, struct wi_error *error);
/* One line of JSON on standard output, {"api": URL, "bridge": URL}. */
void wi_private_say(const char *api_url, const char *bridge_url);
/* Calls `on_input` when standard input can be read; it then asks wi_private_has_ended. NULL with
 * `error` filled if standard input cannot be waited for. */
struct wi_watch *wi_private_watch(
    uv_loop_t *loop, wi_watch_fn *on_input, void *context, struct wi_error *error);
/* Reads standard input and discards the bytes. Returns whether it has ended, which means that the
 * program at its other end is gone, on purpose or not. */
int wi_private_has_ended(void);

#endif
