/* Signatures from ONNX files: made by hand, cut everywhere, and the collection of cases. */
#include "../../test.h"

#include "base/memory.h"
#include "base/protobuf.h"
#include "onnx_build.h"
#include "terms/format/onnx.h"
#include "terms/model/signature.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Gives less than was asked for, as pread(2) may. */
static ssize_t read_at(void *source, void *bytes, size_t size, uint64_t at)
{
    return pread(*(int *)source, bytes, size < 100 ? size : 100, (off_t)at);
}

/* Reads the model from memory, from a file and by a function; all must agree. Empties `model`. */
static enum wi_code read_model(
    struct wi_buffer *model, struct wi_onnx_signature *signature, struct wi_error *error)
{
    struct wi_onnx_signature other;
    struct wi_error problem = {0};
    char path[] = "/tmp/webinfer-onnx-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    /* An exact allocation, so that a read past the end is seen. */
    unsigned char *bytes = malloc(model->size ? model->size : 1);
    memcpy(bytes, model->text ? model->text : "", model->size);
    assert_int_equal(write(fd, bytes, model->size), model->size);
    *error = (struct wi_error){0};
    enum wi_code code = wi_onnx_read(bytes, model->size, signature, error);
    assert_int_equal(wi_onnx_read_file(fd, model->size, NULL, &other, &problem), code);
    assert_string_equal(problem.detail, error->detail);
    assert_int_equal(other.input_count, signature->input_count);
    wi_onnx_clear(&other);
    assert_int_equal(wi_onnx_read_from(read_at, &fd, model->size, NULL, &other, &problem), code);
    assert_string_equal(problem.detail, error->detail);
    wi_onnx_clear(&other);
    close(fd);
    free(bytes);
    wi_buffer_clear(model);
    return code;
}

static void refuse_model(struct wi_buffer *model, const char *part)
{
    struct wi_onnx_signature signature;
    struct wi_error error;
    assert_int_equal(read_model(model, &signature, &error), WI_MODEL_INVALID);
    if (!strstr(error.detail, part))
        fail_msg("\"%s\" without \"%s\"", error.detail, part);
    assert_int_equal(signature.input_count, 0);
}

TEST(reads_a_signature)
{
    struct wi_onnx_signature s;
    struct wi_error error;
    struct wi_buffer model = small_model();
    assert_int_equal(read_model(&model, &s, &error), WI_OK);
    assert_int_equal(s.ir_version, 8);
    assert_int_equal(s.opset, 17);
    assert_int_equal(s.input_count, 1); /* w has an initializer */
    assert_string_equal(s.inputs[0].name, "x");
    assert_true(s.inputs[0].tensor && s.inputs[0].has_datatype && s.inputs[0].has_shape);
    assert_int_equal(s.inputs[0].datatype, WI_FP32);
    assert_int_equal(s.inputs[0].rank, 4);
    assert_int_equal(s.inputs[0].dims[0], -1);
    assert_int_equal(s.inputs[0].dims[3], 5);
    assert_int_equal(s.output_count, 1);
    assert_string_equal(s.outputs[0].name, "y");
    wi_onnx_clear(&s);
    wi_onnx_clear(&s);
}

TEST(reads_unusual_values)
{
    struct wi_onnx_signature s;
    struct wi_error error;
    struct wi_buffer graph = {0}, value = {0}, type = {0}, sparse = {0}, tensor = {0};
    put_value(&graph, 11, "any", 1, -1, NULL);
    put_value(&graph, 11, "scalar", 7, 0, NULL);
    put_value(&graph, 11, "float8", 17, 1, (int64_t[]){-2});
    put_bytes(&type, 4, "", 0); /* a sequence */
    put_bytes(&value, 1, "list", 4);
    put_message(&value, 2, &type);
    put_message(&graph, 11, &value);
    put_bytes(&value, 1, "bare", 4); /* no type at all */
    put_message(&graph, 12, &value);
    put_value(&graph, 11, "sparse", 1, 1, (int64_t[]){2});
    put_bytes(&tensor, 8, "sparse", 6);
    put_message(&sparse, 1, &tensor);
    put_message(&graph, 15, &sparse);
    struct wi_buffer model = finish_model(&graph);
    assert_int_equal(read_model(&model, &s, &error), WI_OK);
    assert_int_equal(s.input_count, 4);
    assert_false(s.inputs[0].has_shape);
    assert_true(s.inputs[1].has_shape);
    assert_int_equal(s.inputs[1].rank, 0);
    assert_false(s.inputs[2].has_datatype);
    assert_int_equal(s.inputs[2].dims[0], -1);
    assert_false(s.inputs[3].tensor);
    assert_true(s.outputs[0].tensor);
    assert_false(s.outputs[0].has_datatype);
    wi_onnx_clear(&s);
}

