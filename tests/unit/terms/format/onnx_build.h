/* Builds small ONNX files for tests: protobuf messages put together by hand. */
#ifndef WI_TESTS_ONNX_BUILD_H
#define WI_TESTS_ONNX_BUILD_H

#include "../../protobuf_build.h"

#include "base/buffer.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A ValueInfoProto as `field`; a dimension of -1 is a named one, -2 has neither name nor size;
 * `rank` -1 leaves the shape out. */
static inline void put_value(struct wi_buffer *out, unsigned field, const char *name, int datatype,
    int rank, const int64_t *dims)
{
    struct wi_buffer value = {0}, type = {0}, tensor = {0}, shape = {0}, dim = {0};
    put_number(&tensor, 1, (uint64_t)datatype);
    for (int i = 0; i < rank; i++) {
        if (dims[i] == -1)
            put_bytes(&dim, 2, "batch", 5);
        else if (dims[i] >= 0)
            put_number(&dim, 1, (uint64_t)dims[i]);
        put_message(&shape, 1, &dim);
    }
    if (rank >= 0)
        put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_bytes(&value, 1, name, strlen(name));
    put_message(&value, 2, &type);
    put_message(out, field, &value);
}

/* A whole model of `graph`, which is emptied. */
static inline struct wi_buffer finish_model(struct wi_buffer *graph)
{
    struct wi_buffer model = {0}, opset = {0};
    put_number(&model, 1, 8);
    put_bytes(&opset, 1, "", 0);
    put_number(&opset, 2, 17);
    put_message(&model, 8, &opset);
    put_bytes(&opset, 1, "com.example", 11);
    put_number(&opset, 2, 3);
    put_message(&model, 8, &opset);
    put_message(&model, 7, graph);
    return model;
}

/* One StringStringEntryProto of a tensor's external_data; a NULL value leaves it out. */
static inline void put_entry(struct wi_buffer *tensor, const char *key, const char *value)
{
    struct wi_buffer entry = {0};
    if (!value)
        return;
    put_bytes(&entry, 1, key, strlen(key));
    put_bytes(&entry, 2, value, strlen(value));
    put_message(tensor, 13, &entry);
}

/* A TensorProto as `field` whose bytes are in another file. */
static inline void put_external(struct wi_buffer *out, unsigned field, const char *name,
    const char *location, const char *offset, const char *length)
{
    struct wi_buffer tensor = {0};
    put_bytes(&tensor, 8, name, strlen(name));
    put_number(&tensor, 2, 1);
    put_entry(&tensor, "location", location);
    put_entry(&tensor, "offset", offset);
    put_entry(&tensor, "length", length);
    put_number(&tensor, 14, 1);
    put_message(out, field, &tensor);
}

/* x FP32 [batch, 3, 4, 5] and, as a constant, w → y FP32 [batch, 10]. */
static inline struct wi_buffer small_model(void)
{
    struct wi_buffer graph = {0}, weight = {0};
    put_bytes(&graph, 2, "graph", 5);
    put_bytes(&weight, 8, "w", 1);
    put_number(&weight, 2, 1);
    put_message(&graph, 5, &weight);
    put_value(&graph, 11, "x", 1, 4, (int64_t[]){-1, 3, 4, 5});
    put_value(&graph, 11, "w", 1, 1, (int64_t[]){7});
    put_value(&graph, 12, "y", 1, 2, (int64_t[]){-1, 10});
    return finish_model(&graph);
}

#endif
