/*
 * Which connections are let in: not more than [api] max_connections in all, not more than
 * max_connections_per_address from one address or max_connections_loopback from this machine, and
 * none whose descriptor the rest of the program may need. Where all places are taken, one that
 * showed no token, or only waits, is closed for the new one (connections.h); if there is none,
 * there are a few places more, which are for whatever needs no token and for admins alone, so that
 * the service can always be looked at. Who has one of these is told by the first request: until
 * then it is a stranger, and goes for the next. The others are told so in an answer by hand,
 * 503 too_many_connections, and closed; with TLS, where an answer would need a handshake first,
 * they are just closed. What they still send is read for a moment, so that the answer is not lost
 * to a reset, but for a few of them at a time only.
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
    double linger_ms; /* how long is read from a connection that was refused */
    int tls;
    const struct wi_dialect *dialect; /* how it is told why */
    int highest_fd;                   /* that a connection may have: base/descriptors.h */
};
struct wi_admission *wi_admission_new(uv_loop_t *loop, const struct wi_admission_terms *terms);
/* Closes the refused ones that are left. NULL is fine. */
void wi_admission_free(struct wi_admission *admission);

/* How many of the refused are read from at a time, each with its descriptor. */
#define WI_ADMISSION_LINGERING 64

/* The places beyond max_connections, and for this machine beyond its own limit. */
#define WI_ADMISSION_SPARE 16

/* Whether a connection from `peer` may come in, perhaps for another, and whether it gets one of the
 * last places. If not it has been refused, which takes `fd` (non-blocking). */
enum wi_admitted { WI_ADMITTED_NOT, WI_ADMITTED, WI_ADMITTED_SPARE };
enum wi_admitted wi_admission_ask(struct wi_admission *admission,
    const struct wi_config_api *limits, struct wi_connections *connections, int fd,
    const struct wi_peer *peer);
/* One that was let in is there, and is gone. */
void wi_admission_enter(struct wi_admission *admission, const struct wi_peer *peer);
void wi_admission_leave(struct wi_admission *admission, const struct wi_peer *peer);

/* 1 if the next one would be refused or get one of the last places; `error` says why. */
int wi_admission_is_full(const struct wi_admission *admission, const struct wi_config_api *limits,
    const struct wi_connections *connections, struct wi_error *error);
/* Whether there are no more connections than there are places for such as `connection`; if not,
 * WI_TOO_MANY_CONNECTIONS. */
enum wi_code wi_admission_check_place(const struct wi_connections *connections,
    const struct wi_config_api *limits, const struct wi_connection *connection,
    struct wi_error *error);

struct wi_admission_counters {
    uint64_t full, address, files; /* refused since the start, for each limit; this machine's is
                                      an address's */
    uint64_t replaced;             /* closed for others */
};
const struct wi_admission_counters *wi_admission_counters(const struct wi_admission *admission);

#endif
