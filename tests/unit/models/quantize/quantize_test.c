/* Whole models in memory: what is copied, what is refused, and that it ends at any byte. */
#include "../../test.h"

#include "../../terms/format/onnx_build.h"
#include "base/memory.h"
#include "models/quantize/quantize.h"
#include "terms/format/onnx.h"
#include "terms/model/signature.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, WEIGHTS = SIDE * SIDE };

/* What is asked, and what was written. */
struct bench {
    struct wi_quantize quantize;
    struct wi_quantize_result result;
    struct wi_quantize_problem problem;
    struct wi_buffer files[2];
    size_t room;   /* bytes that may be written */
    size_t beside; /* bytes of the file beside the model */
    uint64_t done, total;
};

static int write_bytes(void *sink, int data, const void *bytes, size_t size)
{
    struct bench *bench = sink;
    if (size > bench->room) {
        errno = ENOSPC;
        return -1;
    }
    bench->room -= size;
    wi_buffer_add(&bench->files[data], bytes, size);
    return 0;
}

static void note_progress(void *sink, uint64_t done, uint64_t total)
{
    struct bench *bench = sink;
    assert_true(done > bench->done && done <= total);
    bench->done = done;
    bench->total = total;
}

/* All bytes of the file beside the model are FP32 0.5. */
static ssize_t read_beside(void *source, const char *path, void *bytes, size_t size, uint64_t at)
{
    static const unsigned char half[4] = {0, 0, 0, 0x3f};
    const struct bench *bench = source;
    assert_string_equal(path, "w.bin");
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)bytes)[i] = half[(at + i) % 4];
    return at + size <= bench->beside ? (ssize_t)size : 0;
}

/* Makes a model of `bits` bits of `model`. */
static int make(struct bench *bench, const struct wi_buffer *model, unsigned bits)
{
    struct wi_protobuf *input = wi_alloc(sizeof *input);
    unsigned char *exact = malloc(model->size ? model->size : 1);
    memcpy(exact, model->text ? model->text : "", model->size);
    input->bytes = exact;
    input->size = model->size;
    if (!bench->room)
        bench->room = 1 << 20;
    bench->quantize.inline_max = 1 << 20;
    bench->quantize.bits = bits;
    bench->quantize.input = input;
    bench->quantize.read = read_beside;
    bench->quantize.source = bench;
    bench->quantize.data_name = "new.onnx_data";
    bench->quantize.write = write_bytes;
    bench->quantize.progress = note_progress;
    bench->quantize.sink = bench;
    int code = wi_quantize(&bench->quantize, &bench->result, &bench->problem);
    free(input);
    free(exact);
    return code;
}

static void clear(struct bench *bench)
{
    wi_buffer_clear(&bench->files[0]);
    wi_buffer_clear(&bench->files[1]);
    *bench = (struct bench){0};
}

static void put_node(
    struct wi_buffer *graph, const char *op, const char *a, const char *b, const char *out)
{
    struct wi_buffer node = {0};
    put_bytes(&node, 1, a, strlen(a));
    if (b)
        put_bytes(&node, 1, b, strlen(b));
    put_bytes(&node, 2, out, strlen(out));
    put_bytes(&node, 4, op, strlen(op));
    put_bytes(&node, 99, "in a node", 9);
    put_message(graph, 1, &node);
}

static void put_weights(struct wi_buffer *graph, const char *name, const float *values)
{
    struct wi_buffer tensor = {0};
    put_number(&tensor, 1, SIDE);
    put_number(&tensor, 1, SIDE);
    put_number(&tensor, 2, 1);
    put_bytes(&tensor, 8, name, strlen(name));
    put_bytes(&tensor, 9, values, WEIGHTS * sizeof *values);
    put_message(graph, 5, &tensor);
}

static void fill(float values[WEIGHTS])
{
    for (int i = 0; i < WEIGHTS; i++)
        values[i] = (float)((i * 37 + i / SIDE * 11) % 101 - 50) / 50;
}

