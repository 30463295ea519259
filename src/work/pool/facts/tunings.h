/*
 * The fastest ways to compile kernels, by the place that computes them and by the sizes of their
 * calls: the kernels used at a place, and the measurements there. Our own places share the
 * measurements of one node of theirs, over restarts: these are kept in the database, by the place's
 * key, which includes the kernels' version. The measurements of a joined node apply only to that
 * node, while it is connected.
 */
#ifndef WI_WORK_POOL_FACTS_TUNINGS_H
#define WI_WORK_POOL_FACTS_TUNINGS_H

#include "base/table.h"
#include "settings/store/db.h"
#include "terms/kernel/kernel.h"
#include "terms/kernel/kernel_choice.h"
#include "work/pool/facts/place.h"

/* The most entries of all our places, of all joined nodes, and of one of these: the one noted
 * longest ago is dropped. */
#define WI_TUNINGS_MAX 4096
#define WI_TUNINGS_ALL_JOINED 2048
#define WI_TUNINGS_JOINED 64
/* A node that has not reported the end of its tuning by then is no longer waited for. Times are
 * those of wi_awake_ms. */
#define WI_TUNING_PATIENCE_MS 30000.0
/* The most times that a tuning is begun without an answer: one that breaks its browser is not tried
 * again. */
#define WI_TUNING_TRIES 3

/* The owner of a tuning: the place's key, or for a joined node its id. */
struct wi_tuning_owner {
    char key[WI_PLACE_SIZE];
    int joined;
};
struct wi_tuning_owner wi_tuning_owner(const struct wi_place *place, const char *node_id);

struct wi_tuning {
    const struct wi_kernel *kernel;
    char size_class[WI_KERNEL_CLASS_SIZE];
    int is_known; /* a choice is known: `choice` */
    int is_hung;  /* instead, `choice` is one that has not ended */
    struct wi_kernel_choice choice;
};

#define WI_TUNING_KEY_SIZE (WI_PLACE_SIZE + 32 + WI_KERNEL_CLASS_SIZE)
struct wi_tuning_item {
    char key[WI_TUNING_KEY_SIZE];
    struct wi_tuning_owner owner;
    struct wi_tuning tuning;
    char node[WI_ID_SIZE]; /* that has begun it; "": none */
    double begun_at;
    unsigned tries;
    UT_hash_handle hh; /* by key; hh.next is the next of all */
};

/* Others read the members; only the functions here change them. */
struct wi_tunings {
    struct wi_db *db;
    struct wi_tuning_item *items; /* in the order in which they were noted */
};
/* Reads the entries in `db` (NULL: keep nothing); it must outlive them. */
struct wi_tunings *wi_tunings_new(struct wi_db *db);
void wi_tunings_free(struct wi_tunings *tunings); /* NULL is fine */

/* The kernel has run there, with sizes of that class. */
void wi_tunings_note(struct wi_tunings *tunings, const struct wi_tuning_owner *owner,
    const struct wi_kernel *kernel, const char *size_class);
/* Whether there is anything to measure for any owner. */
int wi_tunings_are_open(const struct wi_tunings *tunings);
/* Begins the next measurement for that node: NULL if all used kernels are known, or a measurement
 * is under way. Valid until the next call. */
const struct wi_tuning *wi_tunings_begin(struct wi_tunings *tunings,
    const struct wi_tuning_owner *owner, const char *node_id, double now);
/* The node has ended its measurement, perhaps before it had a result. If one of the candidates has
 * not ended, that kernel is not measured there any more, for any class of calls: each further try
 * may cost a browser. Returns 1 if the node had begun this measurement; otherwise does nothing. */
int wi_tunings_end(struct wi_tunings *tunings, const struct wi_tuning_owner *owner,
    const char *node_id, const struct wi_node_tuning *said);
/* The node is gone. */
void wi_tunings_forget(struct wi_tunings *tunings, const char *node_id);

/* The known tunings there, in the form for a welcome: [{"kernel", "size_class", "choice"}]. NULL:
 * none. */
json_t *wi_tunings_json(const struct wi_tunings *tunings, const struct wi_tuning_owner *owner);
#endif
