/*
 * The listener for clients: libmicrohttpd on the one loop, a route table, one file per endpoint.
 * Everything is called on the loop's thread. SIGPIPE must be ignored by the process.
 *
 * The order for main at the end (each step once):
 *   1. wi_server_quiesce            no client connects, and no request begins to wait any more
 *   2. wi_jobs_drain                what waits is answered, what runs may finish; the loop turns
 *   3. wi_jobs_abort                at the limit: the rest is answered
 *   4. wi_server_finish             every request still suspended is answered 503 shutting_down
 *   5. wi_server_stop               our handles leave MHD's epoll, MHD stops, connections close
 *   6. wi_server_free               before the jobs, pool, bridge and repository are freed
 *   7. let the loop turn until it is empty: the handles close on it
 * Between 4 and 5 the loop may turn for a moment so that slow clients get their answers: see
 * wi_server_busy.
 */
#ifndef WI_API_HTTP_SERVER_H
#define WI_API_HTTP_SERVER_H

#include "base/blob.h"
#include "base/change.h"
#include "base/error.h"
#include "browser/children.h"
#include "cluster/cluster.h"
#include "models/models.h"
#include "nodes/bridge/bridge.h"
#include "owners/check/check.h"
#include "owners/proof/proof.h"
#include "owners/quantizer/quantizer.h"
#include "settings/config/config.h"
#include "settings/store/db.h"
#include "work/job/job.h"
#include "work/pool/pool.h"
#include <uv.h>

/* Deadlines in milliseconds; zero-initialised means the contract's. Only tests shorten them. */
struct wi_server_times {
    double headers; /* 10 s: from connecting, or from a request line, to the end of its headers */
    double stall;   /* 30 s: a body has to bring 16 KiB for each of its seconds, or be whole: 408 */
    double grace;   /* 60 s: head start of an answer before its slowest rate (32 KiB/s) counts */
    double linger;  /* 2 s: how long input is thrown away after an early refusal */
    double beat;    /* 10 s: how long a stream is silent at most, first and later */
    double turn;    /* 20 ms: CPU time for all clients, of which one has half, before nodes go on */
};

/* All are borrowed and must outlive the server, except where noted. */
struct wi_server_deps {
    uv_loop_t *loop;
    const struct wi_config *config; /* until wi_server_reload replaces it */
    struct wi_jobs *jobs;
    const struct wi_checks *checks;
    struct wi_proof *proof; /* may be NULL: then no node is examined */
    struct wi_pool *pool;
    struct wi_bridge *bridge;
    struct wi_repository *repository;
    struct wi_versions_work *versions;
    struct wi_uploads *uploads;
    struct wi_pulls *pulls;           /* may be NULL: then nothing is pulled */
    struct wi_quantizer *quantizer;   /* may be NULL: then nothing is quantised */
    struct wi_blockstore *blocks;     /* may be NULL: then nothing is published */
    const struct wi_sources *sources; /* may be NULL: then there are no sources of blocks */
    struct wi_neighbours *neighbours; /* may be NULL: then there are none */
    struct wi_cluster *cluster;       /* may be NULL: then it is in no cluster */
    struct lws_context *lws;          /* of [channels] listen; NULL if there is none */
    struct wi_db *db;                 /* may be NULL */
    struct wi_budget *budget;
    const struct wi_children *children; /* may be NULL: then not counted in /metrics */
    const char *version;                /* of the program, e.g. "0.1.0" */
    /* The parts report changes through it; the server listens while clients watch. May be NULL. */
    struct wi_change_listener *listener;
    struct wi_server_times times;
};

struct wi_server;

/* Listens at once and logs "listening on URL". NULL with `error`: an invalid address, the port in
 * use, a bad certificate or key, a bad tokens file, or an address other than loopback without a
 * tokens file. */
struct wi_server *wi_server_new(const struct wi_server_deps *deps, struct wi_error *error);
/* Adds what is wrong with the files that [api] and [channels] name, as a start would find it.
 * Blocks, and changes nothing. */
void wi_server_check(const struct wi_config *config, struct wi_problems *problems);
/* Takes the reloadable values (tokens, hosts, origins, limits) and keeps `config`. On failure
 * (tokens file) nothing changes: call it before the parts whose reload cannot fail. */
enum wi_code wi_server_reload(
    struct wi_server *server, const struct wi_config *config, struct wi_error *error);
/* Closes the listening socket. From now on every request except /healthz is answered 503
 * shutting_down and its connection closed, even if its body is under way; requests that were being
 * handled are still answered. Not from inside a callback of the server. */
void wi_server_quiesce(struct wi_server *server);
/* Answers every suspended request with 503 shutting_down (its job is abandoned) and lets MHD write.
 * Not from inside a callback of the server. */
void wi_server_finish(struct wi_server *server);
/* The number of requests that are not completely answered yet, and one more while WebSockets of
 * subscribers have not ended. */
size_t wi_server_busy(const struct wi_server *server);
/* Does what wi_server_finish does, so that no request that came since is left suspended, and then
 * closes every connection. Not from inside a callback of the server. */
void wi_server_stop(struct wi_server *server);
void wi_server_free(struct wi_server *server); /* stops first where needed; NULL is fine */

/* The port listened on, also if the system chose it. Public for tests. */
unsigned wi_server_port(const struct wi_server *server);
const char *wi_server_url(const struct wi_server *server); /* borrowed */

#endif
