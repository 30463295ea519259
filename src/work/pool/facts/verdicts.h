/*
 * Which place computes which model correctly. A verdict belongs to a key: the model's content, the
 * place, the precision (for kernels: the kernel) and the set of inputs (terms/tensor/input_set.h);
 * a new version of any of these needs a new verdict. Verdicts are kept in the database and so
 * survive a restart, as long as the rules of comparing are the same.
 *
 * A set that agrees makes the place trusted with the model. Each further set is then compared, too,
 * up to WI_VERDICT_SETS of them. A set that differs is wrong by itself; WI_VERDICT_WRONG_SETS of
 * them make the place wrong for the model. A comparison without a set (of a task, by inputs of
 * ours) applies to the model at once.
 *
 * A verdict about a joined node applies only to its party (struct wi_node_info). Once a node of
 * another token has shown the same, it applies to all joined nodes whose own party has shown
 * nothing else; it never applies to the browsers that the service starts. What a relay has shown
 * neither counts for others nor do theirs count for it: the daemon behind it is another machine.
 *
 * A verdict of another member of a cluster about a place like ours counts here until this daemon
 * has one of its own.
 *
 * A place that was found wrong is compared again after a day, then after 2, 4 and at most 30 days.
 */
#ifndef WI_WORK_POOL_FACTS_VERDICTS_H
#define WI_WORK_POOL_FACTS_VERDICTS_H

#include "settings/store/db.h"
#include "terms/format/model.h"
#include "terms/tensor/input_set.h"
#include "work/pool/facts/place.h"

enum wi_verdict {
    WI_UNKNOWN, /* not checked yet */
    WI_TRUSTED, /* agrees with WASM within the tolerance */
    WI_WRONG,   /* does not */
    WI_UNABLE,  /* does not run there: an operator is missing, it takes too long, it crashes */
    WI_EXEMPT,  /* cannot be checked: the model draws random numbers, or is too big for WASM */
    WI_VERDICT_COUNT
};
extern const char *const wi_verdict_names[]; /* "unknown", "trusted" … */

/* The version of the rules of comparing (terms/tensor/compare.h, and the inputs: wire/probe.h).
 * Increase it with every change that may judge the same place differently: verdicts by earlier
 * rules are then checked again. */
#define WI_COMPARE_RULES 5

/* The most sets of inputs that are compared for a model at a place, and the most of them that one
 * client may bring; and the number of wrong sets that makes the place wrong for the model. */
#define WI_VERDICT_SETS 32
#define WI_VERDICT_SETS_OF_CLIENT 24
#define WI_VERDICT_WRONG_SETS 3
/* A place that failed may succeed later: with an input that fits, or on a less loaded machine. */
#define WI_VERDICT_UNABLE_MS ((int64_t)7 * 24 * 3600 * 1000)

/* The most verdicts that are kept, and as many again about sets of inputs: of the browsers that we
 * start; of all joined nodes, and as many that these share; and of the nodes of one token
 * (work/pool/facts/owners.h). */
#define WI_VERDICT_OURS_MAX 10000
#define WI_VERDICT_JOINED_MAX 2000
#define WI_VERDICT_TOKEN_MAX 256

struct wi_verdicts;
/* Reads the verdicts in `db` (NULL: keep nothing); `db` must outlive it. */
struct wi_verdicts *wi_verdicts_new(struct wi_db *db);
void wi_verdicts_free(struct wi_verdicts *verdicts); /* NULL is fine */

/* The verdict on a model at a place, for inputs of a set. */
struct wi_known {
    enum wi_verdict verdict; /* for routing: of the set, else of the model */
    /* For the client: WI_UNKNOWN if the place is trusted, but these inputs are still to be
     * compared, or could not be judged. */
    enum wi_verdict told;
    /* A check would give new information: there is no verdict, or only that it did not run there,
     * or one about other inputs, or it was found wrong long ago; and no check has just failed to
     * finish. */
    int due;
};
/* `variant`: a precision, NULL for the model's own; for kernels the kernel, NULL for all of them,
 * which may be wrong together. `set` "": for the model itself. WASM is the reference for the
 * others: it is always WI_TRUSTED, and so are built-in models. */
struct wi_known wi_verdicts_get(const struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, const char *variant, const char *set);

/* --- checking --------------------------------------------------------------------------------- */

/* A check takes a while, and its node may be gone at the end, so the key is made at the
 * beginning. */
