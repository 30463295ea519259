/*
 * The limits of connections: at most [api] max_connections in all, at most
 * max_connections_per_address from one address or max_connections_loopback from this machine, and
 * none whose descriptor the rest of the program may need. When all places are taken, a connection
 * that showed no token, or only waits, is closed for the new one (connections.h). If there is none,
 * there are a few spare places, only for requests that need no token and for admins, so that the
 * service can always be inspected. The first request on a connection in a spare place decides
 * whether it may stay: until then it is a stranger, and is closed for the next one. Any other
 * connection is refused with an answer by hand, 503 too_many_connections, and closed; with TLS,
 * where an answer would need a handshake first, it is just closed. The input of refused connections
 * is read for a moment, so that the answer is not lost to a reset, but only for a few of them at a
 * time.
 */
#ifndef WI_API_HTTP_ADMISSION_H
#define WI_API_HTTP_ADMISSION_H

#include "api/http/clients/connections.h"
#include "base/error.h"
#include "base/net/addresses.h"
#include "settings/config/config.h"
#include "wire/dialect.h"
#include <uv.h>

struct wi_admission;
struct wi_admission_terms {
    double linger_ms; /* how long input is read from a connection that was refused */
    int tls;
    const struct wi_dialect *dialect; /* the form of the refusal */
    int highest_fd; /* the highest that a connection may have: base/descriptors.h */
};
struct wi_admission *wi_admission_new(uv_loop_t *loop, const struct wi_admission_terms *terms);
/* Closes the refused connections that are left. NULL is fine. */
void wi_admission_free(struct wi_admission *admission);

/* The most refused connections that are read at a time, each with its descriptor. */
#define WI_ADMISSION_LINGERING 64

/* The places beyond max_connections, and for this machine beyond its own limit. */
#define WI_ADMISSION_SPARE 16

/* Whether a connection from `peer` may come in, perhaps in place of another, and whether it gets a
 * spare place. If it may not, it has been refused, which takes over `fd` (non-blocking). */
enum wi_admitted { WI_ADMITTED_NOT, WI_ADMITTED, WI_ADMITTED_SPARE };
enum wi_admitted wi_admission_ask(struct wi_admission *admission,
    const struct wi_config_api *limits, struct wi_connections *connections, int fd,
    const struct wi_peer *peer);
/* An admitted connection begins, and ends. */
void wi_admission_enter(struct wi_admission *admission, const struct wi_peer *peer);
void wi_admission_leave(struct wi_admission *admission, const struct wi_peer *peer);

/* 1 if the next connection would be refused or get a spare place; `error` says why. */
int wi_admission_is_full(const struct wi_admission *admission, const struct wi_config_api *limits,
    const struct wi_connections *connections, struct wi_error *error);
/* WI_OK if there are places enough for a connection of the kind of `connection`; else
 * WI_TOO_MANY_CONNECTIONS. */
enum wi_code wi_admission_check_place(const struct wi_connections *connections,
    const struct wi_config_api *limits, const struct wi_connection *connection,
    struct wi_error *error);

struct wi_admission_counters {
    uint64_t full, address, files; /* refused since the start, for each limit; the one of this
                                    * machine counts as an address */
    uint64_t replaced;             /* closed for other connections */
};
const struct wi_admission_counters *wi_admission_counters(const struct wi_admission *admission);

#endif
