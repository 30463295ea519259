/*
 * One attempt on a node, as it was when it was booked, and what has been heard of it since.
 *
 *   SENT → ARRIVED → COMPUTING ⇄ COMPUTED
 *
 * Only a client's own kernel gets further than ARRIVED. An attempt that is answered, lost or
 * stopped is taken off its node, in whichever state it is.
 */
#ifndef WI_WORK_POOL_FACTS_ATTEMPT_H
#define WI_WORK_POOL_FACTS_ATTEMPT_H

#include "nodes/bridge/bridge.h"
#include "terms/kernel/kernel_model.h"

enum pool_attempt_state {
    WI_POOL_ATTEMPT_SENT,      /* its node has said nothing of it */
    WI_POOL_ATTEMPT_ARRIVED,   /* its node has said anything of it */
    WI_POOL_ATTEMPT_COMPUTING, /* a client's own kernel runs, and is to be done at `due` */
    WI_POOL_ATTEMPT_COMPUTED,  /* … is done, and its outputs are on their way */
    WI_POOL_ATTEMPT_STATE_COUNT
};

/* What a node says, and a client does. */
enum pool_attempt_event {
    WI_POOL_EVENT_HEARD,    /* the node has said anything of it */
    WI_POOL_EVENT_BEGUN,    /* a client's own kernel has begun */
    WI_POOL_EVENT_HURRIED,  /* the client has left: the kernel gets less time */
    WI_POOL_EVENT_COMPUTED, /* the kernel is done */
    WI_POOL_EVENT_COUNT
};

enum pool_attempt_kind {
    WI_POOL_ASKS_MODEL,             /* a model that computes, or a kernel of ours */
    WI_POOL_ASKS_BUILTIN,           /* a model that computes nothing: see enum wi_builtin */
    WI_POOL_ASKS_BENCHMARK,         /* of a model or a kernel: its client alone wants the figures */
    WI_POOL_ASKS_BUILTIN_BENCHMARK, /* of a model that computes nothing */
    WI_POOL_ASKS_PROGRAM,           /* a client's own kernel */
    WI_POOL_ASKS_COUNT
};

/* What follows from its kind. */
struct pool_attempt_rules {
    int has_model;   /* its model takes time to load and to run, and the node has it then */
    int is_measured; /* what it takes, and that it fails, counts for its model at its place */
    int is_typical;  /* other requests will need its memory, and its kernels of ours */
    int may_move;    /* it goes elsewhere when it is late */
};

/* How long its text takes. */
enum pool_attempt_text {
    WI_POOL_TEXT_USUAL,
    WI_POOL_TEXT_SPECIAL,    /* that is its own: wi_task_is_special */
    WI_POOL_TEXT_CONSTRAINED /* likewise, since it is kept to a grammar */
};

struct pool_attempt {
    struct pool_attempt *next;
    char id[WI_ID_SIZE + 12];
    unsigned client; /* facts/use.h; 0: nobody in particular */
    enum pool_attempt_kind kind;
    enum pool_attempt_state state;         /* wi_pool_attempt_change() writes it */
    const struct wi_kernel *kernel;        /* NULL: it is none */
    int halves;                            /* its inputs are FP16 */
    char size_class[WI_KERNEL_CLASS_SIZE]; /* of that; "": nobody wants to know */
    const struct wi_kernel_model *kernels; /* of a built-in model over them; NULL: of none */
    int64_t dims[WI_TENSOR_MAX_RANK];      /* … and of its input */
    int stream;
    enum wi_task_kind task; /* how long some or a stream take says nothing of the model */
    enum wi_engine engine;
    unsigned queue;    /* of its node: wi_fleet_queue */
    unsigned requests; /* that are joined in it, or 0 */
    size_t bytes;      /* of its tensors */
    int alone;         /* nothing else is to be given to its engine meanwhile */
    enum pool_attempt_text text;
    int broke;  /* what it ran in before broke */
    double due; /* of COMPUTING: when that has taken too long */
    /* What ran on its node at the same time. Any of these may hold together. */
    int suspect; /* its engine broke while others ran in it */
    int beside;  /* one that is kept to a grammar ran beside it */
    int behind;  /* its worker had something to do when it was sent */
    int held;    /* a client's own kernel did, and may have kept the GPU from it */
    int excused; /* what it runs in may be ended, for another's sake */
    char hash[65];
    enum wi_platform platform; /* the first that it tries */
    double sent_at, expected_ms;
    double given_ms;   /* from then on, until its client waits no longer */
    double not_run_ms; /* of that, what was expected for the queue and for loading */
    double known_ms;   /* what loading and running it took before; 0: that was not measured */
    double token_ms;   /* what each token of its answer takes; 0: that was not measured */
    double asked_at;   /* when somebody was last asked whether it could go elsewhere; 0: never */
};

/* Changes its state as the table says. 0, and nothing changes, where the table refuses the event:
 * what a node says may be anything. */
int wi_pool_attempt_change(struct pool_attempt *attempt, enum pool_attempt_event event);
const struct pool_attempt_rules *wi_pool_attempt_rules(const struct pool_attempt *attempt);
/* Whether the engine broke, if it did, by the attempt's request or by another's rather than by what
 * the node is. */
int wi_pool_attempt_is_clients(const struct pool_attempt *attempt);

#endif
