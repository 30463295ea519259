/*
 * Writes a new model: messages are assembled in memory, and the bytes of tensors, if they are many,
 * go to a data file next to the model. The source is rewritten field by field. Unknown fields are
 * copied; the caller's functions write the replacement of each node, each initializer and each
 * description of a value.
 */
#ifndef WI_MODELS_QUANTIZE_OUTPUT_H
#define WI_MODELS_QUANTIZE_OUTPUT_H

#include "base/buffer.h"
#include "models/quantize/plan.h"

struct wi_quantize_output {
    struct wi_quantize_plan *plan;
    const struct wi_quantize *quantize; /* the plan's */
    struct wi_graph_model *model;       /* likewise */
    const struct wi_rewrite *rewrite;
    struct wi_buffer tensors; /* initializers that are new, of 4 and 8 bits */
    int external;             /* tensors go to the data file */
    uint64_t data_size;       /* bytes of that file */
    int why;                  /* errno, once something could not be written */
    const char *prefix;       /* no name in the source begins with it */
    unsigned serial;          /* for the next name */
    uint64_t done, total;     /* bytes of the weights that change */
};

/* Adds bytes from the source to `message`. 0, or -1 with the source's `problem` set. */
int wi_output_copy(struct wi_quantize_output *output, struct wi_buffer *message,
    const struct wi_protobuf_range *range);
/* The same as field `number`. */
int wi_output_copy_field(struct wi_quantize_output *output, struct wi_buffer *message,
    uint32_t number, const struct wi_protobuf_range *range);
/* A tensor that is not in the source, in one block of memory. All members are borrowed. */
struct wi_new_tensor {
    const char *name;
    int datatype; /* TensorProto.DataType */
    unsigned rank;
    const uint64_t *dims;
    const void *bytes;
    size_t size;
};
/* Adds it as an initializer. 0, or -1 with `why`. */
int wi_output_tensor(
    struct wi_quantize_output *output, struct wi_buffer *graph, const struct wi_new_tensor *tensor);
/* Adds a tensor of the source, unchanged, as an initializer. 0, or -1 with the source's `problem`
 * or with `why`. */
int wi_output_copy_tensor(struct wi_quantize_output *output, struct wi_buffer *graph,
    const struct wi_graph_tensor *tensor);
/* Whether the bytes of `tensor` will be moved to another place, which requires that it is an
 * initializer. */
int wi_output_moves(const struct wi_quantize_output *output, const struct wi_graph_tensor *tensor);

/* Reports that `bytes` more bytes of the weights are done. */
void wi_output_progress(struct wi_quantize_output *output, uint64_t bytes);

/* Adds a node. Lists of names end with NULL, and "" is an omitted name. `attributes` has the fields
 * of its attributes, and is emptied; NULL: none. */
void wi_output_node(struct wi_buffer *graph, const char *op, const char *domain,
    const char *const *inputs, const char *const *outputs, struct wi_buffer *attributes);
void wi_output_integer(struct wi_buffer *attributes, const char *name, int64_t value);
/* A new, unused name that contains `what` and `like`, for people who read the graph. The caller
 * frees it. */
char *wi_output_name(struct wi_quantize_output *output, const char *like, const char *what);

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

#endif
