/*
 * Rewrites a model field by field. Unknown fields are copied; the caller's functions write the
 * replacement of each node, each initializer and each description of a value.
 */
#ifndef WI_MODELS_QUANTIZE_REWRITE_H
#define WI_MODELS_QUANTIZE_REWRITE_H

#include "models/quantize/output.h"

/* Each adds to the graph `out`. 0, or -1 with the problem of the source or of the plan set, or with
 * `why` of `output`. */
struct wi_rewrite {
    int (*node)(struct wi_quantize_output *output, struct wi_buffer *out,
        const struct wi_graph *graph, const struct wi_graph_node *node);
    int (*tensor)(struct wi_quantize_output *output, struct wi_buffer *out,
        const struct wi_graph *graph, const struct wi_graph_tensor *tensor);
    /* A ValueInfoProto: field `number` of the graph. NULL: it is copied. */
    int (*info)(struct wi_quantize_output *output, struct wi_buffer *out,
        const struct wi_graph *graph, uint32_t number, const struct wi_protobuf_range *info);
    /* Called before the first field and after the last. NULL: nothing to add. */
    void (*begin)(
        struct wi_quantize_output *output, struct wi_buffer *out, const struct wi_graph *graph);
    void (*end)(
        struct wi_quantize_output *output, struct wi_buffer *out, const struct wi_graph *graph);
};

/* The changes of a node: names by position, NULL for a name that stays. */
struct wi_rewrite_names {
    char **inputs, **outputs;
    int64_t to; /* the type that a Cast casts to; 0: unchanged */
};

/* Adds the whole model to `message`. 0, or -1 as above. */
int wi_rewrite_model(struct wi_quantize_output *output, struct wi_buffer *message);
/* Adds `node` and rewrites the graphs in it. `names` NULL: its names do not change. */
int wi_rewrite_node(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph_node *node, const struct wi_rewrite_names *names);
/* The new model for a plan of 4 or 8 bits: adds all of it to `message`, and writes the bytes of its
 * tensors to their place. 0, or -1 as above. */
int wi_integers_put(struct wi_quantize_output *output, struct wi_buffer *message);

#endif
