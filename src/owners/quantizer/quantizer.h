/*
 * Models in fewer bits: variants that this daemon makes from a model's fp32 files. A separate
 * program (webinfer-quantize, under limits) writes them, a browser compares them with their source,
 * and only then do they get a name (models/catalog/library/made.h). One variant of a model is made
 * at a time.
 *
 *   quantizing → measuring → publishing → done
 *        └───────────┴───────────┴──────→ failed
 *
 * A daemon that ends abandons it. Everything is called on the loop's thread.
 */
#ifndef WI_OWNERS_QUANTIZER_QUANTIZER_H
#define WI_OWNERS_QUANTIZER_QUANTIZER_H

#include "base/change.h"
#include "browser/children.h"
#include "models/models.h"
#include "nodes/bridge/bridge.h"
#include "work/run/run.h"

enum wi_making_state {
    WI_MAKING_QUANTIZING, /* room is made, and the program writes the files */
    WI_MAKING_MEASURING,  /* browsers run it */
    WI_MAKING_PUBLISHING, /* one rename */
    WI_MAKING_DONE,
    WI_MAKING_FAILED,
    WI_MAKING_STATE_COUNT
};
extern const char *const wi_making_state_names[WI_MAKING_STATE_COUNT]; /* "quantizing" … */

struct wi_quantizer_want {
    int bits;  /* 4, 8 or 16 */
    int mixed; /* with 4 bits: the layers that lose most get 8 */
    int force; /* publish it even if its measurements are bad */
};

/* The public state of one variant being made. Borrowed for the call. */
struct wi_making_info {
    const char *name;    /* of the new variant: "NAME:q8" */
    const char *model;   /* NAME */
    const char *variant; /* "q8" */
    struct wi_quantizer_want want;
    enum wi_making_state state;
    uint64_t done, total; /* bytes of weights */
    size_t graphs_done, graphs;
    unsigned inputs_done; /* number measured, of WI_MEASURE_INPUTS */
    const json_t *notes;  /* its description and figures; NULL until they exist */
    double began_ms, ended_ms;
    const struct wi_error *error; /* if WI_MAKING_FAILED */
    const char *staging;          /* the id of its staging folder */
    uint64_t pending;             /* bytes still to be written there */
    int is_running;               /* its program */
};

/* All borrowed and must outlive this, but the configuration until wi_quantizer_reload. */
struct wi_quantizer_deps {
    struct wi_run_deps runs;
    struct wi_children *children;
    struct wi_versions_work *versions;
    const struct wi_bridge *bridge;
    const struct wi_change_listener *listener; /* NULL: none */
};

struct wi_quantizer;
struct wi_quantizer *wi_quantizer_new(const struct wi_quantizer_deps *deps);
void wi_quantizer_reload(struct wi_quantizer *quantizer, const struct wi_config *config);
/* The daemon ends: those under way end with WI_SHUTTING_DOWN, and no more begin. */
void wi_quantizer_stop(struct wi_quantizer *quantizer);
/* Whether a program that it started is still running. */
int wi_quantizer_is_busy(const struct wi_quantizer *quantizer);
/* No callback comes any more. NULL is fine. */
void wi_quantizer_free(struct wi_quantizer *quantizer);

/* Begins to make the variant `want` of `model`, which may be of any variant, or joins the one under
 * way if it is the same. Its name is written to `name`. WI_NOTHING_TO_QUANTIZE if there are no fp32
 * graphs, WI_CONFLICT if that variant exists or another is being made, WI_QUEUE_FULL beyond
 * WI_QUANTIZER_MAX, WI_SHUTTING_DOWN. */
#define WI_QUANTIZER_MAX 2
enum wi_code wi_quantizer_start(struct wi_quantizer *quantizer, struct wi_model *model,
    const struct wi_quantizer_want *want, char name[WI_MODEL_NAME_MAX + 1], struct wi_error *error);
/* Cancels by the name of the model or of its new variant. WI_OK, or WI_NOT_FOUND if none is under
 * way. */
enum wi_code wi_quantizer_cancel(
    struct wi_quantizer *quantizer, const char *name, struct wi_error *error);

/* Finds one by the name of the new variant, for as long as pulls are remembered
 * (models/models.h), or, while it is under way, by the model's name. Returns 0, or -1. */
typedef void wi_making_event_fn(void *context, const struct wi_making_info *info);
int wi_quantizer_find(
    const struct wi_quantizer *quantizer, const char *name, struct wi_making_info *info);
void wi_quantizer_each(
    const struct wi_quantizer *quantizer, wi_making_event_fn *each, void *context);

/* As wi_pull_watch. */
struct wi_making_watch;
struct wi_making_watch *wi_making_watch(
    struct wi_quantizer *quantizer, const char *name, wi_making_event_fn *on_event, void *context);
void wi_making_unwatch(struct wi_making_watch *watch); /* NULL is fine */

/* Whether variants may now be made on request, as demand.c does. */
int wi_quantizer_on_demand(const struct wi_quantizer *quantizer);
uv_loop_t *wi_quantizer_loop(const struct wi_quantizer *quantizer);

struct wi_quantizer_counters {
    uint64_t done, failed, cancelled; /* since the start */
    uint64_t webgpu;                  /* of `done`, those with graphs of their own for WebGPU */
    size_t under_way;                 /* now */
};
void wi_quantizer_counters(
    const struct wi_quantizer *quantizer, struct wi_quantizer_counters *counters);

/* --- demand.c --------------------------------------------------------------------------------- */

/*
 * Makes missing variants for requests while [models] quantize_on_demand is set: one of the
 * precision that the request names, or the next with fewer bits if there was no memory. Such a
 * variant is made like any other, so it is bounded by WI_QUANTIZER_MAX and published only if its
 * measurements are good. A request that arrives while another variant of its model is being made
 * waits for that one first.
 */

/* A failed variant is not begun again for this long, however many requests want it. */
#define WI_DEMAND_PATIENCE_MS 600000.0

/* `quantizer` must outlive it. */
struct wi_run_maker wi_demand_maker(struct wi_quantizer *quantizer);

#endif
