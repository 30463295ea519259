/* Folders of a store that are there and cannot be read: neither missing nor a shortage. */
#include "../../../test.h"

#include "../../../files.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "models/catalog/library/list.h"
#include "models/catalog/library/model_load.h"
#include "models/catalog/library/versions.h"
#include "terms/format/folder.h"
#include <errno.h>
#include <unistd.h>

#define NOBODY 65534 /* for tests as root, which may read everything */

static char root[64];

static void lock(const char *folder, mode_t mode)
{
    char *path = path_to(root, folder);
    assert_int_equal(chmod(path, mode), 0);
    free(path);
}

/* "bert" has its graphs where nobody may look, "deep" only a folder beside them. */
static int set_up(void **state)
{
    (void)state;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    make_root(root, "open");
    if (geteuid() == 0 && (chown(root, NOBODY, NOBODY) != 0 || seteuid(NOBODY) != 0))
        return -1;
    write_text(root, "bert/config.json", "{}");
    write_text(root, "bert/onnx/model.onnx", "graph");
    write_text(root, "deep/config.json", "{}");
    write_text(root, "deep/onnx/model.onnx", "graph");
    write_text(root, "deep/original/weights", "more");
    write_text(root, "outer/model.onnx", "outer");
    write_text(root, "outer/bert/config.json", "{}");
    write_text(root, "outer/bert/onnx/model.onnx", "inner");
    lock("bert/onnx", 0);
    lock("deep/original", 0);
    lock("outer/bert/onnx", 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
    lock("bert/onnx", 0700);
    lock("deep/original", 0700);
    lock("outer/bert/onnx", 0700);
    remove_root(root);
    return 0;
}

GROUP(set_up, tear_down)

TEST(errors_are_told_apart)
{
    static const struct {
        int why, missing, shortage;
    } rows[] = {{ENOENT, 1, 0}, {ENOTDIR, 1, 0}, {EMFILE, 0, 1}, {ENFILE, 0, 1}, {ENOMEM, 0, 1},
        {EACCES, 0, 0}, {EIO, 0, 0}, {ELOOP, 0, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(wi_is_missing(rows[i].why), rows[i].missing);
        assert_int_equal(wi_is_shortage(rows[i].why), rows[i].shortage);
    }
}

TEST(who_wants_it_is_told_why_not)
{
    struct wi_load *load = wi_load_new(root, "bert", NULL);
    wi_load_run(load);
    assert_int_equal(load->code, WI_MODEL_INVALID);
    assert_non_null(strstr(load->error.detail, strerror(EACCES)));
    wi_load_free(load);
}

TEST(the_model_around_it_can_be_read)
{
    struct wi_folder folder = {0};
    char *path = path_to(root, "deep");
    assert_int_equal(wi_folder_read(path, &folder), 0);
    assert_int_equal(folder.format, WI_FORMAT_HUGGINGFACE);
    wi_folder_clear(&folder);
    free(path);
}

TEST(the_list_goes_on)
{
    struct wi_list list = {0};
    assert_int_equal(wi_list_read(root, &list), 0);
    assert_non_null(wi_list_model(&list, "deep"));
    assert_non_null(wi_list_model(&list, "outer"));
    wi_list_clear(&list);
}

TEST(it_is_not_removed_unseen)
{
    static const char *const names[] = {"bert", "outer"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct wi_error error;
        uint64_t freed;
        int pulled;
        assert_int_equal(
            wi_versions_remove(root, names[i], &pulled, &freed, &error), WI_STORAGE_FAILED);
        char *path = path_to(root, names[i]);
        assert_int_equal(access(path, F_OK), 0);
        free(path);
    }
}
