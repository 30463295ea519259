/*
 * Whether browsers get a network of their own ([pool] network) and can have their sandboxes:
 * whether this machine permits it, determined once by trying, and which kinds turned out not to
 * start in a network of their own.
 */
#ifndef WI_BROWSER_BROWSER_NETWORK_H
#define WI_BROWSER_BROWSER_NETWORK_H

#include "settings/config/config.h"

/* The consequence, for the end of a warning. */
#define WI_NETWORK_RISK                                                                            \
    "every user of this machine can read and change what they compute, over the ports of "         \
    "browsers "                                                                                    \
    "and drivers, and what runs in them reaches the machine's network"

struct wi_network;
/* Starts the helper `lifeline` for a moment, and waits for it. */
struct wi_network *wi_network_new(const char *lifeline);
void wi_network_free(struct wi_network *network); /* NULL is fine */

/* Whether a session of that kind is to have one, now. NULL for `network`: no. */
int wi_network_apart(const struct wi_network *network, enum wi_network_mode mode,
    const struct wi_config_browser *browser);
/* Why none of that kind (NULL: of any) has one under `auto`; NULL: it has one, or none is started
 * here. */
const char *wi_network_problem(
    const struct wi_network *network, const struct wi_config_browser *browser);

/* Whether this machine, or the container's runtime, refuses user namespaces to every process of
 * this user, so that the sandboxes of Chromium and WebKitGTK cannot work. 0 if a security module
 * refused, because its policy may allow browsers what it denies us, and if Chromium has a helper
 * that root has made setuid. Also 0 for a root that may have networks, since its browsers have no
 * sandbox in any case. NULL for `network`: 0. */
int wi_network_confined(const struct wi_network *network);

/* The machine refused one to a session: no further one is tried under `auto`. */
void wi_network_refused(struct wi_network *network, const char *why);
/* A session under `auto` has its browser (`came`), or its driver or browser ended or refused. If
 * that happened twice with a network of its own and it never succeeded, a start without one is
 * tried; if that succeeds, the kind has none from then on, and 1 is returned, once. */
int wi_network_tried(struct wi_network *network, const char *kind, int apart, int came);

#endif