/* y = relu(x · w), or with `other` what that makes of them instead of MatMul. */
static struct wi_buffer product(const char *other, const float *weights)
{
    struct wi_buffer graph = {0}, model;
    float values[WEIGHTS];
    fill(values);
    put_node(&graph, other ? other : "MatMul", "x", "w", "z");
    put_node(&graph, "Relu", "z", NULL, "y");
    put_bytes(&graph, 98, "in the graph", 12);
    put_weights(&graph, "w", weights ? weights : values);
    put_value(&graph, 11, "x", 1, 2, (int64_t[]){-1, SIDE});
    put_value(&graph, 12, "y", 1, 2, (int64_t[]){-1, SIDE});
    model = finish_model(&graph);
    put_bytes(&model, 97, "in the model", 12);
    return model;
}

/* y = factor · x · w, whose factor the weights carry when they have few bits. */
static struct wi_buffer scaled(float factor)
{
    struct wi_buffer graph = {0}, node = {0}, alpha = {0};
    float values[WEIGHTS];
    fill(values);
    put_bytes(&alpha, 1, "alpha", 5);
    put_number(&alpha, 20, 1);
    wi_buffer_add(&alpha, "\025", 1); /* field 2, in 4 bytes */
    wi_buffer_add(&alpha, &factor, sizeof factor);
    put_bytes(&node, 1, "x", 1);
    put_bytes(&node, 1, "w", 1);
    put_bytes(&node, 2, "y", 1);
    put_bytes(&node, 4, "Gemm", 4);
    put_message(&node, 5, &alpha);
    put_message(&graph, 1, &node);
    put_weights(&graph, "w", values);
    put_value(&graph, 11, "x", 1, 2, (int64_t[]){-1, SIDE});
    put_value(&graph, 12, "y", 1, 2, (int64_t[]){-1, SIDE});
    return finish_model(&graph);
}

/* One call for each form that there is. */
static const struct {
    unsigned bits;
    int mixed, for_webgpu;
} asked[] = {{8, 0, 0}, {8, 0, 1}, {4, 0, 0}, {4, 1, 0}, {16, 0, 0}};
#define ASKED (sizeof asked / sizeof *asked)

static int make_asked(struct bench *bench, const struct wi_buffer *model, size_t i)
{
    bench->quantize.mixed = asked[i].mixed;
    bench->quantize.for_webgpu = asked[i].for_webgpu;
    return make(bench, model, asked[i].bits);
}

static int has(const struct wi_buffer *file, const char *text)
{
    return memmem(file->text, file->size, text, strlen(text)) != NULL;
}

static void refuse(const struct wi_buffer *model, size_t i, const char *code, const char *part)
{
    struct bench bench = {0};
    assert_int_equal(make_asked(&bench, model, i), -1);
    assert_string_equal(bench.problem.code, code);
    if (!strstr(bench.problem.detail, part))
        fail_msg("\"%s\" without \"%s\"", bench.problem.detail, part);
    clear(&bench);
}

TEST(what_is_not_known_is_copied)
{
    struct wi_buffer model = product(NULL, NULL);
    for (size_t i = 0; i < ASKED; i++) {
        struct wi_onnx_signature signature;
        struct wi_error error = {0};
        struct bench bench = {0};
        assert_int_equal(make_asked(&bench, &model, i), 0);
        assert_true(has(&bench.files[0], "in a node"));
        assert_true(has(&bench.files[0], "in the graph"));
        assert_true(has(&bench.files[0], "in the model"));
        assert_true(has(&bench.files[0], "com.example"));
        assert_true(bench.files[0].size < model.size);
        assert_int_equal(bench.files[1].size, 0);
        assert_true(bench.done == bench.total && bench.total == WEIGHTS * sizeof(float));
        assert_int_equal(wi_onnx_read((unsigned char *)bench.files[0].text, bench.files[0].size,
                             &signature, &error),
            WI_OK);
        assert_string_equal(signature.inputs[0].name, "x");
        assert_int_equal(signature.inputs[0].datatype, WI_FP32);
        assert_string_equal(signature.outputs[0].name, "y");
        assert_int_equal(signature.quantised, 1);
        wi_onnx_clear(&signature);
        clear(&bench);
    }
    wi_buffer_clear(&model);
}

/* In the order of the nodes: MatMulNBits has its `bits` in an attribute, as an integer. */
static size_t count_bits(const struct wi_buffer *file, const char bits[6], const char **first)
{
    const char *at = file->text, *end = at + file->size;
    size_t count = 0;
    *first = NULL;
    while ((at = memmem(at, (size_t)(end - at), bits, 6)) != NULL) {
        *first = *first ? *first : at;
        at++;
        count++;
    }
    return count;
}

