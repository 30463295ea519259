/* Files in a CAR: that each byte is read from where it lies, and what is said of those that lack
 * some. */
#include "../../test.h"

#include "../../files.h"
#include "../../models/share/content/blocks.h"
#include "cli/commands/add_car.h"
#include "models/share/content/car.h"
#include "models/share/content/dag.h"

struct fixture {
    char root[64];
    char *path; /* of the CAR */
    struct wi_buffer sections;
    struct wi_add_car *car;
    struct wi_error error;
};

static int set_up(void **state)
{
    struct fixture *fixture = wi_alloc(sizeof *fixture);
    make_root(fixture->root, "add-car");
    fixture->path = path_to(fixture->root, "x.car");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    wi_add_car_free(fixture->car);
    wi_buffer_clear(&fixture->sections);
    remove_root(fixture->root);
    free(fixture->path);
    free(fixture);
    return 0;
}

FIXTURE(set_up, tear_down)

static struct wi_cid add(
    struct fixture *fixture, enum wi_codec codec, const void *block, size_t size)
{
    unsigned char head[WI_CAR_HEAD_MAX];
    struct wi_cid cid;
    wi_cid_of(codec, block, size, &cid);
    wi_buffer_add(&fixture->sections, head, wi_car_section(&cid, size, head));
    wi_buffer_add(&fixture->sections, block, size);
    return cid;
}

static struct wi_cid add_raw(struct fixture *fixture, const char *text)
{
    return add(fixture, WI_CODEC_RAW, text, strlen(text));
}

static struct wi_cid add_node(
    struct fixture *fixture, struct node *node, unsigned type, const char *data)
{
    struct wi_buffer block = {0};
    make(node, type, data, &block);
    struct wi_cid cid = add(fixture, WI_CODEC_DAG_PB, block.text, block.size);
    wi_buffer_clear(&block);
    return cid;
}

static struct wi_add_car *open_car(struct fixture *fixture, const struct wi_cid *root)
{
    struct wi_buffer file = {0};
    wi_car_begin(&file, root);
    wi_buffer_add(&file, fixture->sections.text, fixture->sections.size);
    write_file(fixture->root, "x.car", file.text, file.size);
    wi_buffer_clear(&file);
    wi_add_car_free(fixture->car);
    return fixture->car = wi_add_car_open(fixture->path, &fixture->error);
}

/* Finds the file, and reads it from each place on, some bytes at a time. */
static void assert_reads(struct fixture *fixture, const char *path, const char *expected)
{
    size_t size = strlen(expected);
    int fd = open(fixture->path, O_RDONLY);
    char read[64];
    uint64_t bytes;
    if (wi_add_car_find(fixture->car, path, &bytes, &fixture->error) != WI_OK)
        fail_msg("%s", fixture->error.detail);
    assert_int_equal(bytes, size);
    assert_true(size < sizeof read - 2);
    for (size_t at = 0; at <= size + 1; at++)
        for (size_t wanted = 0; wanted <= size + 1; wanted++) {
            size_t left = at < size ? size - at : 0, got = wanted < left ? wanted : left;
            assert_int_equal(wi_add_car_read(fixture->car, path, fd, read, wanted, at), got);
            assert_memory_equal(read, expected + (at < size ? at : 0), got);
        }
    close(fd);
}

static void assert_lacks(struct fixture *fixture, const char *path, const char *why)
{
    uint64_t bytes;
    assert_int_not_equal(wi_add_car_find(fixture->car, path, &bytes, &fixture->error), WI_OK);
    if (!strstr(fixture->error.detail, why))
        fail_msg("\"%s\" does not say \"%s\"", fixture->error.detail, why);
}

