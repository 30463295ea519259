/*
 * What is written of a new model: messages that are put together in memory, and the bytes of
 * tensors, which go to the file beside it where they are many.
 */
#ifndef WI_MODELS_QUANTIZE_OUTPUT_H
#define WI_MODELS_QUANTIZE_OUTPUT_H

#include "base/buffer.h"
#include "models/quantize/graph.h"
#include "models/quantize/quantize.h"

struct wi_quantize_output {
    const struct wi_quantize *quantize;
    struct wi_graph_model *model;
    int external;         /* tensors go to the file beside the model */
    uint64_t data_size;   /* bytes of that file */
    int why;              /* errno, once something could not be written */
    const char *prefix;   /* that no name in the source begins with */
    unsigned serial;      /* of the next name */
    uint64_t done, total; /* bytes of the weights that change */
};

/* Adds bytes of the source to `message`. 0, or -1 with the source's `problem` set. */
int wi_output_copy(struct wi_quantize_output *output, struct wi_buffer *message,
    const struct wi_protobuf_range *range);
/* The same as field `number`. */
int wi_output_copy_field(struct wi_quantize_output *output, struct wi_buffer *message,
    uint32_t number, const struct wi_protobuf_range *range);
/* A tensor that the source has not, in one piece of memory. All is borrowed. */
struct wi_new_tensor {
    const char *name;
    int datatype; /* of ONNX */
    unsigned rank;
    const uint64_t *dims;
    const void *bytes;
    size_t size;
};
/* Adds it as an initializer. 0, or -1 with `why`. */
int wi_output_tensor(
    struct wi_quantize_output *output, struct wi_buffer *graph, const struct wi_new_tensor *tensor);
/* Adds a tensor of the source, as it is, as an initializer. 0, or -1 with either. */
int wi_output_copy_tensor(struct wi_quantize_output *output, struct wi_buffer *graph,
    const struct wi_graph_tensor *tensor);
/* Whether the bytes of `tensor` will lie elsewhere than they do, for which it has to be an
 * initializer. */
int wi_output_moves(const struct wi_quantize_output *output, const struct wi_graph_tensor *tensor);

/* Tells that so many more bytes of the weights are done. */
void wi_output_progress(struct wi_quantize_output *output, uint64_t bytes);

/* Adds a node; lists of names end with NULL, and "" is one that is left out. `attributes` has the
 * fields of them, and is emptied; NULL: none. */
void wi_output_node(struct wi_buffer *graph, const char *op, const char *domain,
    const char *const *inputs, const char *const *outputs, struct wi_buffer *attributes);
void wi_output_integer(struct wi_buffer *attributes, const char *name, int64_t value);
/* A name that nothing has yet: with `what` and `like` in it, for who reads the graph. The caller
 * frees it. */
char *wi_output_name(struct wi_quantize_output *output, const char *like, const char *what);

#endif
