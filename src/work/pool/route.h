/*
 * Which node a piece of work goes to, and which platforms it tries there: the option with the least
 * expected completion time, among those that are allowed. Pure: all of its input is in the
 * candidates and terms, and how it judged each option is in the options.
 */
#ifndef WI_WORK_POOL_ROUTE_H
#define WI_WORK_POOL_ROUTE_H

#include "nodes/bridge/bridge.h"
#include "settings/config/config.h"
#include "work/pool/facts/estimates.h"
#include "work/pool/facts/fleet.h"
#include "work/pool/facts/verdicts.h"
#include "work/pool/pool.h"

/* What a failure costs at least, beside what was lost. */
#define WI_ROUTE_FAILURE_MS 1000.0
/* What a token of a prompt is taken to cost where that was not measured. */
#define WI_ROUTE_PROMPT_TOKEN_MS 1.0
/* A model is not loaded into a node that works on another one, unless a request has waited so long
 * for an idle node: then it takes its turn. */
#define WI_ROUTE_PATIENCE_MS 1000.0
/* How many times the time of the client's answer a shadow run may take. */
#define WI_ROUTE_PROBE_FACTOR 20
/* Beside that, for loading the model there and for compiling it. */
#define WI_ROUTE_PROBE_BASE_MS 10000.0

/* A node that could take the work now; `node` NULL: there is none. */
struct wi_free_node {
    const char *node;
    double ahead_ms; /* until it is expected to be free */
};

/* A platform of a candidate, for the demanded model. */
struct wi_prospect {
    const struct wi_place *place; /* NULL: it has none */
    struct wi_estimate estimate;
    enum wi_verdict verdict;
    int rests;                 /* its last check had no result, and it is too soon for another */
    int is_due;                /* it was found wrong, and is to be compared again */
    int is_short;              /* it lacked memory for the model, which has a smaller variant */
    int rank;                  /* in [browser_preferences], 0 the best */
    struct wi_free_node warm;  /* the first free node that has the model loaded */
    size_t loaded;             /* how many have it loaded, free or not */
    struct wi_free_node known; /* the node that has computed the beginning of the prompt, if it is
                                * here, has the model still, and is free */
    unsigned known_tokens;     /* how much of it */
};

/* Nodes that are alike, as one demand sees them. */
struct wi_candidate {
    const struct wi_node_info *info;         /* what they have in common */
    const struct wi_config_browser *browser; /* of their sessions; NULL for joined nodes */
    size_t nodes, open;                      /* how many; those that take work */
    unsigned slots;          /* tasks of the model's engine that one runs at a time */
    size_t away;             /* those that take none now, and will by themselves */
    size_t paused;           /* of them, those whose people want it so */
    size_t held;             /* likewise, those that have not shown yet that they compute right */
    uint64_t worked;         /* of joined nodes: their class's last turn; else 0 */
    int doubted;             /* taken only where nothing else has room */
    struct wi_free_node any; /* the first free node, but the avoided one */
    int any_idle;            /* its engine works on no model */
    struct wi_free_node avoided; /* the demand's `avoid`, if it is here and has room */
    double full_ms; /* until the first full node is expected to be free; < 0: none is full */
    struct wi_prospect prospects[WI_PLATFORM_COUNT];
};

struct wi_terms {
    enum wi_numerics numerics;
    double exploration, recheck; /* shares */
    double recheck_roll;         /* in [0, 1), or 1 for "not now" */
    size_t waiting;              /* jobs in the queue */
    double now;                  /* wi_now_ms() */
};

enum wi_standing {
    WI_STANDING_READY,       /* could be taken now */
    WI_STANDING_BUSY,        /* would have to load, and no node is idle */
    WI_STANDING_FULL,        /* its nodes have as many attempts as they may */
    WI_STANDING_CLOSED,      /* its nodes are away, or too much waits to be sent to them */
    WI_STANDING_PAUSED,      /* their people want no work for now */
    WI_STANDING_HELD,        /* they have not shown yet that they compute right */
    WI_STANDING_DRAINING,    /* its nodes take no work any more */
    WI_STANDING_UNAVAILABLE, /* the page says that it has none */
    WI_STANDING_BARRED,      /* by the configuration, or by what it is */
    WI_STANDING_UNCHECKED,   /* not compared with wasm yet */
    WI_STANDING_WRONG,       /* compared, and wrong */
    WI_STANDING_UNABLE,      /* tried, and it does not run the model */
    WI_STANDING_SHORT,       /* tried, and it lacked memory; a smaller variant may go there */
    WI_STANDING_SOFTWARE,    /* a software adapter that was not measured */
    WI_STANDING_OTHER        /* the request names another */
};
extern const char *const wi_standing_names[];

/* A platform of a candidate, judged. */
struct wi_route_option {
    const struct wi_candidate *candidate;
    enum wi_platform platform;
    enum wi_standing standing;
    const char *why;    /* a sentence, or "" */
    const char *node;   /* where it would go; NULL: nowhere now */
    int warm, measured; /* loaded there; run_ms is a measurement */
    int cold;           /* run_ms is that of a first run */
    int is_text;        /* run_ms is of so many tokens */
    int is_hopeless;    /* not worth finding out about: software, and the engine is choosy */
    int chosen;
    double expected_ms; /* the sum of the next four; the least wins */
    double queue_ms, load_ms, run_ms, failure_ms;
};

/* Whether the pins allow the candidate. A simulated node gets only what asks for one by the
 * platform's name, and nobody else gets that. */
int wi_route_matches(const struct wi_candidate *candidate, const struct wi_demand *demand);
/* Why nodes like this one serve no such demand, on whatever platform: they have no engine for the
 * model, cannot send parts, or cannot continue what another node has begun. NULL if they may. */
const char *wi_route_unfit(const struct wi_node_info *info, const struct wi_demand *demand);
/* Whether lack of memory for this variant of the model is all that keeps it from some place. */
int wi_route_lacks_memory(const struct wi_route_option *options, size_t count);

/* The best of the candidates. WI_PICK_WAIT: one could, but is full, busy, away or paused, or is
 * worth waiting for. WI_PICK_NEVER: none of these ever could, or only what is draining; `error`
 * says why (WI_MODEL_TOO_LARGE for want of memory, WI_PLATFORM_UNSUPPORTED, or WI_UNAVAILABLE where
 * there is no candidate that the pins allow, none that knows what the demand needs of a node, or
 * what could run it is draining). `options` has room for count × WI_PLATFORM_COUNT and is filled in
 * the order of the candidates that match. */
enum wi_pick wi_route(const struct wi_candidate *candidates, size_t count,
    const struct wi_demand *demand, const struct wi_terms *terms, struct wi_route_option *options,
    struct wi_choice *choice, struct wi_error *error);

#endif