TEST(refuses_every_cut)
{
    struct wi_buffer whole = small_model();
    for (size_t size = 0; size < whole.size; size++) {
        struct wi_onnx_signature s;
        struct wi_error error = {0};
        unsigned char *bytes = malloc(size ? size : 1);
        memcpy(bytes, whole.text, size);
        assert_int_equal(wi_onnx_read(bytes, size, &s, &error), WI_MODEL_INVALID);
        assert_true(error.detail[0]);
        free(bytes);
    }
    wi_buffer_clear(&whole);
}

/* Every single byte changed to a few hostile values: no crash, no leak, some answer. */
TEST(survives_changed_bytes)
{
    static const unsigned char values[] = {0x00, 0x01, 0x07, 0x7f, 0x80, 0xff};
    struct wi_buffer whole = small_model();
    for (size_t at = 0; at < whole.size; at++) {
        for (size_t i = 0; i < sizeof values; i++) {
            struct wi_onnx_signature s;
            char kept = whole.text[at];
            whole.text[at] = (char)values[i];
            if (wi_onnx_read((unsigned char *)whole.text, whole.size, &s, NULL) == WI_OK)
                assert_true(s.output_count > 0);
            wi_onnx_clear(&s);
            whole.text[at] = kept;
        }
    }
    wi_buffer_clear(&whole);
}

