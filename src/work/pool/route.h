/*
 * Chooses the node for a piece of work, and the platforms to try there: the option with the least
 * expected completion time, among those that are allowed. Pure: all of its input is in the
 * candidates and terms, and its judgement of each option is in the options.
 */
#ifndef WI_WORK_POOL_ROUTE_H
#define WI_WORK_POOL_ROUTE_H

#include "nodes/bridge/bridge.h"
#include "settings/config/config.h"
#include "work/pool/facts/estimates.h"
#include "work/pool/facts/fleet.h"
#include "work/pool/facts/verdicts.h"
#include "work/pool/pool.h"

/* The minimum cost of a failure, in addition to the lost time. */
#define WI_ROUTE_FAILURE_MS 1000.0
/* The assumed time per token of a prompt if it was not measured. */
#define WI_ROUTE_PROMPT_TOKEN_MS 1.0
/* A model is not loaded into a node that works on another one, unless a request has waited this
 * long for an idle node: then it takes its turn. */
#define WI_ROUTE_PATIENCE_MS 1000.0
/* The most time that a shadow run may take, as a multiple of the time of the client's answer. */
#define WI_ROUTE_PROBE_FACTOR 20
/* Additional time for loading the model there and compiling it. */
#define WI_ROUTE_PROBE_BASE_MS 10000.0

/* A node that could accept the work now; `node` NULL: there is none. */
struct wi_free_node {
    const char *node;
    double ahead_ms; /* time until it is expected to be free */
};

/* A platform of a candidate, for the demanded model. */
struct wi_prospect {
    const struct wi_place *place; /* NULL: it has none */
    struct wi_estimate estimate;
    enum wi_verdict verdict;
    int rests;                /* its last check had no result, and the next is not due yet */
    int is_due;               /* it was found wrong, and is due for another comparison */
    int is_short;             /* it lacked memory for the model, which has a smaller variant */
    int rank;                 /* in [browser_preferences], 0 the best */
    int absent;               /* of a relay: the daemon behind it does not have the model */
    int held;                 /* of a relay: its answers there were found wrong */
    struct wi_free_node warm; /* first free node that has the model loaded */
    size_t loaded;            /* number that have it loaded, free or not */
    /* The node that has computed the beginning of the prompt, if it is here, still has the model,
     * and is free. */
    struct wi_free_node known;
    unsigned known_tokens; /* length of that beginning */
};

/* A class of nodes that are alike for one demand. */
struct wi_candidate {
    const struct wi_node_info *info;         /* their common properties */
    const struct wi_config_browser *browser; /* of their sessions; NULL for joined nodes */
    size_t nodes, open;                      /* their number; those that accept work */
    unsigned slots;  /* tasks of the model's engine that one node runs at a time */
    size_t away;     /* those that accept none now, but will again by themselves */
    size_t paused;   /* of them, those that their users have paused */
    size_t held;     /* likewise, those that have not yet proven that they compute correctly */
    uint64_t worked; /* for joined nodes: their class's last turn; else 0 */
    int doubted;     /* used only if nothing else has room */
    unsigned queue;  /* of the demand's work on its nodes: see work/pool/facts/fleet.h */
    struct wi_free_node any;     /* first free node, except the avoided one */
    int any_idle;                /* its engine runs no model */
    struct wi_free_node avoided; /* the node in `avoid`, if it is here and has room */
    double full_ms;              /* time until the first full node is free; < 0: none is full */
    struct wi_prospect prospects[WI_PLATFORM_COUNT];
};

struct wi_terms {
    enum wi_numerics numerics;
    double exploration, recheck; /* fractions */
    double recheck_roll;         /* in [0, 1), or 1 for "not now" */
    size_t waiting;              /* jobs in the queue */
    double now;                  /* wi_awake_ms() */
};

enum wi_standing {
    WI_STANDING_READY,       /* could be used now */
    WI_STANDING_BUSY,        /* would have to load, and no node is idle */
    WI_STANDING_FULL,        /* its nodes have as many attempts as they may */
    WI_STANDING_CLOSED,      /* its nodes are away, or too much data waits to be sent to them */
    WI_STANDING_PAUSED,      /* paused by their users */
    WI_STANDING_HELD,        /* they have not yet proven that they compute correctly */
    WI_STANDING_DRAINING,    /* its nodes accept no more work */
    WI_STANDING_UNAVAILABLE, /* the page reports that it has none */
    WI_STANDING_BARRED,      /* by the configuration, or by its nature */
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
    const char *node;   /* the node it would go to; NULL: none now */
    int warm, measured; /* loaded there; run_ms was measured */
    int cold;           /* run_ms is that of a first run */
    int is_text;        /* run_ms is for this number of tokens */
    int is_software;    /* its adapter is a software adapter, which only looks like a GPU */
    int is_hopeless;    /* not worth measuring: software, and the engine is choosy */
    int chosen;
    double prior;       /* the factor by preference: 1 for the best possible place, else more */
    double expected_ms; /* the sum of the next four; the least wins */
    double queue_ms, load_ms, run_ms, failure_ms;
};

/* Whether the demand may go there, now or later. */
static inline int wi_route_is_able(const struct wi_route_option *option)
{
    return option->standing <= WI_STANDING_DRAINING;
}

/* Whether a lack of memory for this variant of the model is the only obstacle at some place. */
int wi_route_lacks_memory(const struct wi_route_option *options, size_t count);

/* Chooses the best of the candidates. WI_PICK_WAIT: one could serve it, but is full, busy, away or
 * paused, or is worth waiting for. WI_PICK_NEVER: none of them can ever serve it, or only draining
 * ones; `error` gives the reason (WI_MODEL_TOO_LARGE for lack of memory, WI_PLATFORM_UNSUPPORTED,
 * or WI_UNAVAILABLE if the pins allow no candidate, no candidate has the abilities that the demand
 * needs, or those that could run it are draining). `options` has room for count × WI_PLATFORM_COUNT
 * and is filled in the order of the matching candidates. */
enum wi_pick wi_route(const struct wi_candidate *candidates, size_t count,
    const struct wi_demand *demand, const struct wi_terms *terms, struct wi_route_option *options,
    struct wi_choice *choice, struct wi_error *error);

#endif