TEST(bytes_are_read_wherever_they_lie)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid raw = add_raw(fixture, "raw"), empty = add_raw(fixture, "");
    struct wi_cid leaf = add_node(fixture, &node, A_FILE, "leaf");
    put(&node, &raw, "", 3);
    put(&node, &leaf, "", 4);
    struct wi_cid inner = add_node(fixture, &node, A_FILE, "inner");
    put(&node, &inner, "", 12);
    put_identity(&node, WI_CODEC_RAW, "{}", 2, "", 2);
    put(&node, &raw, "", 3);
    put(&node, &empty, "", 0);
    put(&node, &inner, "", 12);
    struct wi_cid file = add_node(fixture, &node, A_FILE, "root");
    put(&node, &leaf, "leaf", 1);
    struct wi_cid below = add_node(fixture, &node, DIRECTORY, NULL);
    put(&node, &below, "d", 1);
    put(&node, &empty, "empty", 0);
    put(&node, &file, "file", 1);
    put_identity(&node, WI_CODEC_RAW, "{}", 2, "identity", 2);
    put(&node, &raw, "raw", 3);
    struct wi_cid root = add_node(fixture, &node, DIRECTORY, NULL);
    if (!open_car(fixture, &root))
        fail_msg("%s", fixture->error.detail);
    assert_reads(fixture, "d/leaf", "leaf");
    assert_reads(fixture, "empty", "");
    assert_reads(fixture, "file", "rootinnerrawleaf{}rawinnerrawleaf");
    assert_reads(fixture, "identity", "{}");
    assert_reads(fixture, "raw", "raw");
    assert_reads(fixture, "raw", "raw"); /* found a second time */
    assert_lacks(fixture, "d", "there is no d in");
    assert_string_equal(fixture->car->tree->files[2].path, "file");
    assert_int_equal(fixture->car->tree->count, 5);
}

static int is_data(const char *path)
{
    return strstr(path, "data") != NULL;
}

TEST(it_is_a_view_of_its_names)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid raw = add_raw(fixture, "raw");
    put(&node, &raw, "x.data", 3);
    struct wi_cid below = add_node(fixture, &node, DIRECTORY, NULL);
    put(&node, &below, "d", 1);
    put(&node, &raw, "m.onnx", 3);
    struct wi_cid root = add_node(fixture, &node, DIRECTORY, NULL);
    const struct wi_view *view = &open_car(fixture, &root)->view;
    assert_true(view->has(view, "m.onnx"));
    assert_true(view->has(view, "d/x.data"));
    assert_false(view->has(view, "d"));
    assert_int_equal(view->any(view, "d", is_data), 1);
    assert_int_equal(view->any(view, "", is_data), 0);
    assert_int_equal(view->any(view, "e", is_data), 0);
}

TEST(a_single_file_is_named_by_what_it_is)
{
    struct fixture *fixture = *state;
    struct wi_cid root = add_raw(fixture, "GGUF and more");
    open_car(fixture, &root);
    assert_string_equal(fixture->car->tree->files[0].path, "model.gguf");
    assert_reads(fixture, "model.gguf", "GGUF and more");
    root = add_raw(fixture, "GGU");
    open_car(fixture, &root);
    assert_string_equal(fixture->car->tree->files[0].path, "model.onnx");
    root = add_raw(fixture, "");
    open_car(fixture, &root);
    assert_reads(fixture, "model.onnx", "");
    assert_int_equal(fixture->car->tree->count, 1);
}

TEST(what_is_missing_or_has_another_length_is_said_of_the_files_that_need_it)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid gone, raw = add_raw(fixture, "raw");
    wi_cid_of(WI_CODEC_RAW, (const unsigned char *)"gone", 4, &gone);
    put(&node, &gone, "", 4);
    put(&node, &raw, "", 3);
    struct wi_cid lacks = add_node(fixture, &node, A_FILE, NULL);
    put(&node, &gone, "gone", 4);
    put(&node, &lacks, "lacks", 1);
    put(&node, &raw, "longer", 4);
    put(&node, &raw, "raw", 3);
    struct wi_cid root = add_node(fixture, &node, DIRECTORY, NULL);
    open_car(fixture, &root);
    assert_lacks(fixture, "gone", "x.car: the block bafkrei");
    assert_lacks(fixture, "lacks", "is missing in it");
    assert_lacks(fixture, "longer", "has 3 bytes, and what links to it says 4");
    assert_reads(fixture, "raw", "raw");
}

TEST(what_is_no_file_is_refused)
{
    struct fixture *fixture = *state;
    assert_null(wi_add_car_open(fixture->path, &fixture->error));
    assert_non_null(strstr(fixture->error.detail, "No such file"));
    assert_null(wi_add_car_open(fixture->root, &fixture->error));
    assert_non_null(strstr(fixture->error.detail, "not a regular file"));
}
