/*
 * Which place computes which model right. A verdict belongs to a key: the model's content, the
 * place, the precision (of kernels: the kernel) and the set of inputs (terms/tensor/input_set.h); a
 * new version of anything in it is a new question. Verdicts are kept in the database and so survive
 * a restart, as long as the rules of comparing are the same.
 *
 * A set that agrees makes the place trusted with the model. Each further set is then compared, too,
 * up to WI_VERDICT_SETS of them. A set that differs is wrong by itself; so many as
 * WI_VERDICT_WRONG_SETS make the place wrong for the model. What belongs to no set (a task, which
 * is compared by inputs of ours) is about the model at once.
 *
 * A verdict about a joined node is its party's own (struct wi_node_info). Once a node of another
 * token has shown the same it counts for all that join, where their own party has shown nothing
 * else; never for the browsers that the service starts.
 *
 * A place that was found wrong is compared again after a day, then after 2, 4 and at most 30 days.
 */
#ifndef WI_WORK_POOL_FACTS_VERDICTS_H
#define WI_WORK_POOL_FACTS_VERDICTS_H

#include "models/catalog/library/model.h"
#include "settings/store/db.h"
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

/* The version of the rules of comparing (terms/tensor/compare.h, and what is asked: wire/probe.h).
 * Count it up with every change that may judge the same place differently: what earlier rules
 * judged is then asked anew. */
#define WI_COMPARE_RULES 5

/* How many sets of inputs are looked at, for a model at a place, and how many of them one client
 * may bring; and how many wrong ones condemn the place for the model. */
#define WI_VERDICT_SETS 32
#define WI_VERDICT_SETS_OF_CLIENT 24
#define WI_VERDICT_WRONG_SETS 3
/* A place that failed may do better some day: an input that fits, a machine less loaded. */
#define WI_VERDICT_UNABLE_MS ((int64_t)7 * 24 * 3600 * 1000)

/* More are not kept, and as many again about sets of inputs: of the browsers that we start, of all
 * joined nodes and as many that these share, of those with one token (work/pool/facts/owners.h). */
#define WI_VERDICT_OURS_MAX 10000
#define WI_VERDICT_JOINED_MAX 2000
#define WI_VERDICT_TOKEN_MAX 256

struct wi_verdicts;
/* Reads what `db` (NULL: keep nothing) remembers; `db` must outlive it. */
struct wi_verdicts *wi_verdicts_new(struct wi_db *db);
void wi_verdicts_free(struct wi_verdicts *verdicts); /* NULL is fine */

/* What is known of a model at a place, for inputs of a set. */
struct wi_known {
    enum wi_verdict verdict; /* for routing: that of the set, else of the model */
    /* For who asked: WI_UNKNOWN where the place is trusted, but these inputs are still to be looked
     * at, or could not be judged. */
    enum wi_verdict told;
    /* A check would tell something new: nothing is known, or only that it did not run there, or it
     * is of other inputs, or it was found wrong long ago; and none came to no end just now. */
    int due;
};
/* `variant`: a precision, NULL as the model is; of kernels the kernel, NULL all of them, which may
 * be wrong together. `set` "": of the model itself. WASM is what the others are compared with:
 * always WI_TRUSTED, as are built-in models. */
struct wi_known wi_verdicts_get(const struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, const char *variant, const char *set);

/* --- checking ----------------------------------------------------------------------------------
 * A check takes a while, and its node may be gone at its end: so the key is made when it begins. */
#define WI_VERDICT_KEY_SIZE 768
void wi_verdict_key(char key[WI_VERDICT_KEY_SIZE], const struct wi_model *model,
    const struct wi_place *place, const char *variant, const char *set);
/* A place that is trusted is about to be compared for another set, which `client` (NULL is one,
 * too) has brought: counts it. 0: enough were looked at, or of that client. */
int wi_verdicts_look(struct wi_verdicts *verdicts, const char *key, const char *client);

/* What a check has found. */
struct wi_finding {
    /* WI_TRUSTED, WI_WRONG, WI_UNABLE; WI_UNKNOWN: a client's input differed, and one of ours in
     * its place did not. */
    enum wi_verdict verdict;
    double ratio;       /* the worst error in tolerances */
    const char *detail; /* says for people where, or what failed; may be NULL */
    const char *shapes; /* of the input that decided it (wi_input_shapes); NULL: one of ours */
    int is_of_set;      /* WI_UNABLE says nothing of other inputs, even where none has run yet */
};
/* Once wrong stays wrong until it is due again, and then an input of ours comes out right: others
 * may well do so. 1 if that is news: another verdict was known, or none. */
int wi_verdicts_set(
    struct wi_verdicts *verdicts, const char *key, const struct wi_finding *finding);
/* Not due for a while: there was nothing to compare, or what there was told nothing. Five minutes,
 * and twice as long each time, to a day, until a check says more. `detail` says for people why. */
void wi_verdicts_pause(struct wi_verdicts *verdicts, const char *key, const char *detail);
/* The check came to no end (its node broke, its time was up). The second in a row, with whichever
 * inputs, makes it WI_UNABLE for a day; until then it is not due for a while. */
void wi_verdicts_miss(struct wi_verdicts *verdicts, const char *key, const char *detail);

/* --- what WASM says of a model, for every kind of browser with that engine version -------------
 * Only the place's engine, its version and who owns the node are looked at. */

/* WASM refuses the model, so that no other platform's answer counts. */
void wi_verdicts_reject(struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, const struct wi_error *error);
/* WASM has not the memory for it, so that the others cannot be checked: they become WI_EXEMPT. */
void wi_verdicts_outgrow(struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, const char *detail);
/* WASM has run it: whatever it said before is void. */
void wi_verdicts_accept(
    struct wi_verdicts *verdicts, const struct wi_model *model, const struct wi_place *place);
/* WI_OK, or the code with which WASM refuses the model, `error` filled. */
enum wi_code wi_verdicts_rejection(const struct wi_verdicts *verdicts, const struct wi_model *model,
    const struct wi_place *place, struct wi_error *error);

/* --- for people ------------------------------------------------------------------------------ */

/* How many there are of each; of sets those alone that say otherwise than what is known of their
 * model. `verdicts` NULL: none, also below. */
void wi_verdicts_count(const struct wi_verdicts *verdicts, size_t counts[WI_VERDICT_COUNT]);
/* [{"browser","browser_version","joined","token","platform","engine","engine_version","adapter",
 * "precision","kernel","verdict","error_ratio","detail","checked_at","scope","input","sets"}] of
 * one content hash, as they are counted; new reference. */
json_t *wi_verdicts_json(const struct wi_verdicts *verdicts, const char *hash);

#endif
