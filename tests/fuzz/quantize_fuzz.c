/* Any bytes as a model that is to become fewer bits: what comes out can be read again, and cannot
 * be quantised another time. */
#include "base/buffer.h"
#include "base/memory.h"
#include "models/quantize/quantize.h"
#include "must.h"
#include "plant.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What files beside a model have; they are no longer than this. */
#define BESIDE 65536

struct made {
    struct wi_buffer model;
    size_t beside;
};

static ssize_t read_beside(void *source, const char *path, void *bytes, size_t size, uint64_t at)
{
    must(path[0] != '/' && !strstr(path, ".."));
    if (at >= BESIDE)
        return 0;
    if (size > BESIDE - at)
        size = BESIDE - (size_t)at;
    memset(bytes, 0x3d, size); /* 0.046… */
    return (ssize_t)size;
}

static int write_bytes(void *sink, int is_data, const void *bytes, size_t size)
{
    struct made *made = sink;
    if (is_data)
        made->beside += size;
    else
        wi_buffer_add(&made->model, bytes, size);
    return 0;
}

static void note_progress(void *sink, uint64_t done, uint64_t total)
{
    must(done <= total);
}

static int make(const uint8_t *data, size_t size, unsigned bits, int other, struct made *made,
    struct wi_quantize_result *result)
{
    static const uint8_t nothing[1];
    struct wi_protobuf *input = wi_alloc(sizeof *input);
    struct wi_quantize_problem problem;
    struct wi_quantize quantize = {.bits = bits,
        .mixed = other && bits == 4,
        .for_webgpu = other && bits == 8,
        .inline_max = other ? 4096 : 1 << 20,
        .input = input,
        .read = read_beside,
        .data_name = "made.onnx_data",
        .write = write_bytes,
        .progress = note_progress,
        .sink = made};
    *made = (struct made){0};
    input->bytes = data ? data : nothing;
    input->size = size;
    int code = wi_quantize(&quantize, result, &problem);
    must(code == 0 || (problem.code && problem.detail[0]));
    must(result->quantized <= result->weights);
    WI_PLANT(code != 0 && strstr(problem.detail, "values that are no numbers"));
    free(input);
    return code;
}

static void check(const uint8_t *data, size_t size, unsigned bits, int other)
{
    struct made made, again;
    struct wi_quantize_result result;
    if (make(data, size, bits, other, &made, &result) == 0) {
        must(result.nodes > 0 && result.quantized > 0);
        /* All is in one file unless there is much, and then what is read here ends early. */
        if (made.beside == 0)
            must(
                make((const uint8_t *)made.model.text, made.model.size, 8, 0, &again, &result) < 0);
        else
            again = (struct made){0};
        wi_buffer_clear(&again.model);
    }
    wi_buffer_clear(&made.model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* One of the others each time, so that an input does not cost five. */
    static const struct {
        unsigned bits;
        int other;
    } others[] = {{8, 1}, {4, 0}, {4, 1}, {16, 0}};
    check(data, size, 8, 0);
    check(data, size, others[size % 4].bits, others[size % 4].other);
    return 0;
}
