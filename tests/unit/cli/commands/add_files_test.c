/* Which files of a path webinfer add sends. */
#include "../../test.h"

#include "../../files.h"
#include "../../terms/format/onnx_build.h"
#include "base/memory.h"
#include "cli/commands/add_files.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    char root[64];
    char from[80]; /* where what is added lies */
};

static char *join(const char *folder, const char *name)
{
    return wi_sprintf("%s/%s", folder, name);
}

/* A model whose content `extra` makes its own. */
static void put_model(const char *folder, const char *name, const char *extra)
{
    struct wi_buffer model = small_model();
    put_bytes(&model, 6, extra, strlen(extra));
    write_file(folder, name, model.text, model.size);
    wi_buffer_clear(&model);
}

static char *make_folder(const char *folder, const char *name)
{
    char *path = join(folder, name);
    assert_int_equal(mkdir(path, 0755), 0);
    return path;
}

static int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    make_root_with(f->root, f->from, "add", "from");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    remove_root(f->root);
    free(f);
    return 0;
}

/* The name and the files, "m: model.json model.onnx", of what is at FOLDER/FILE; each can be
 * opened. */
static void assert_found(const char *folder, const char *file, const char *expected)
{
    char *path = join(folder, file);
    struct wi_add_files files = {0};
    struct wi_buffer text = {0};
    struct wi_error error = {0};

    if (wi_add_files_find(path, &files, &error) != WI_OK)
        fail_msg("%s: %s", path, error.detail);
    wi_buffer_printf(&text, "%s:", files.name);
    for (size_t i = 0; i < files.list.count; i++) {
        int fd = wi_add_files_open(&files, &files.list.files[i], &error);
        if (fd < 0)
            fail_msg("%s", error.detail);
        assert_int_equal(lseek(fd, 0, SEEK_END), files.list.files[i].bytes);
        close(fd);
        wi_buffer_printf(&text, " %s", files.list.files[i].path);
    }
    assert_string_equal(text.text, expected);
    wi_buffer_clear(&text);
    wi_add_files_clear(&files);
    free(path);
}

static void assert_refused(const char *folder, const char *file, const char *why)
{
    char *path = join(folder, file);
    struct wi_add_files files = {0};
    struct wi_error error = {0};

    assert_int_not_equal(wi_add_files_find(path, &files, &error), WI_OK);
    if (!strstr(error.detail, why))
        fail_msg("\"%s\" does not say \"%s\"", error.detail, why);
    wi_add_files_clear(&files);
    free(path);
}

FIXTURE(set_up, tear_down)

TEST(a_graph_of_any_name_is_the_model)
{
    const struct fixture *f = *state;
    struct wi_add_files files = {0};
    struct wi_error error = {0};
    char *path = join(f->from, "res net.v2.onnx");

    put_model(f->from, "res net.v2.onnx", "one");
    write_text(f->from, "readme.txt", "not part of it");
    assert_found(f->from, "res net.v2.onnx", "res-net.v2: model.onnx");
    assert_found(f->root, "from", "from: model.onnx"); /* the only one of its folder */
    assert_int_equal(wi_add_files_find(path, &files, &error), WI_OK);
    assert_string_equal(files.graph, "res net.v2.onnx");
    wi_add_files_clear(&files);
    free(path);
}

TEST(takes_what_describes_a_graph_along)
{
    const struct fixture *f = *state;
    static const char spec[] = "{\"type\": \"vision\", \"labels_file\": \"names.txt\"}";

    put_model(f->from, "model.onnx", "one");
    write_text(f->from, "model.json", spec);
    write_text(f->from, "names.txt", "cat\ndog\n");
    write_text(f->from, "other.txt", "x");
    assert_found(f->from, "model.onnx", "from: model.json model.onnx names.txt");
    assert_found(f->root, "from", "from: model.json model.onnx names.txt");
    write_text(f->from, "model.json", "{"); /* the daemon says what is wrong with it */
    assert_found(f->from, "model.onnx", "from: model.json model.onnx");
}