TEST(tells_models_of_other_programs)
{
    static const struct {
        const char *bytes, *what;
    } rows[] = {{"\x1c\0\0\0TFL3\x14\0\x20", "TensorFlow Lite"}, {"PK\3\4\x14\0\0\0\0\0\0", "ZIP"},
        {"\x89HDF\r\n\x1a\n\0\0\0", "HDF5"}, {"GGUF\3\0\0\0\0\0\0", "NAME.gguf"},
        {"\x40\1\0\0\0\0\0\0{\"a", "safetensors"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_buffer model = {0};
        wi_buffer_add(&model, rows[i].bytes, 11);
        refuse_model(&model, rows[i].what);
    }
}

TEST(refuses_what_is_no_model)
{
    struct wi_buffer model = {0}, graph = {0};
    refuse_model(&model, "empty");
    wi_buffer_puts(&model, "<html>not here</html>");
    refuse_model(&model, "HTML");
    wi_buffer_puts(&model, "{\"a\":1}");
    refuse_model(&model, "JSON");
    wi_buffer_puts(&model, "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
    refuse_model(&model, "pointer of Git LFS");
    wi_buffer_puts(&model, "hello, world");
    refuse_model(&model, "no whole ONNX model");
    put_number(&model, 1, 8);
    refuse_model(&model, "no graph");
    put_bytes(&graph, 2, "g", 1);
    model = finish_model(&graph);
    refuse_model(&model, "no outputs");
    model = small_model();
    put_bytes(&model, 7, "", 0);
    refuse_model(&model, "two graphs");
    wi_buffer_add(&model, "\x0b", 1); /* field 1 begins a group */
    refuse_model(&model, "wire type");
    wi_buffer_add(&model, "\x00\x01", 2);
    refuse_model(&model, "field number");
    wi_buffer_add(&model, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11);
    refuse_model(&model, "64 bits");
    wi_buffer_add(&model, "\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
    refuse_model(&model, "longer than what contains it");
}

TEST(refuses_bad_values)
{
    struct wi_buffer graph = {0}, model, weight = {0};
    int64_t many[17] = {0};
    put_value(&graph, 11, "x", 1, 17, many);
    model = finish_model(&graph);
    refuse_model(&model, "16 dimensions");
    put_value(&graph, 11, "x", 1, 0, NULL);
    put_value(&graph, 11, "x", 1, 0, NULL);
    model = finish_model(&graph);
    refuse_model(&model, "same name");
    put_value(&graph, 11, "", 1, 0, NULL);
    model = finish_model(&graph);
    refuse_model(&model, "no name");
    put_value(&graph, 12, "\xff", 1, 0, NULL);
    model = finish_model(&graph);
    refuse_model(&model, "not UTF-8");
    for (int i = 0; i < 1025; i++)
        put_value(&graph, 12, "y", 1, 0, NULL);
    model = finish_model(&graph);
    refuse_model(&model, "more than 1024 outputs");
    for (int i = 0; i < 1025; i++) {
        char name[16];
        snprintf(name, sizeof name, "i%d", i);
        put_value(&graph, 11, name, 1, 0, NULL);
    }
    put_value(&graph, 12, "y", 1, 0, NULL);
    model = finish_model(&graph);
    refuse_model(&model, "more than 1024 inputs");
    put_bytes(&weight, 8, "w", 1);
    put_number(&weight, 14, 1);
    put_message(&graph, 5, &weight);
    put_value(&graph, 12, "y", 1, 0, NULL);
    model = finish_model(&graph);
    refuse_model(&model, "which has no name");
}

static struct wi_buffer model_with(struct wi_buffer *graph)
{
    put_value(graph, 12, "y", 1, 0, NULL);
    return finish_model(graph);
}

static const struct wi_onnx_external *external_of(
    const struct wi_onnx_signature *signature, const char *path)
{
    const struct wi_onnx_external *found;
    HASH_FIND_STR(signature->externals, path, found);
    if (!found)
        fail_msg("%s is not named", path);
    return found;
}

/* Wherever a tensor may be: initializers, sparse ones, attributes, subgraphs. */
TEST(names_the_files_of_external_tensors)
{
    struct wi_onnx_signature s;
    struct wi_error error;
    struct wi_buffer graph = {0}, sparse = {0}, inner = {0}, attribute = {0}, node = {0}, model;
    put_external(&graph, 5, "a", "w.bin", "0", "16");
    put_external(&graph, 5, "b", "./w.bin", "4096", "100");
    put_external(&graph, 5, "c", "w.bin", "16", "16");
    put_external(&graph, 5, "d", "parts/v_1.data", NULL, NULL);
    put_external(&sparse, 1, "e", "sparse", "8", NULL);
    put_message(&graph, 15, &sparse);
    put_external(&attribute, 5, "f", "constant", NULL, "3");
    put_external(&attribute, 10, "g", "constants", NULL, "4");
    put_external(&inner, 5, "h", "branch", NULL, "5");
    put_message(&attribute, 6, &inner);
    put_bytes(&node, 4, "If", 2);
    put_message(&node, 5, &attribute);
    put_message(&graph, 1, &node);
    model = model_with(&graph);
    assert_int_equal(read_model(&model, &s, &error), WI_OK);
    assert_int_equal(HASH_COUNT(s.externals), 6);
    assert_int_equal(external_of(&s, "w.bin")->least, 4196);
    assert_int_equal(external_of(&s, "parts/v_1.data")->least, 0);
    assert_int_equal(external_of(&s, "sparse")->least, 8);
    assert_int_equal(external_of(&s, "constant")->least, 3);
    assert_int_equal(external_of(&s, "constants")->least, 4);
    assert_int_equal(external_of(&s, "branch")->least, 5);
    wi_onnx_clear(&s);
}

TEST(refuses_bad_external_tensors)
{
    static const struct {
        const char *location, *offset, *length, *problem;
    } cases[] = {
        {NULL, "0", "1", "has no name"},
        {"", "0", "1", "has no name"},
        {"./", "0", "1", "has no name"},
        {"../w", "0", "1", "not allowed"},
        {"a/../../w", "0", "1", "not allowed"},
        {"/etc/passwd", "0", "1", "not allowed"},
        {"a//b", "0", "1", "not allowed"},
        {"a/", "0", "1", "not allowed"},
        {".w", "0", "1", "not allowed"},
        {"a b", "0", "1", "not allowed"},
        {"w%2f", "0", "1", "not allowed"},
        {"a\\b", "0", "1", "not allowed"},
        {"*/_ORT_MEM_ADDR_/*", "0", "1", "not allowed"},
        {"model.onnx", "0", "1", "no files for that"},
        {"./model.json", "0", "1", "no files for that"},
        {"w", "-1", "1", "is no number"},
        {"w", "", "1", "is no number"},
        {"w", "1x", "1", "is no number"},
        {"w", "0", "99999999999999999999", "is no number"},
        {"w", "1", "18446744073709551615", "has no end"},
    };
    struct wi_buffer graph = {0}, model;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_external(&graph, 5, "w", cases[i].location, cases[i].offset, cases[i].length);
        model = model_with(&graph);
        refuse_model(&model, cases[i].problem);
    }
    for (int i = 0; i < 999; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", i);
        put_external(&graph, 5, name, name, NULL, NULL);
    }
    model = model_with(&graph);
    refuse_model(&model, "more than 998 other files");
}

/* Of tensors of each place. */
TEST(refuses_bad_external_tensors_anywhere)
{
    enum place { INITIALIZER, SPARSE, ATTRIBUTE, ATTRIBUTES, SUBGRAPH, PLACES };
    for (int place = 0; place < PLACES; place++) {
        struct wi_buffer graph = {0}, around = {0}, attribute = {0}, node = {0}, model;
        if (place == INITIALIZER) {
            put_external(&graph, 5, "w", "../w", "0", "1");
        } else if (place == SPARSE) {
            put_external(&around, 1, "w", "../w", "0", "1");
            put_message(&graph, 15, &around);
        } else {
            put_external(place == SUBGRAPH ? &around : &attribute, place == ATTRIBUTES ? 10 : 5,
                "w", "../w", "0", "1");
            if (place == SUBGRAPH)
                put_message(&attribute, 6, &around);
            put_bytes(&node, 4, "If", 2);
            put_message(&node, 5, &attribute);
            put_message(&graph, 1, &node);
        }
        model = model_with(&graph);
        refuse_model(&model, "not allowed");
    }
}

TEST(reads_files_larger_than_a_window)
{
    struct wi_onnx_signature s;
    struct wi_error error;
    struct wi_buffer graph = {0}, weight = {0};
    char *raw = wi_alloc(100000), name[16];
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "w%d", i);
        put_value(&graph, 11, name, 1, 1, (int64_t[]){25000});
        put_bytes(&weight, 9, raw, (size_t)(i * 2499));
        put_bytes(&weight, 8, name, strlen(name));
        put_message(&graph, 5, &weight);
    }
    put_value(&graph, 11, "x", 1, 0, NULL);
    put_value(&graph, 12, "y", 1, 0, NULL);
    struct wi_buffer model = finish_model(&graph);
    assert_true(model.size > 10 * WI_PROTOBUF_WINDOW);
    assert_int_equal(read_model(&model, &s, &error), WI_OK);
    assert_int_equal(s.input_count, 1);
    assert_string_equal(s.inputs[0].name, "x");
    wi_onnx_clear(&s);
    free(raw);
}

