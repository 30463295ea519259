/*
 * Plans the form that each weight of a graph gets, and the nodes that read it then. Nothing is
 * written here.
 */
#ifndef WI_MODELS_QUANTIZE_PLAN_H
#define WI_MODELS_QUANTIZE_PLAN_H

#include "models/quantize/graph.h"
#include "models/quantize/pack.h"
#include "models/quantize/quantize.h"

/* A new form of a tensor, for all nodes that read it in the same way. */
struct wi_graph_made {
    struct wi_graph_tensor *tensor;
    enum wi_pack_form form;
    int is_table; /* a Gather reads it */
    uint64_t k, n;
    int transposed;
    float factor;
    unsigned serial; /* its number, for its names */
    size_t readers;  /* nodes */
    double loss; /* with `mixed`: the share of its squares that 4 bits lose, counted once for each
                    product from it on */
    int written;
    struct wi_graph_made *next;      /* of the same tensor */
    struct wi_graph_made *next_made; /* in the order of the nodes */
};

struct wi_quantize_plan {
    struct wi_graph_model *model;
    const struct wi_quantize *quantize;
    struct wi_quantize_result *result;
    struct wi_quantize_problem *problem;
    struct wi_graph_made *made;
    struct wi_graph_made **made_end;
    unsigned count;
    uint64_t bytes;  /* of all tensors in the new model */
    uint64_t source; /* of the weights that are read, counted once for each form made of them */
};

/* Plans 4 or 8 bits. 0, or -1 with the plan's `problem`. Clear it in any case. */
int wi_plan_make(struct wi_quantize_plan *plan);
void wi_plan_clear(struct wi_quantize_plan *plan);
/* Packs the weights of `made`. 0, or -1 with the plan's `problem`. Clear `packed` in any case. */
int wi_plan_pack(struct wi_quantize_plan *plan, const struct wi_graph_made *made,
    enum wi_pack_form form, struct wi_packed *packed);
/* The bytes that a tensor adds to the `weights` of a result. */
uint64_t wi_plan_float_bytes(const struct wi_graph_tensor *tensor);
/* Sets the plan's `problem` from the problem of reading the model. Returns -1. */
int wi_plan_invalid(const struct wi_quantize_plan *plan);
/* Sets the plan's `problem`. Returns -1. */
__attribute__((format(printf, 3, 4))) int wi_plan_fail(
    const struct wi_quantize_plan *plan, const char *code, const char *format, ...);

#endif
