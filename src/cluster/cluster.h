/*
 * A daemon as a member of a cluster: several daemons whose members see each other through NATS. It
 * writes its own record every WI_MEMBER_BEAT_MS, and observes those of the others (members.h).
 * Everything is called on the loop; the connection has a thread of its own.
 */
#ifndef WI_CLUSTER_CLUSTER_H
#define WI_CLUSTER_CLUSTER_H

#include "cluster/broker.h"
#include "cluster/members.h"
#include "settings/config/config.h"
#include <uv.h>

/* Fills in what a record tells of this daemon, but its name, instance, version and time. The names
 * of models are asked for now and then only; with `models` 0 those that are there stay. */
typedef void wi_cluster_describe_fn(void *context, struct wi_cluster_member *member, int models);

struct wi_cluster;
/* Begins to connect. NULL without [cluster] servers, and then nothing is needed for it; NULL with
 * `error` if it cannot be started. `version` is the program's. */
struct wi_cluster *wi_cluster_new(
    uv_loop_t *loop, const struct wi_config *config, const char *version, struct wi_error *error);
/* From now on it may become a member: it is described by `describe`. */
void wi_cluster_join(struct wi_cluster *cluster, wi_cluster_describe_fn *describe, void *context);
/* Leaves: the others see it at once if there is a server. The loop goes on until the thread has
 * ended. A second call does nothing; NULL is fine. */
void wi_cluster_close(struct wi_cluster *cluster);
void wi_cluster_free(struct wi_cluster *cluster); /* closes first where needed; NULL is fine */

enum wi_cluster_state {
    WI_CLUSTER_CONNECTING, /* there is no connection */
    WI_CLUSTER_JOINING,    /* its record is not there yet, or its name may be free soon */
    WI_CLUSTER_MEMBER,
    WI_CLUSTER_NAME_TAKEN /* another member has its name: it does not take part */
};
extern const char *const wi_cluster_state_names[];

/* All strings are borrowed until the next turn of the loop. */
struct wi_cluster_view {
    enum wi_cluster_state state;
    const char *name;
    const char *server;                      /* to which it is connected; NULL: none */
    const char *instance;                    /* of this process */
    const struct wi_broker_problem *problem; /* NULL: there is none */
    const struct wi_members *members;        /* those that live now; wi_members_next */
};
void wi_cluster_look(struct wi_cluster *cluster, struct wi_cluster_view *view);
/* Adds what the operator should see to, as sentences. */
void wi_cluster_add_warnings(struct wi_cluster *cluster, json_t *warnings);

#endif