TEST(a_file_of_weights_comes_with_its_other_parts)
{
    const struct fixture *f = *state;

    write_text(f->from, "a-Q8_0.gguf", "x");
    write_text(f->from, "b-Q4_0-00001-of-00002.gguf", "x");
    assert_found(f->from, "a-Q8_0.gguf", "a-Q8_0: a-Q8_0.gguf");
    assert_refused(f->from, "b-Q4_0-00001-of-00002.gguf", "b-Q4_0-00002-of-00002.gguf");
    write_text(f->from, "b-Q4_0-00002-of-00002.gguf", "y");
    assert_found(f->from, "b-Q4_0-00002-of-00002.gguf",
        "b-Q4_0-00002-of-00002: b-Q4_0-00001-of-00002.gguf b-Q4_0-00002-of-00002.gguf");
    write_text(f->from, "c d.gguf", "x");
    assert_refused(f->from, "c d.gguf", "rename it");
}

TEST(of_a_folder_only_what_its_format_wants)
{
    const struct fixture *f = *state;
    char *folder = make_folder(f->from, "bert"), *inner = make_folder(folder, "onnx");
    char *hidden = make_folder(folder, ".git");

    write_text(folder, "config.json", "{}");
    write_text(folder, "vocab.txt", "a");
    write_text(folder, "train.py", "");
    write_text(folder, "README.md", "");
    write_text(hidden, "config.json", "");
    write_text(inner, "model_q4.onnx", "x");
    write_text(inner, "model_q4.onnx_data", "y");
    assert_found(
        f->from, "bert", "bert: config.json onnx/model_q4.onnx onnx/model_q4.onnx_data vocab.txt");
    free(hidden);
    free(inner);
    free(folder);
}

/* Who made the folder may have put a link to what only root may read into it. */
TEST(follows_links_out_of_the_folder_but_not_as_root)
{
    const struct fixture *f = *state;
    char *folder = make_folder(f->from, "clone"), *link = join(folder, "names.txt");
    char *inside = join(folder, "model.onnx"), *named = join(f->from, "named.onnx");

    put_model(folder, "model-1.bin", "one");
    assert_int_equal(symlink("model-1.bin", inside), 0);
    write_text(folder, "model.json", "{\"labels_file\": \"names.txt\"}");
    write_text(f->root, "secret", "of root");
    assert_int_equal(symlink("../../secret", link), 0);
    assert_int_equal(symlink("clone/model-1.bin", named), 0);
    if (geteuid() == 0) {
        assert_refused(f->from, "clone", "is a link out of the model's folder; root does not");
        assert_found(f->from, "named.onnx", "named: model.onnx");
        assert_int_equal(chmod(f->root, 0755) | chmod(f->from, 0755), 0);
        assert_int_equal(seteuid(65534), 0);
    }
    assert_found(f->from, "clone", "clone: model.json model.onnx names.txt");
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
    free(named);
    free(inside);
    free(link);
    free(folder);
}

TEST(refuses_what_is_no_model)
{
    const struct fixture *f = *state;
    char *folder = make_folder(f->from, "pair");

    assert_refused(f->from, "missing.onnx", "No such file");
    assert_refused(f->from, "pair", "no *.onnx or *.gguf file");
    put_model(folder, "a.onnx", "a");
    put_model(folder, "b.onnx", "b");
    assert_refused(f->from, "pair", "name one, as in webinfer add");
    write_text(f->from, "bad.onnx", "<!doctype html>\n");
    assert_refused(f->from, "bad.onnx", "bad.onnx: ");
    free(make_folder(folder, "model.onnx"));
    assert_refused(f->from, "pair", "is not a regular file");
    free(folder);
}

TEST(tells_a_file_that_has_changed)
{
    const struct fixture *f = *state;
    struct wi_add_files files = {0};
    struct wi_error error = {0};
    char *path = join(f->from, "m.onnx");

    put_model(f->from, "m.onnx", "one");
    assert_int_equal(wi_add_files_find(path, &files, &error), WI_OK);
    put_model(f->from, "m.onnx", "another");
    assert_int_equal(wi_add_files_open(&files, &files.list.files[0], &error), -1);
    assert_non_null(strstr(error.detail, "changed while it was being added"));
    wi_add_files_clear(&files);
    free(path);
}