/* A file that is shorter than it was said to be is an error and nothing worse. */
TEST(notices_a_file_cut_short)
{
    struct wi_onnx_signature s;
    struct wi_error error = {0};
    struct wi_buffer model = small_model();
    char path[] = "/tmp/webinfer-onnx-XXXXXX";
    int fd = mkstemp(path);
    unlink(path);
    assert_int_equal(write(fd, model.text, model.size / 2), model.size / 2);
    assert_int_equal(wi_onnx_read_file(fd, model.size, NULL, &s, &error), WI_MODEL_INVALID);
    assert_non_null(strstr(error.detail, "cannot be read"));
    close(fd);
    wi_buffer_clear(&model);
}

/* A reading that was told to end does so at the next field, however much there is left. */
TEST(stops_when_it_is_told_to)
{
    struct wi_onnx_signature s;
    struct wi_error error = {0};
    struct wi_buffer model = small_model();
    const atomic_int stop = 1;
    char path[] = "/tmp/webinfer-onnx-XXXXXX";
    int fd = mkstemp(path);
    unlink(path);
    assert_int_equal(write(fd, model.text, model.size), model.size);
    assert_int_equal(wi_onnx_read_file(fd, model.size, &stop, &s, &error), WI_MODEL_INVALID);
    assert_non_null(strstr(error.detail, "read no further (byte 0"));
    close(fd);
    wi_buffer_clear(&model);
}

/* The default domain has two names. */
TEST(knows_the_opset_by_its_other_name)
{
    struct wi_onnx_signature s;
    struct wi_buffer graph = {0}, model = {0}, opset = {0};
    put_value(&graph, 12, "y", 1, 0, NULL);
    put_bytes(&opset, 1, "ai.onnx", 7);
    put_number(&opset, 2, 21);
    put_message(&model, 8, &opset);
    put_message(&model, 7, &graph);
    assert_int_equal(wi_onnx_read((unsigned char *)model.text, model.size, &s, NULL), WI_OK);
    assert_int_equal(s.opset, 21);
    wi_onnx_clear(&s);
    wi_buffer_clear(&model);
}

/* --- requests --------------------------------------------------------------------------------- */

static enum wi_code check(const char *name, enum wi_datatype type, unsigned rank,
    const int64_t *dims, struct wi_error *error)
{
    struct wi_onnx_signature s;
    struct wi_buffer model = small_model();
    struct wi_tensor tensor = {.name = (char *)name, .datatype = type, .rank = rank};
    struct wi_tensors tensors = {&tensor, name ? 1 : 0};
    assert_int_equal(wi_onnx_read((unsigned char *)model.text, model.size, &s, NULL), WI_OK);
    for (unsigned i = 0; i < rank; i++)
        tensor.dims[i] = dims[i];
    *error = (struct wi_error){0};
    enum wi_code code = wi_onnx_check_inputs(&s, &tensors, error);
    wi_onnx_clear(&s);
    wi_buffer_clear(&model);
    return code;
}

