/* What hubs say their repositories have: as they say it, and as nobody should. */
#include "../../../test.h"

#include "base/buffer.h"
#include "models/arrive/hub/hub_tree.h"
#include <string.h>

#define SHA1 "0123456789abcdef0123456789abcdef01234567"
#define SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef enum wi_code read_fn(
    struct wi_hub_tree *tree, const char *text, size_t size, struct wi_error *error);

static void read_text(struct wi_hub_tree *tree, read_fn *read, const char *text)
{
    struct wi_error error;
    if (read(tree, text, strlen(text), &error) != WI_OK)
        fail_msg("%s", error.detail);
}

static void refuse(read_fn *read, const char *text, const char *why)
{
    struct wi_hub_tree tree = {0};
    struct wi_error error;
    if (read(&tree, text, strlen(text), &error) != WI_HUB_FAILED)
        fail_msg("accepted: %s", text);
    if (!strstr(error.detail, why))
        fail_msg("\"%s\" instead of \"%s\"", error.detail, why);
    wi_hub_tree_clear(&tree);
}

TEST(reads_pages)
{
    struct wi_hub_tree tree = {0}, copy = {0};
    read_text(&tree, wi_hub_tree_read_revision, "{\"id\":\"o/n\",\"sha\":\"" SHA1 "\"}");
    read_text(&tree, wi_hub_tree_read_page,
        "[{\"type\":\"directory\",\"path\":\"onnx\",\"oid\":\"x\",\"size\":0},"
        "{\"type\":\"file\",\"path\":\"onnx/model.onnx\",\"size\":70,\"oid\":\"" SHA1 "\","
        "\"lfs\":{\"oid\":\"" SHA256 "\",\"size\":70,\"pointerSize\":134}},"
        "{\"type\":\"file\",\"path\":\".gitattributes\",\"size\":9,\"oid\":\"" SHA1 "\"}]");
    read_text(&tree, wi_hub_tree_read_page,
        "[{\"type\":\"file\",\"path\":\"config.json\",\"size\":5,\"oid\":\"0123456789ABCDEF"
        "0123456789abcdef01234567\"}]");
    assert_int_equal(wi_hub_tree_finish(&tree, NULL), WI_OK);
    assert_string_equal(tree.commit, SHA1);
    assert_int_equal(tree.count, 2);
    assert_int_equal(tree.bytes, 75);
    assert_string_equal(tree.files[0].path, "config.json");
    assert_int_equal(tree.files[0].digest, WI_HUB_GIT_SHA1);
    assert_string_equal(tree.files[0].hash, SHA1);
    wi_hub_tree_copy(&copy, &tree);
    wi_hub_tree_clear(&tree);
    const struct wi_hub_file *graph = wi_hub_tree_find(&copy, "onnx/model.onnx");
    assert_non_null(graph);
    assert_string_equal(graph->remote, "onnx/model.onnx");
    assert_int_equal(graph->bytes, 70);
    assert_int_equal(graph->digest, WI_HUB_SHA256);
    assert_string_equal(graph->hash, SHA256);
    assert_null(wi_hub_tree_find(&copy, "onnx"));
    wi_hub_tree_clear(&copy);
}

TEST(refuses_revisions_without_a_commit)
{
    refuse(wi_hub_tree_read_revision, "", "of the revision: line ");
    refuse(wi_hub_tree_read_revision, "<html>", "of the revision: line 1");
    refuse(wi_hub_tree_read_revision, "[]", "there is no commit");
    refuse(wi_hub_tree_read_revision, "{\"sha\":5}", "there is no commit");
    refuse(wi_hub_tree_read_revision, "{\"sha\":\"main\"}", "there is no commit");
    refuse(wi_hub_tree_read_revision, "{\"sha\":\"" SHA1 "/\"}", "there is no commit");
}

#define FILE_OF(path, size, oid)                                                                   \
    "[{\"type\":\"file\",\"path\":\"" path "\",\"size\":" size ",\"oid\":\"" oid "\"}]"

TEST(refuses_trees_that_lie)
{
    read_fn *read = wi_hub_tree_read_page;
    refuse(read, "{\"error\":\"x\"}", "it is no list");
    refuse(read, "[{\"type\":\"file\"", "of the tree: line 1");
    refuse(read, "[5]", "no type or no path");
    refuse(read, "[{\"type\":\"file\"}]", "no type or no path");
    refuse(read, FILE_OF("../x.json", "1", SHA1), "leads out of the repository");
    refuse(read, FILE_OF("a/../../x.json", "1", SHA1), "leads out of the repository");
    refuse(read, FILE_OF("/etc/passwd", "1", SHA1), "leads out of the repository");
    refuse(read, FILE_OF("a//b", "1", SHA1), "leads out of the repository");
    refuse(read, FILE_OF("a/./b", "1", SHA1), "leads out of the repository");
    refuse(read, FILE_OF("", "1", SHA1), "leads out of the repository");
    refuse(read, FILE_OF("a", "-1", SHA1), "no length or no hash");
    refuse(read, FILE_OF("a", "1.5", SHA1), "no length or no hash");
    refuse(read, FILE_OF("a", "1125899906842625", SHA1), "no length or no hash");
    refuse(read, FILE_OF("a", "1", "0123"), "no length or no hash");
    refuse(read, FILE_OF("a", "1", SHA256), "no length or no hash");
    refuse(read, "[{\"type\":\"file\",\"path\":\"a\",\"size\":1,\"oid\":\"" SHA1 "\",\"lfs\":{}}]",
        "no length or no hash");
}

