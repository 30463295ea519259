/*
 * A daemon as a member of a cluster: several daemons whose members see each other through NATS. It
 * writes its own record every WI_MEMBER_BEAT_MS, and observes those of the others (members.h).
 * Everything is called on the loop; the connection has a thread of its own.
 */
#ifndef WI_CLUSTER_CLUSTER_H
#define WI_CLUSTER_CLUSTER_H

#include "cluster/broker.h"
#include "cluster/members.h"
#include "cluster/rows.h"
#include "cluster/shared_jobs.h"
#include "cluster/talk.h"
#include "settings/config/config.h"
#include "terms/job/job_store.h"
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
/* Fills the store of the jobs that its members share, which is valid until wi_cluster_free. */
void wi_cluster_jobs(struct wi_cluster *cluster, struct wi_job_store *store);
/* Whether another member may run the record, which cannot run here because of `code`. Without its
 * model: one says that it has it, has more models than it names, or the record is younger than what
 * the members say. Else: one is not among those of the record that could not run it. A member that
 * has just been found counts although it may be gone. */
int wi_cluster_may_run_elsewhere(void *cluster, const struct wi_record *record, enum wi_code code);
/* The member of that instance, if it lives; borrowed until the next turn of the loop. NULL: there
 * is none. */
const struct wi_cluster_member *wi_cluster_find(void *cluster, const char *instance);
/* The rows that its members share, which are valid until wi_cluster_free; NULL without a cluster.
 */
struct wi_rows *wi_cluster_rows(struct wi_cluster *cluster);
/* Fills in how its members talk. */
void wi_cluster_talk(struct wi_cluster *cluster, struct wi_member_talk *talk);
/* Leaves: the others see it at once if there is a server. The loop goes on until the thread has
 * ended. Stored jobs can still be written. A second call does nothing; NULL is fine. */
void wi_cluster_leave(struct wi_cluster *cluster);
/* Leaves; the loop is kept for unfinished operations on stored jobs, and no longer. NULL is fine.
 */
void wi_cluster_close(struct wi_cluster *cluster);
/* Once the loop is empty; closes first where needed. NULL is fine. */
void wi_cluster_free(struct wi_cluster *cluster);

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
    struct wi_shared_counters jobs;          /* of what was found in the records of jobs */
    const struct wi_row_counters *rows;      /* likewise in the rows */
    const struct wi_row_counters *talk;      /* … and in what members said */
};
void wi_cluster_look(struct wi_cluster *cluster, struct wi_cluster_view *view);
/* Adds what the operator should see to, as sentences. */
void wi_cluster_add_warnings(struct wi_cluster *cluster, json_t *warnings);

#endif