TEST(checks_inputs)
{
    struct wi_error error;
    int64_t good[] = {2, 3, 4, 5}, bad[] = {2, 3, 4, 6};
    assert_int_equal(check("x", WI_FP32, 4, good, &error), WI_OK);
    assert_int_equal(check("z", WI_FP32, 4, good, &error), WI_INPUT_UNKNOWN);
    assert_string_equal(error.field, "inputs[0].name");
    assert_string_equal(error.expected, "x");
    assert_int_equal(check("w", WI_FP32, 4, good, &error), WI_INPUT_UNKNOWN);
    assert_int_equal(check(NULL, WI_FP32, 0, good, &error), WI_INPUT_MISSING);
    assert_string_equal(error.expected, "x");
    assert_int_equal(check("x", WI_FP64, 4, good, &error), WI_INPUT_DATATYPE);
    assert_string_equal(error.field, "inputs[0].datatype");
    assert_string_equal(error.expected, "FP32");
    assert_int_equal(check("x", WI_FP32, 4, bad, &error), WI_INPUT_SHAPE);
    assert_string_equal(error.field, "inputs[0].shape");
    assert_string_equal(error.expected, "[?, 3, 4, 5]");
    assert_int_equal(check("x", WI_FP32, 3, good, &error), WI_INPUT_SHAPE);
}

/* Inputs a [batch, ?], b [batch, 3] and c [?]: those named "batch" are equal. */
static struct wi_buffer named_sizes_model(void)
{
    struct wi_buffer graph = {0};
    put_value(&graph, 11, "a", 1, 2, (int64_t[]){-1, -2});
    put_value(&graph, 11, "b", 1, 2, (int64_t[]){-1, 3});
    put_value(&graph, 11, "c", 1, 1, (int64_t[]){-2});
    put_value(&graph, 12, "y", 1, 1, (int64_t[]){-1});
    return finish_model(&graph);
}

TEST(checks_sizes_of_one_name)
{
    struct wi_onnx_signature s;
    struct wi_error error = {0};
    struct wi_buffer model = named_sizes_model();
    struct wi_tensor items[] = {{.name = (char *)"c", .datatype = WI_FP32, .rank = 1, .dims = {9}},
        {.name = (char *)"b", .datatype = WI_FP32, .rank = 2, .dims = {2, 3}},
        {.name = (char *)"a", .datatype = WI_FP32, .rank = 2, .dims = {2, 7}}};
    struct wi_tensors tensors = {items, 3};
    assert_int_equal(wi_onnx_read((unsigned char *)model.text, model.size, &s, NULL), WI_OK);
    assert_int_equal(s.symbols.count, 1);
    assert_int_equal(wi_onnx_check_inputs(&s, &tensors, &error), WI_OK);
    for (int64_t wrong = 0; wrong < 4; wrong++) {
        if (wrong == 2)
            continue;
        items[2].dims[0] = wrong; /* 0 and 1, too: nothing is broadcast */
        assert_int_equal(wi_onnx_check_inputs(&s, &tensors, &error), WI_INPUT_SHAPE);
        assert_string_equal(error.field, "inputs[2].shape");
        assert_string_equal(error.expected, "2 as size 0, as batch is");
        assert_non_null(strstr(error.detail, "its size 0, batch, is 2 in input b"));
    }
    wi_onnx_clear(&s);
    wi_buffer_clear(&model);
}

TEST(names_of_sizes_are_bounded)
{
    struct wi_onnx_signature s;
    struct wi_buffer model = {0}, graph = {0};
    for (int i = 0; i < 2 * WI_ONNX_SYMBOLS_MAX; i++) {
        struct wi_buffer value = {0}, type = {0}, tensor = {0}, shape = {0}, dim = {0};
        char name[8];
        snprintf(name, sizeof name, "s%d", i);
        put_bytes(&dim, 2, name, strlen(name));
        put_message(&shape, 1, &dim);
        put_number(&tensor, 1, 1);
        put_message(&tensor, 2, &shape);
        put_message(&type, 1, &tensor);
        put_bytes(&value, 1, name, strlen(name));
        put_message(&value, 2, &type);
        put_message(&graph, 11, &value);
    }
    put_value(&graph, 12, "y", 1, 0, NULL);
    model = finish_model(&graph);
    assert_int_equal(wi_onnx_read((unsigned char *)model.text, model.size, &s, NULL), WI_OK);
    assert_int_equal(s.symbols.count, WI_ONNX_SYMBOLS_MAX);
    assert_int_equal(s.inputs[0].symbols[0], 1);
    assert_int_equal(s.inputs[WI_ONNX_SYMBOLS_MAX].symbols[0], 0);
    wi_onnx_clear(&s);
    wi_buffer_clear(&model);
}