TEST(mixed_keeps_the_earliest_of_those_that_lose_alike)
{
    static const char *const values[] = {"x", "a", "b", "c", "y"};
    struct wi_buffer graph = {0}, model;
    struct bench bench = {.quantize.mixed = 1};
    const char *eight, *four;
    float weights[WEIGHTS];
    fill(weights);
    for (int i = 0; i < 4; i++)
        put_node(&graph, "MatMul", values[i], (const char *[]){"w0", "w1", "w2", "w3"}[i],
            values[i + 1]);
    for (int i = 0; i < 4; i++)
        put_weights(&graph, (const char *[]){"w0", "w1", "w2", "w3"}[i], weights);
    put_value(&graph, 11, "x", 1, 2, (int64_t[]){-1, SIDE});
    put_value(&graph, 12, "y", 1, 2, (int64_t[]){-1, SIDE});
    model = finish_model(&graph);
    assert_int_equal(make(&bench, &model, 4), 0);
    assert_int_equal(bench.result.kept, 1);
    assert_int_equal(count_bits(&bench.files[0], "bits\x18\x08", &eight), 1);
    assert_int_equal(count_bits(&bench.files[0], "bits\x18\x04", &four), 3);
    assert_true(eight < four);
    clear(&bench);
    wi_buffer_clear(&model);
}

TEST(a_cut_model_is_refused_wherever_it_is_cut)
{
    struct wi_buffer model = product(NULL, NULL);
    size_t whole = model.size - 15; /* without the last field, which need not be there */
    for (model.size = 0; model.size < whole; model.size += model.size < 200 ? 1 : 97)
        for (size_t i = 0; i < ASKED; i++) {
            struct bench bench = {0};
            assert_int_equal(make_asked(&bench, &model, i), -1);
            assert_non_null(bench.problem.code);
            clear(&bench);
        }
    wi_buffer_clear(&model);
}

TEST(the_weights_carry_the_factor_of_their_product)
{
    for (unsigned bits = 4; bits <= 8; bits += 4) {
        struct bench bench[2] = {0};
        for (int i = 0; i < 2; i++) {
            struct wi_buffer model = scaled(i ? 0.5f : 1);
            assert_int_equal(make(&bench[i], &model, bits), 0);
            assert_false(has(&bench[i].files[0], "alpha"));
            wi_buffer_clear(&model);
        }
        assert_int_equal(bench[0].files[0].size, bench[1].files[0].size);
        assert_memory_not_equal(
            bench[0].files[0].text, bench[1].files[0].text, bench[0].files[0].size);
        clear(&bench[0]);
        clear(&bench[1]);
    }
}

TEST(what_was_quantised_stays)
{
    struct wi_buffer model = product(NULL, NULL);
    for (size_t i = 0; i < ASKED; i++) {
        struct bench bench = {0};
        assert_int_equal(make_asked(&bench, &model, i), 0);
        for (size_t k = 0; k < ASKED; k++)
            refuse(&bench.files[0], k, "nothing_to_quantize", "");
        clear(&bench);
    }
    wi_buffer_clear(&model);
}

TEST(a_model_of_other_operators_is_refused_with_its_share)
{
    struct wi_buffer model = product("Add", NULL);
    struct bench bench = {0};
    assert_int_equal(make(&bench, &model, 8), -1);
    assert_string_equal(bench.problem.code, "nothing_to_quantize");
    assert_true(bench.problem.share == 0);
    assert_non_null(strstr(bench.problem.detail, "0 % of the weights"));
    clear(&bench);
    wi_buffer_clear(&model);
}

TEST(weights_that_are_no_numbers_are_named)
{
    float values[WEIGHTS];
    fill(values);
    values[77] = NAN;
    struct wi_buffer model = product(NULL, values);
    for (size_t i = 0; i < ASKED; i++)
        refuse(&model, i, "model_invalid", "the weights w have values that are no numbers");
    wi_buffer_clear(&model);
}

