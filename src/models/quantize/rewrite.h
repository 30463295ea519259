/*
 * A model written anew, field by field: what the walk does not know it copies, and whoever it works
 * for says what stands for a node, an initializer or the description of a value.
 */
#ifndef WI_MODELS_QUANTIZE_REWRITE_H
#define WI_MODELS_QUANTIZE_REWRITE_H

#include "models/quantize/output.h"

struct wi_rewrite {
    struct wi_quantize_output *output;
    void *context;
    /* Each adds to the graph `out`. 0, or -1 with the source's `problem` set, with `why` of
     * `output`, or with what `context` knows. */
    int (*node)(struct wi_rewrite *rewrite, struct wi_buffer *out, const struct wi_graph *graph,
        const struct wi_graph_node *node);
    int (*tensor)(struct wi_rewrite *rewrite, struct wi_buffer *out, const struct wi_graph *graph,
        const struct wi_graph_tensor *tensor);
    /* A ValueInfoProto: field `number` of the graph. NULL: as it is. */
    int (*info)(struct wi_rewrite *rewrite, struct wi_buffer *out, const struct wi_graph *graph,
        uint32_t number, const struct wi_protobuf_range *info);
    /* Before the first field and behind the last. NULL: nothing. */
    int (*begin)(struct wi_rewrite *rewrite, struct wi_buffer *out, const struct wi_graph *graph);
    int (*end)(struct wi_rewrite *rewrite, struct wi_buffer *out, const struct wi_graph *graph);
};

/* What is other in a node: names by their place, NULL for one that stays. */
struct wi_rewrite_names {
    char **inputs, **outputs;
    int64_t to; /* what a Cast casts to; 0: as it is */
};

/* Adds the whole model to `message`. 0, or -1 as above. */
int wi_rewrite_model(struct wi_rewrite *rewrite, struct wi_buffer *message);
/* Adds `node`, the graphs in it written anew. `names` NULL: it stays as it is. */
int wi_rewrite_node(struct wi_rewrite *rewrite, struct wi_buffer *out,
    const struct wi_graph_node *node, const struct wi_rewrite_names *names);

#endif