TEST(refuses_a_path_that_is_there_twice)
{
    struct wi_hub_tree tree = {0};
    struct wi_error error;
    for (int i = 0; i < 2; i++)
        read_text(&tree, wi_hub_tree_read_page, FILE_OF("a", "1", SHA1));
    assert_int_equal(wi_hub_tree_finish(&tree, &error), WI_HUB_FAILED);
    assert_non_null(strstr(error.detail, "a is listed twice"));
    wi_hub_tree_clear(&tree);
}

TEST(leaves_out_names_that_models_cannot_have)
{
    struct wi_hub_tree tree = {0};
    read_text(&tree, wi_hub_tree_read_page, FILE_OF("a b.json", "1", SHA1));
    read_text(&tree, wi_hub_tree_read_page, FILE_OF("onnx/.x", "1", SHA1));
    read_text(&tree, wi_hub_tree_read_page, FILE_OF("a%2fb", "1", SHA1));
    assert_int_equal(tree.count, 0);
    wi_hub_tree_clear(&tree);
}

/* A page of so many files. */
static void put_files(struct wi_buffer *page, int count)
{
    wi_buffer_puts(page, "[");
    for (int i = 0; i < count; i++)
        wi_buffer_printf(page,
            "%s{\"type\":\"file\",\"path\":\"f%d.json\",\"size\":2,\"oid\":\"" SHA1 "\"}",
            i ? "," : "", i);
    wi_buffer_puts(page, "]");
}

TEST(reads_ten_thousand_files_and_no_more)
{
    struct wi_hub_tree tree = {0};
    struct wi_buffer page = {0};
    put_files(&page, WI_HUB_FILES_MAX);
    read_text(&tree, wi_hub_tree_read_page, page.text);
    assert_int_equal(wi_hub_tree_finish(&tree, NULL), WI_OK);
    assert_int_equal(tree.count, WI_HUB_FILES_MAX);
    assert_int_equal(tree.bytes, 2 * WI_HUB_FILES_MAX);
    wi_hub_tree_clear(&tree);
    wi_buffer_clear(&page);
    put_files(&page, WI_HUB_FILES_MAX + 1);
    refuse(wi_hub_tree_read_page, page.text, "more than 10000 files");
    wi_buffer_clear(&page);
}

TEST(reads_sums)
{
    struct wi_hub_tree tree = {0}, same = {0};
    static const char text[] = SHA256 "  model.gguf\r\n\n" SHA256 " *./sub/b.json\n\\" SHA256
                                      "  odd\\nname\n" SHA256 "  a b\n";
    read_text(&tree, wi_hub_tree_read_sums, text);
    read_text(&same, wi_hub_tree_read_sums, text);
    assert_int_equal(wi_hub_tree_finish(&tree, NULL), WI_OK);
    assert_int_equal(tree.count, 2);
    assert_int_equal(tree.bytes, 0);
    assert_int_equal(strlen(tree.commit), 64);
    assert_string_equal(tree.commit, same.commit);
    assert_string_equal(tree.files[1].path, "sub/b.json");
    assert_true(tree.files[1].bytes == WI_HUB_BYTES_UNKNOWN);
    assert_int_equal(tree.files[1].digest, WI_HUB_SHA256);
    assert_string_equal(tree.files[1].hash, SHA256);
    wi_hub_tree_set_bytes(&tree, 1, 12);
    wi_hub_tree_set_bytes(&tree, 1, 13); /* it is known by now */
    wi_hub_tree_set_bytes(&tree, 0, WI_HUB_FILE_MAX + 1);
    assert_int_equal(tree.files[1].bytes, 12);
    assert_true(tree.files[0].bytes == WI_HUB_BYTES_UNKNOWN);
    assert_int_equal(tree.bytes, 12);
    wi_hub_tree_clear(&tree);
    wi_hub_tree_clear(&same);
}

TEST(refuses_sums_that_are_none)
{
    struct wi_hub_tree tree = {0};
    struct wi_error error;
    read_fn *read = wi_hub_tree_read_sums;
    refuse(read, "<html>\n", "SHA256SUMS, line 1, is not as sha256sum prints it");
    refuse(read, SHA256 "  a\n" SHA1 "  b\n", "line 2");
    refuse(read, SHA256, "line 1");
    refuse(read, SHA256 " ", "line 1");
    refuse(read, SHA256 "0  a", "line 1");
    refuse(read, SHA256 "\t a", "line 1");
    refuse(read, SHA256 "  ", "leads out of the repository");
    refuse(read, SHA256 "  ../a", "leads out of the repository");
    refuse(read, SHA256 "  ././a", "leads out of the repository");
    assert_int_equal(read(&tree, SHA256 "  a\0b", 68, &error), WI_HUB_FAILED);
    wi_hub_tree_clear(&tree);
}