TEST(checks_inputs_given_twice_and_outputs)
{
    struct wi_onnx_signature s;
    struct wi_error error = {0};
    struct wi_buffer model = small_model();
    struct wi_tensor twice[] = {
        {.name = (char *)"x", .datatype = WI_FP32, .rank = 4, .dims = {1, 3, 4, 5}},
        {.name = (char *)"x", .datatype = WI_FP32, .rank = 4, .dims = {1, 3, 4, 5}}};
    struct wi_tensors tensors = {twice, 2};
    assert_int_equal(wi_onnx_read((unsigned char *)model.text, model.size, &s, NULL), WI_OK);
    assert_int_equal(wi_onnx_check_inputs(&s, &tensors, &error), WI_INPUT_UNKNOWN);
    assert_non_null(strstr(error.detail, "twice"));
    assert_int_equal(wi_onnx_check_output(&s, "y", &error), WI_OK);
    assert_int_equal(wi_onnx_check_output(&s, "x", &error), WI_OUTPUT_UNKNOWN);
    assert_string_equal(error.allowed, "y");
    wi_onnx_clear(&s);
    wi_buffer_clear(&model);
}

/* As scikit-learn's classifiers are exported: a tensor, and maps. */
TEST(outputs_that_cannot_be_sent_are_named_before_a_run)
{
    struct wi_onnx_signature s;
    struct wi_error error = {0};
    struct wi_buffer graph = {0}, model, value = {0}, type = {0};
    struct wi_strings wanted = {0};
    put_value(&graph, 12, "label", 7, 1, (int64_t[]){-1});
    put_bytes(&type, 4, "", 0); /* a sequence */
    put_bytes(&value, 1, "probabilities", 13);
    put_message(&value, 2, &type);
    put_message(&graph, 12, &value);
    model = finish_model(&graph);
    assert_int_equal(wi_onnx_read((unsigned char *)model.text, model.size, &s, NULL), WI_OK);
    assert_int_equal(wi_onnx_check_wanted(&s, &wanted, &error), WI_OUTPUT_UNKNOWN);
    assert_string_equal(error.field, "outputs");
    assert_string_equal(error.expected, "outputs: [\"label\"]");
    assert_non_null(strstr(error.detail, "probabilities"));
    wi_strings_add(&wanted, "label");
    assert_int_equal(wi_onnx_check_wanted(&s, &wanted, &error), WI_OK);
    wi_strings_add(&wanted, "probabilities");
    assert_int_equal(wi_onnx_check_wanted(&s, &wanted, &error), WI_OUTPUT_UNKNOWN);
    wi_strings_clear(&wanted);
    wi_onnx_clear(&s);
    wi_buffer_clear(&model);
}

TEST(lists_many_names_within_bounds)
{
    struct wi_onnx_signature s;
    struct wi_error error = {0};
    struct wi_buffer graph = {0}, model;
    char name[512];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < 200; i++) {
        name[0] = (char)('a' + i / 10 % 10);
        name[1] = (char)('a' + i % 10);
        name[i < 100 ? 20 : 500] = '\0';
        put_value(&graph, 11, name, 1, 0, NULL);
        name[i < 100 ? 20 : 500] = 'n';
    }
    put_value(&graph, 12, "y", 1, 0, NULL);
    model = finish_model(&graph);
    assert_int_equal(wi_onnx_read((unsigned char *)model.text, model.size, &s, NULL), WI_OK);
    assert_int_equal(wi_onnx_check_inputs(&s, &(struct wi_tensors){0}, &error), WI_INPUT_MISSING);
    assert_non_null(strstr(error.expected, "…"));
    wi_onnx_clear(&s);
    wi_buffer_clear(&model);
}

/* --- the collection of cases ------------------------------------------------------------------ */

static json_t *load_case(const char *folder, const char *name)
{
    char *path = wi_sprintf("%s/%s/case.json", folder, name);
    json_t *json = json_load_file(path, 0, NULL);
    free(path);
    return json;
}

static const char *type_in_case(enum wi_datatype type)
{
    static const char *const names[WI_DATATYPE_COUNT] = {[WI_BOOL] = "bool",
        [WI_UINT8] = "uint8",
        [WI_UINT16] = "uint16",
        [WI_UINT32] = "uint32",
        [WI_UINT64] = "uint64",
        [WI_INT8] = "int8",
        [WI_INT16] = "int16",
        [WI_INT32] = "int32",
        [WI_INT64] = "int64",
        [WI_FP16] = "float16",
        [WI_FP32] = "float32",
        [WI_FP64] = "float64",
        [WI_BYTES] = "string"};
    return names[type];
}

