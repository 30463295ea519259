/* One attempt on a node, as it was when it was booked, and what has been heard of it since. */
#ifndef WI_WORK_POOL_FACTS_ATTEMPT_H
#define WI_WORK_POOL_FACTS_ATTEMPT_H

#include "nodes/bridge/bridge.h"
#include "terms/kernel/model.h"

struct pool_attempt {
    struct pool_attempt *next;
    char id[WI_ID_SIZE + 12];
    unsigned client; /* facts/use.h; 0: nobody in particular */
    int builtin;
    int benchmark;                         /* what it takes is measured for its client alone */
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
    int alone;         /* nothing else is to be given to its engine meanwhile */
    int suspect;       /* its engine broke while others ran in it */
    int constrained;   /* its text is kept to a grammar */
    int special;       /* how long its text takes is its own: wi_task_is_special */
    int beside;        /* one that is kept to a grammar ran beside it */
    int broke;         /* what it ran in before broke */
    int behind;        /* its worker had something to do when it was sent */
    int program;       /* a client's own kernel */
    double due;        /* when that has taken too long; 0: it has not begun */
    int held;          /* one ran on its node, and may have kept the GPU from it */
    int excused;       /* what it runs in may be ended, for another's sake */
    char hash[65];
    enum wi_platform platform; /* the first that it tries */
    double sent_at, expected_ms;
    double given_ms;   /* from then on, until its client waits no longer */
    double not_run_ms; /* of that, what was expected for the queue and for loading */
    double known_ms;   /* what loading and running it took before; 0: that was not measured */
    double token_ms;   /* what each token of its answer takes; 0: that was not measured */
    int arrived;       /* its node has said anything of it */
    double asked_at;   /* when somebody was last asked whether it could go elsewhere; 0: never */
};

/* Whether the engine broke, if it did, by the attempt's request or by another's rather than by what
 * the node is. */
int wi_pool_attempt_is_clients(const struct pool_attempt *attempt);

#endif