/* By their name and value, and only where they become FP16. */
TEST(weights_beyond_16_bits_are_named)
{
    float values[WEIGHTS];
    fill(values);
    values[77] = -70000;
    struct wi_buffer model = product(NULL, values);
    for (size_t i = 0; i < ASKED; i++) {
        struct bench bench = {0};
        if (asked[i].bits == 16)
            refuse(&model, i, "nothing_to_quantize", "the weights w have -70000, and 16 bits");
        else
            assert_int_equal(make_asked(&bench, &model, i), 0);
        clear(&bench);
    }
    wi_buffer_clear(&model);
}

TEST(an_output_without_a_name_is_refused)
{
    struct wi_buffer graph = {0}, nameless = {0}, model;
    float values[WEIGHTS];
    fill(values);
    put_node(&graph, "MatMul", "x", "w", "y");
    put_weights(&graph, "w", values);
    put_value(&graph, 11, "x", 1, 2, (int64_t[]){-1, SIDE});
    put_value(&graph, 12, "y", 1, 2, (int64_t[]){-1, SIDE});
    put_bytes(&nameless, 3, "doc", 3);
    put_message(&graph, 12, &nameless);
    model = finish_model(&graph);
    for (size_t i = 0; i < ASKED; i++)
        refuse(&model, i, "model_invalid", "an input or output has no name");
    wi_buffer_clear(&model);
}

/* y = x · w of a graph that has `name` as another value in `field`: 11 for an input, 12 for an
 * output, 1 for what a node gives. */
static struct wi_buffer with_value(unsigned field, const char *name)
{
    struct wi_buffer graph = {0};
    float values[WEIGHTS];
    fill(values);
    put_node(&graph, "MatMul", "x", "w", "y");
    put_weights(&graph, "w", values);
    put_value(&graph, 11, "x", 1, 2, (int64_t[]){-1, SIDE});
    put_value(&graph, 12, "y", 1, 2, (int64_t[]){-1, SIDE});
    if (field == 1)
        put_node(&graph, "Relu", "x", NULL, name);
    else
        put_value(&graph, field, name, 1, 2, (int64_t[]){-1, SIDE});
    return finish_model(&graph);
}