/* The case's inputs must pass the check, and its outputs exist. */
static void check_case(const char *name, const json_t *json, const struct wi_onnx_signature *s)
{
    struct wi_tensors tensors = {0};
    struct wi_error error = {0};
    size_t i, k;
    json_t *item, *dim;
    json_array_foreach(json_object_get(json, "inputs"), i, item)
    {
        struct wi_tensor *tensor = wi_tensors_add(&tensors);
        const char *dtype = json_string_value(json_object_get(item, "dtype"));
        tensor->name = wi_strdup(json_string_value(json_object_get(item, "name")));
        for (int t = 0; t < WI_DATATYPE_COUNT; t++)
            if (type_in_case((enum wi_datatype)t) &&
                strcmp(type_in_case((enum wi_datatype)t), dtype) == 0)
                tensor->datatype = (enum wi_datatype)t;
        json_array_foreach(json_object_get(item, "shape"), k, dim)
        {
            tensor->dims[tensor->rank++] = json_integer_value(dim);
        }
    }
    if (wi_onnx_check_inputs(s, &tensors, &error) != WI_OK)
        fail_msg("%s: %s", name, error.detail);
    json_array_foreach(json_object_get(json, "outputs"), i, item)
    {
        const char *output = json_string_value(json_object_get(item, "name"));
        if (wi_onnx_check_output(s, output, &error) != WI_OK)
            fail_msg("%s: %s", name, error.detail);
    }
    wi_tensors_clear(&tensors);
}

TEST(reads_the_collection_of_cases)
{
    const char *given = getenv("WEBINFER_CASES"), *root = getenv("srcdir");
    char *folder = given ? wi_strdup(given) : wi_sprintf("%s/../shared/models", root ? root : ".");
    DIR *dir = opendir(folder);
    const struct dirent *item;
    int good = 0, bad = 0;
    if (!dir) {
        print_message("skipped: no cases at %s (set WEBINFER_CASES)\n", folder);
        free(folder);
        skip();
    }
    while ((item = readdir(dir))) {
        json_t *json = item->d_name[0] == '.' ? NULL : load_case(folder, item->d_name);
        struct wi_onnx_signature s;
        struct wi_error error = {0};
        struct stat st;
        if (!json)
            continue;
        char *path = wi_sprintf("%s/%s/model.onnx", folder, item->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0 && fstat(fd, &st) == 0);
        enum wi_code code = wi_onnx_read_file(fd, (uint64_t)st.st_size, NULL, &s, &error);
        int broken = strcmp(item->d_name, "neg_not_onnx_html") == 0 ||
                     strcmp(item->d_name, "neg_truncated_superres") == 0;
        if (broken != (code != WI_OK))
            fail_msg("%s: %s", item->d_name, error.detail);
        if (code == WI_OK && json_array_size(json_object_get(json, "inputs")) > 0)
            check_case(item->d_name, json, &s);
        good += code == WI_OK;
        bad += code != WI_OK;
        wi_onnx_clear(&s);
        close(fd);
        free(path);
        json_decref(json);
    }
    closedir(dir);
    free(folder);
    print_message("%d models read, %d refused as they must\n", good, bad);
    assert_true(good > 50);
}

/* A node of `type` with `inputs` inputs named x, and `graph` (emptied) as an attribute. */
static void put_node(struct wi_buffer *out, unsigned field, const char *type, int inputs,
    unsigned attribute_field, struct wi_buffer *graph)
{
    struct wi_buffer node = {0}, attribute = {0};
    for (int i = 0; i < inputs; i++)
        put_bytes(&node, 1, "x", 1);
    put_bytes(&node, 4, type, strlen(type));
    if (graph) {
        put_bytes(&attribute, 1, "body", 4);
        put_message(&attribute, attribute_field, graph);
        put_message(&node, 5, &attribute);
    }
    put_message(out, field, &node);
}

static struct wi_buffer graph_with_output(void)
{
    struct wi_buffer graph = {0};
    put_value(&graph, 12, "y", 1, 1, (int64_t[]){1});
    return graph;
}

/* Reads a model of one graph; gives the random operator found. */
static const char *random_of(struct wi_buffer *graph, int *quantised)
{
    static struct wi_onnx_signature s;
    struct wi_error error;
    struct wi_buffer model = finish_model(graph);
    assert_int_equal(read_model(&model, &s, &error), WI_OK);
    wi_onnx_clear(&(struct wi_onnx_signature){.inputs = s.inputs,
        .input_count = s.input_count,
        .outputs = s.outputs,
        .output_count = s.output_count});
    if (quantised)
        *quantised = s.quantised;
    return s.random;
}