#define WI_VERDICT_KEY_SIZE 784
void wi_verdict_key(char key[WI_VERDICT_KEY_SIZE], const struct wi_model *model,
    const struct wi_place *place, const char *variant, const char *set);
/* A trusted place is about to be compared for another set, which `client` (NULL is a client, too)
 * has brought: counts it. Returns 0 if enough sets were compared, in total or from that client. */
int wi_verdicts_look(struct wi_verdicts *verdicts, const char *key, const char *client);

/* The result of a check. */
struct wi_finding {
    /* WI_TRUSTED, WI_WRONG or WI_UNABLE; WI_UNKNOWN: a client's input differed, and the input of
     * ours that replaced it did not. */
    enum wi_verdict verdict;
    double ratio;       /* the worst error in tolerances */
    const char *detail; /* for people: where, or what failed; may be NULL */
    const char *shapes; /* of the input that decided it (wi_input_shapes); NULL: one of ours */
    int is_of_set;      /* WI_UNABLE does not apply to other inputs, even if none has run yet */
};
/* A wrong verdict stays until it is due again and an input of ours is computed correctly, because
 * other inputs may well be. Returns 1 if the verdict is new: there was another one, or none. */
int wi_verdicts_set(
    struct wi_verdicts *verdicts, const char *key, const struct wi_finding *finding);
/* Makes a check not due for a while, because there was nothing to compare, or the comparison was
 * inconclusive. The pause is five minutes, and doubles each time up to a day, until a check has a
 * result. `detail` gives the reason for people. */
void wi_verdicts_pause(struct wi_verdicts *verdicts, const char *key, const char *detail);
/* The check did not finish (its node broke, or its time was up). The second such check in a row,
 * with any inputs, makes it WI_UNABLE for a day; until then it is not due for a while. */
void wi_verdicts_miss(struct wi_verdicts *verdicts, const char *key, const char *detail);

/* --- WASM's result for a model, for every kind of browser with that engine version ------------ */

/* Only the place's engine, its version and the node's owner matter here. */

/* WASM refuses the model, so that no other platform's answer counts. */
void wi_verdicts_reject(struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, const struct wi_error *error);
/* WASM lacks the memory for it, so that the others cannot be checked: they become WI_EXEMPT. */
void wi_verdicts_outgrow(struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, const char *detail);
/* WASM has run it: its earlier results are void. */
void wi_verdicts_accept(
    struct wi_verdicts *verdicts, const struct wi_model *model, const struct wi_place *place);
/* WI_OK, or the code with which WASM refuses the model, with `error` filled. */
enum wi_code wi_verdicts_rejection(const struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, struct wi_error *error);

/* --- in a cluster ----------------------------------------------------------------------------- */

/* A verdict on a model, for all inputs, at a place of sessions, as members tell it to each other.
 */
struct wi_told_verdict {
    char key[WI_VERDICT_KEY_SIZE];
    enum wi_verdict verdict; /* WI_TRUSTED or WI_WRONG */
    double ratio;
    char detail[256];
    int64_t checked_at; /* Unix milliseconds */
    unsigned looked;    /* number of sets that were compared */
    unsigned wrongs;    /* times in a row that it was found wrong */
};

/* Told verdicts are not kept on disk; they replace each other. 0, or -1 for a key of another
 * kind. */
int wi_verdicts_tell(struct wi_verdicts *verdicts, const struct wi_told_verdict *told);
void wi_verdicts_untell(struct wi_verdicts *verdicts, const char *key);
/* Calls `each` for at most `most` own verdicts of which nothing was told, or something else that
 * was found earlier. Those from before `since` are left out, and those by which a client's inputs
 * condemn a place. */
typedef void wi_verdict_fn(void *context, const struct wi_told_verdict *own);
void wi_verdicts_untold(const struct wi_verdicts *verdicts, int64_t since, size_t most,
    wi_verdict_fn *each, void *context);

/* --- for people ------------------------------------------------------------------------------ */

/* The number of each verdict; verdicts on sets are counted only if they differ from the model's.
 * `verdicts` NULL: none, also below. */
void wi_verdicts_count(const struct wi_verdicts *verdicts, size_t counts[WI_VERDICT_COUNT]);
/* [{"browser","browser_version","joined","token","platform","engine","engine_version","adapter",
 * "precision","kernel","verdict","error_ratio","detail","checked_at","scope","input","sets"}] of
 * one content hash, those that are counted; new reference. */
json_t *wi_verdicts_json(const struct wi_verdicts *verdicts, const char *hash);

#endif