TEST(each_value_is_made_once)
{
    static const struct {
        unsigned field;
        const char *name, *complaint; /* NULL: it is a good one */
    } cases[] = {{11, "x", "two values have the same name"}, {11, "w", NULL}, {11, "z", NULL},
        {1, "x", "two values have the same name"}, {1, "y", "two values have the same name"},
        {1, "z", NULL}, {12, "z", "an output is never made"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_buffer model = with_value(cases[i].field, cases[i].name);
        struct bench bench = {0};
        if (cases[i].complaint)
            refuse(&model, 0, "model_invalid", cases[i].complaint);
        else if (make(&bench, &model, 8) != 0)
            fail_msg("%u %s: %s", cases[i].field, cases[i].name, bench.problem.detail);
        clear(&bench);
        wi_buffer_clear(&model);
    }
}

TEST(names_that_are_no_text_are_refused)
{
    struct wi_buffer model = product(NULL, NULL), opset = {0};
    put_bytes(&opset, 1, "ai\0onnx", 7);
    put_message(&model, 8, &opset);
    for (size_t i = 0; i < ASKED; i++)
        refuse(&model, i, "model_invalid", "");
    wi_buffer_clear(&model);
    model = with_value(11, "\xff");
    refuse(&model, 0, "model_invalid", "");
    wi_buffer_clear(&model);
}

/* z = x · w; t is what `op` makes of z and x, and y is drawn by t, which takes 32 bits. */
static struct wi_buffer drawn_by(const char *op)
{
    struct wi_buffer graph = {0};
    float values[WEIGHTS];
    fill(values);
    put_node(&graph, "MatMul", "x", "w", "z");
    put_node(&graph, op, "z", "x", "t");
    put_node(&graph, "Multinomial", "t", NULL, "y");
    put_weights(&graph, "w", values);
    put_value(&graph, 11, "x", 1, 2, (int64_t[]){-1, SIDE});
    put_value(&graph, 12, "y", 6, 2, (int64_t[]){-1, 1});
    return finish_model(&graph);
}

TEST(what_a_node_gives_is_known)
{
    static const char *const ops[] = {"Add", "CastLike", "Dropout"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct wi_buffer model = drawn_by(ops[i]);
        struct bench bench = {0};
        if (make(&bench, &model, 16) != 0) /* where it is not known what t is, it is refused */
            fail_msg("%s: %s", ops[i], bench.problem.detail);
        clear(&bench);
        wi_buffer_clear(&model);
    }
}

TEST(a_graph_in_a_graph_is_written_too)
{
    struct wi_buffer graph = {0}, inner = {0}, attribute = {0}, node = {0}, model;
    float values[WEIGHTS];
    fill(values);
    put_node(&inner, "Relu", "z", NULL, "inside");
    put_value(&inner, 12, "inside", 1, 2, (int64_t[]){-1, SIDE});
    put_message(&attribute, 6, &inner);
    put_bytes(&node, 2, "y", 1);
    put_bytes(&node, 4, "If", 2);
    put_message(&node, 5, &attribute);
    put_node(&graph, "MatMul", "x", "w", "z");
    put_message(&graph, 1, &node);
    put_weights(&graph, "w", values);
    put_value(&graph, 11, "x", 1, 2, (int64_t[]){-1, SIDE});
    put_value(&graph, 12, "y", 1, 2, (int64_t[]){-1, SIDE});
    model = finish_model(&graph);
    for (size_t i = 0; i < ASKED; i++) {
        struct bench bench = {0};
        assert_int_equal(make_asked(&bench, &model, i), 0);
        assert_true(has(&bench.files[0], "inside"));
        clear(&bench);
    }
    wi_buffer_clear(&model);
}

TEST(a_graph_that_goes_in_a_circle_is_refused)
{
    struct wi_buffer graph = {0}, model;
    put_node(&graph, "Add", "x", "b", "a");
    put_node(&graph, "Relu", "a", NULL, "b");
    put_value(&graph, 11, "x", 1, 2, (int64_t[]){-1, SIDE});
    put_value(&graph, 12, "b", 1, 2, (int64_t[]){-1, SIDE});
    model = finish_model(&graph);
    for (size_t i = 0; i < ASKED; i++)
        refuse(&model, i, "model_invalid", "a node reads what no node before it has made");
    wi_buffer_clear(&model);
}

TEST(graphs_in_graphs_end_somewhere)
{
    struct wi_buffer graph = {0}, model;
    for (int depth = 0; depth < 40; depth++) {
        struct wi_buffer attribute = {0}, node = {0};
        put_message(&attribute, 6, &graph);
        put_bytes(&node, 4, "If", 2);
        put_message(&node, 5, &attribute);
        put_message(&graph, 1, &node);
    }
    model = finish_model(&graph);
    refuse(&model, 0, "model_invalid", "graphs are nested deeper than 16");
    wi_buffer_clear(&model);
}

/* The name of an initializer is in it, that of a node's value beside it. */
TEST(a_constant_that_is_an_output_keeps_its_name)
{
    struct wi_buffer graph = {0}, tensor = {0}, attribute = {0}, node = {0}, model;
    float values[WEIGHTS];
    fill(values);
    put_number(&tensor, 1, SIDE);
    put_number(&tensor, 2, 1);
    put_bytes(&tensor, 9, values, SIDE * sizeof *values);
    put_bytes(&attribute, 1, "value", 5);
    put_message(&attribute, 5, &tensor);
    put_bytes(&node, 2, "c", 1);
    put_bytes(&node, 4, "Constant", 8);
    put_message(&node, 5, &attribute);
    put_message(&graph, 1, &node);
    put_node(&graph, "MatMul", "x", "w", "y");
    put_weights(&graph, "w", values);
    put_value(&graph, 11, "x", 1, 2, (int64_t[]){-1, SIDE});
    put_value(&graph, 12, "y", 1, 2, (int64_t[]){-1, SIDE});
    put_value(&graph, 12, "c", 1, 1, (int64_t[]){SIDE});
    model = finish_model(&graph);
    for (size_t i = 0; i < ASKED; i++) {
        struct bench bench = {0};
        assert_int_equal(make_asked(&bench, &model, i), 0);
        refuse(&bench.files[0], i, "nothing_to_quantize", ""); /* and so it is a model */
        clear(&bench);
    }
    wi_buffer_clear(&model);
}

TEST(what_computes_in_32_bits_alone_does_not_become_16)
{
    struct wi_buffer graph = {0}, model;
    float values[WEIGHTS];
    fill(values);
    put_node(&graph, "Resize", "x", "w", "y");
    put_weights(&graph, "w", values);
    put_value(&graph, 11, "x", 1, 2, (int64_t[]){-1, SIDE});
    put_value(&graph, 12, "y", 1, 2, (int64_t[]){-1, SIDE});
    model = finish_model(&graph);
    for (size_t i = 0; i < ASKED; i++)
        refuse(&model, i, "nothing_to_quantize",
            asked[i].bits == 16 ? "none of its operators has a 16-bit form" : "");
    wi_buffer_clear(&model);
}

TEST(sparse_tensors_do_not_become_16_bits)
{
    struct wi_buffer graph = {0}, tensor = {0}, sparse = {0}, model;
    float values[WEIGHTS];
    fill(values);
    put_number(&tensor, 1, 1);
    put_number(&tensor, 2, 1);
    put_bytes(&tensor, 8, "s", 1);
    put_bytes(&tensor, 9, values, sizeof *values);
    put_message(&sparse, 1, &tensor);
    put_message(&graph, 15, &sparse);
    put_node(&graph, "MatMul", "x", "w", "z");
    put_node(&graph, "Add", "z", "s", "y");
    put_weights(&graph, "w", values);
    put_value(&graph, 11, "x", 1, 2, (int64_t[]){-1, SIDE});
    put_value(&graph, 12, "y", 1, 2, (int64_t[]){-1, SIDE});
    model = finish_model(&graph);
    for (size_t i = 0; i < ASKED; i++) {
        struct bench bench = {0};
        if (asked[i].bits == 16)
            refuse(&model, i, "nothing_to_quantize", "sparse tensors");
        else
            assert_int_equal(make_asked(&bench, &model, i), 0);
        clear(&bench);
    }
    wi_buffer_clear(&model);
}

TEST(a_full_disk_is_said)
{
    struct wi_buffer model = product(NULL, NULL);
    for (size_t i = 0; i < ASKED; i++) {
        struct bench bench = {.room = 100};
        assert_int_equal(make_asked(&bench, &model, i), -1);
        assert_string_equal(bench.problem.code, "no_room");
        clear(&bench);
    }
    wi_buffer_clear(&model);
}

/* x · w, with w in another file. */
static struct wi_buffer apart(const char *path, uint64_t columns)
{
    struct wi_buffer graph = {0}, tensor = {0};
    put_number(&tensor, 1, SIDE);
    put_number(&tensor, 1, columns);
    put_number(&tensor, 2, 1);
    put_bytes(&tensor, 8, "w", 1);
    put_entry(&tensor, "location", path);
    put_entry(&tensor, "offset", "64");
    put_number(&tensor, 14, 1);
    put_node(&graph, "MatMul", "x", "w", "y");
    put_message(&graph, 5, &tensor);
    put_value(&graph, 11, "x", 1, 2, (int64_t[]){-1, SIDE});
    put_value(&graph, 12, "y", 1, 2, (int64_t[]){-1, -1});
    return finish_model(&graph);
}

TEST(weights_beside_the_model_are_read_and_written_there)
{
    uint64_t columns = 1 << 16;
    struct wi_buffer model = apart("w.bin", columns);
    struct bench bench = {.beside = 64 + SIDE * columns * 4, .room = 8 << 20};
    assert_int_equal(make(&bench, &model, 8), 0);
    assert_true(has(&bench.files[0], "new.onnx_data"));
    assert_false(has(&bench.files[0], "w.bin"));
    assert_true(bench.files[0].size < 2000);
    assert_int_equal(bench.files[1].size, SIDE * columns + columns * 4 + columns);
    clear(&bench);
    bench.beside = 64 + SIDE * columns * 4 - 1;
    assert_int_equal(make(&bench, &model, 8), -1);
    assert_string_equal(bench.problem.code, "model_invalid");
    assert_non_null(strstr(bench.problem.detail, "cannot be read from the file"));
    clear(&bench);
    wi_buffer_clear(&model);
}

TEST(what_would_not_fit_anywhere_is_refused_before_memory_is_taken)
{
    struct wi_buffer model = apart("w.bin", (uint64_t)1 << 40);
    for (size_t i = 0; i < ASKED; i++)
        refuse(&model, i, "model_invalid", "cannot be read from the file");
    wi_buffer_clear(&model);
    model = apart("../w.bin", 32);
    refuse(&model, 0, "model_invalid", "whose name is not allowed");
    wi_buffer_clear(&model);
}