TEST(finds_operators_that_draw)
{
    static const char *const drawing[] = {"RandomNormal", "RandomNormalLike", "RandomUniform",
        "RandomUniformLike", "Multinomial", "Bernoulli"};
    static const char *const others[] = {"Conv", "Randomise", "", "Dropout"};
    int quantised;
    for (size_t i = 0; i < sizeof drawing / sizeof *drawing; i++) {
        struct wi_buffer graph = graph_with_output();
        put_node(&graph, 1, "Add", 2, 0, NULL);
        put_node(&graph, 1, drawing[i], 1, 0, NULL);
        assert_string_equal(random_of(&graph, &quantised), drawing[i]);
        assert_false(quantised);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct wi_buffer graph = graph_with_output();
        put_node(&graph, 1, others[i], 2, 0, NULL);
        assert_string_equal(random_of(&graph, NULL), "");
    }
}

TEST(dropout_draws_when_told_to_train)
{
    struct wi_buffer graph = graph_with_output();
    put_node(&graph, 1, "Dropout", 3, 0, NULL);
    assert_string_equal(random_of(&graph, NULL), "Dropout");
}

TEST(looks_into_subgraphs_and_functions)
{
    static const unsigned as_one = 6, as_list = 11;
    struct wi_buffer inner = {0}, outer = {0}, function = {0}, graph = graph_with_output();
    struct wi_onnx_signature s;
    struct wi_error error;
    put_node(&inner, 1, "RandomUniform", 0, 0, NULL);
    put_node(&outer, 1, "If", 1, as_list, &inner);
    put_node(&graph, 1, "Loop", 3, as_one, &outer);
    assert_string_equal(random_of(&graph, NULL), "RandomUniform");
    graph = graph_with_output();
    struct wi_buffer model = finish_model(&graph);
    put_bytes(&function, 1, "Noise", 5);
    put_node(&function, 7, "RandomNormal", 0, 0, NULL);
    put_message(&model, 25, &function);
    assert_int_equal(read_model(&model, &s, &error), WI_OK);
    assert_string_equal(s.random, "RandomNormal");
    wi_onnx_clear(&s);
}

TEST(nesting_without_end_is_not_followed)
{
    struct wi_buffer inner = {0}, outer = {0}, graph = graph_with_output();
    put_node(&inner, 1, "RandomUniform", 0, 0, NULL);
    for (int i = 0; i < 1000; i++) {
        put_node(&outer, 1, "If", 1, 6, &inner);
        inner = outer;
        outer = (struct wi_buffer){0};
    }
    put_node(&graph, 1, "If", 1, 6, &inner);
    assert_string_equal(random_of(&graph, NULL), "");
}

TEST(finds_operators_that_scale_whole_tensors)
{
    static const char *const types[] = {
        "DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "QLinearConv", ""};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct wi_onnx_signature s;
        struct wi_error error;
        struct wi_buffer graph = graph_with_output();
        put_node(&graph, 1, types[i], 2, 0, NULL);
        struct wi_buffer model = finish_model(&graph);
        assert_int_equal(read_model(&model, &s, &error), WI_OK);
        assert_string_equal(s.scaling, i < 3 ? types[i] : "");
        wi_onnx_clear(&s);
    }
}

TEST(tells_models_of_few_bits)
{
    static const char *const types[] = {"QLinearConv", "QuantizeLinear", "MatMulNBits"};
    struct wi_buffer weight = {0};
    int quantised;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct wi_buffer graph = graph_with_output();
        put_node(&graph, 1, types[i], 2, 0, NULL);
        assert_string_equal(random_of(&graph, &quantised), "");
        assert_true(quantised);
    }
    for (int type = 1; type <= 16; type++) { /* 1 FLOAT, 10 FLOAT16, 16 BFLOAT16 */
        struct wi_buffer graph = graph_with_output();
        put_bytes(&weight, 8, "w", 1);
        put_number(&weight, 2, (uint64_t)type);
        put_message(&graph, 5, &weight);
        random_of(&graph, &quantised);
        assert_int_equal(quantised, type == 10 || type == 16);
    }
}

/* What a model has no outputs for fits none of them. */
TEST(an_answer_of_a_model_without_outputs_is_empty)
{
    struct wi_onnx_signature none = {0};
    struct wi_strings wanted = {0};
    struct wi_tensor tensor = {.name = (char *)"y", .datatype = WI_FP32};
    struct wi_tensors one = {&tensor, 1}, empty = {0};
    const char *odd;
    struct wi_error error;
    assert_int_equal(wi_onnx_check_answer(&none, &wanted, &one, &odd, &error), WI_INFERENCE_FAILED);
    assert_string_equal(error.field, "data.tensors");
    assert_int_equal(wi_onnx_check_answer(&none, &wanted, &empty, &odd, &error), WI_OK);
}
