/*
 * How kernels are compiled fastest, by who computes them and by their calls' sizes: what a place
 * has used, and what was measured there. Places of ours share what one node of them has measured,
 * over restarts: it is kept in the database, by the place's key, which has the kernels' version. A
 * node that joined is believed for itself alone, as long as it is there.
 */
#ifndef WI_WORK_POOL_FACTS_TUNINGS_H
#define WI_WORK_POOL_FACTS_TUNINGS_H

#include "terms/kernel/choice.h"
#include "terms/kernel/kernel.h"
#include "work/pool/facts/place.h"

/* Of all of ours, of all that joined, and of one of these: what was noted longest ago goes. */
#define WI_TUNINGS_MAX 4096
#define WI_TUNINGS_ALL_JOINED 2048
#define WI_TUNINGS_JOINED 64
/* A node that has not said by then how its tuning ended is not waited for. Times are those of
 * wi_now_ms. */
#define WI_TUNING_PATIENCE_MS 30000.0
/* So often it is begun, at most, where no answer comes: what breaks its browser is left alone. */
#define WI_TUNING_TRIES 3

/* For whom it holds: the place's key, or of one that joined its node's id. */
struct wi_tuning_owner {
    char key[WI_PLACE_SIZE];
    int joined;
};
struct wi_tuning_owner wi_tuning_owner(const struct wi_place *place, const char *node_id);

struct wi_tuning {
    const struct wi_kernel *kernel;
    char size_class[WI_KERNEL_CLASS_SIZE];
    int is_known; /* … and then what was chosen */
    int is_hung;  /* … or that has not ended, instead */
    struct wi_kernel_choice choice;
};

struct wi_db;
struct wi_tunings;
/* What `db` (NULL: nothing) has; it must outlive them. */
struct wi_tunings *wi_tunings_new(struct wi_db *db);
void wi_tunings_free(struct wi_tunings *tunings); /* NULL is fine */

/* The kernel has run there, with sizes of that class. */
void wi_tunings_note(struct wi_tunings *tunings, const struct wi_tuning_owner *owner,
    const struct wi_kernel *kernel, const char *size_class);
/* Whether there is anything to measure for anybody. */
int wi_tunings_are_open(const struct wi_tunings *tunings);
/* What that node is to measure next, which is begun: NULL where everything is known that was used,
 * or something is under way. Valid until the next call. */
const struct wi_tuning *wi_tunings_begin(struct wi_tunings *tunings,
    const struct wi_tuning_owner *owner, const char *node_id, double now);
/* The node has ended what it was told to measure; `choice` NULL: before it was known. 1 if that is
 * what it had begun; else nothing happens. */
int wi_tunings_end(struct wi_tunings *tunings, const struct wi_tuning_owner *owner,
    const char *node_id, const char *kernel, const char *size_class,
    const struct wi_kernel_choice *choice);
/* One of the candidates of what the node had begun has not ended. That kernel is measured there no
 * more, for calls of no class: each further try may cost a browser. 1 if it had begun it; else
 * nothing happens. */
int wi_tunings_hung(struct wi_tunings *tunings, const struct wi_tuning_owner *owner,
    const char *node_id, const char *kernel, const char *size_class,
    const struct wi_kernel_choice *candidate);
/* The node is gone. */
void wi_tunings_forget(struct wi_tunings *tunings, const char *node_id);

/* What is known there, as a welcome has it: [{"kernel", "size_class", "choice"}]. NULL: nothing. */
json_t *wi_tunings_json(const struct wi_tunings *tunings, const struct wi_tuning_owner *owner);
/* Calls `each` with all that is known, the oldest first. */
typedef void wi_tunings_each_fn(
    void *context, const struct wi_tuning_owner *owner, const struct wi_tuning *tuning);
void wi_tunings_each(const struct wi_tunings *tunings, wi_tunings_each_fn *each, void *context);

#endif
