/* What is published of a store: its CIDs, each block of them, CARs, and what becomes of it when
 * files change. */
#include "fixture.h"

#include "base/protobuf.h"
#include "models/share/blockstore/private.h"
#include <fcntl.h>
#include <unistd.h>

#define VECTOR "bafybeicoelrpuhs2awj3mbsifgufdwuctbph3wrpamantwbbhg7wvljvqu"

/* --- CIDs and blocks -------------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

/* The folder whose CID others have computed. */
static struct wi_model *vector_model(struct fixture *f, const char *name)
{
    fill(f, name, "model.onnx", 7, 3 * WI_LEAF_BYTES + 5);
    put(f, name, "model.json", "{}\n", 3);
    put(f, name, "onnx/model.onnx", "abc", 3);
    put(f, name, "empty.txt", "", 0);
    return make_model(f, name, FILES("model.onnx", "model.json", "onnx/model.onnx", "empty.txt"));
}

/* Adds the bytes of a file's tree. */
static void read_tree(struct fixture *f, const struct wi_cid *cid, struct wi_buffer *bytes)
{
    struct wi_buffer block = {0};
    struct wi_dag_node node = {0};
    assert_true(get(f, cid, &block));
    assert_int_equal(wi_dag_read(cid->codec, (const unsigned char *)(block.text ? block.text : ""),
                         block.size, &node, NULL),
        WI_OK);
    if (cid->codec == WI_CODEC_RAW)
        wi_buffer_add(bytes, block.text, block.size);
    for (size_t i = 0; i < node.count; i++)
        read_tree(f, &node.links[i].to.cid, bytes);
    wi_dag_clear(&node);
    wi_buffer_clear(&block);
}

static void assert_file(struct fixture *f, const struct wi_pin_file *file)
{
    struct wi_buffer bytes = {0};
    unsigned char hash[WI_HASH_SIZE];
    char hex[WI_HASH_HEX_SIZE];
    read_tree(f, &file->cid, &bytes);
    wi_hash(bytes.text ? bytes.text : "", bytes.size, hash);
    wi_hash_hex(hash, hex);
    assert_int_equal(bytes.size, file->bytes);
    assert_string_equal(hex, file->sha256);
    wi_buffer_clear(&bytes);
}

TEST(a_published_folder_has_the_cid_that_others_give_it)
{
    struct fixture *f = *state;
    struct published published = publish_good(f, vector_model(f, "org/name"));
    const struct wi_pin *pin = wi_blockstore_pin(f->blocks, "org/name");
    assert_string_equal(published.cid_text, VECTOR);
    assert_non_null(pin);
    assert_string_equal(pin->origin, "webinfer-0123456789abcdef");
    assert_int_equal(pin->bytes, 3 * WI_LEAF_BYTES + 5 + 6);
    assert_int_equal(pin->count, 4);
    assert_int_equal(pin->stale, 0);
    assert_string_equal(f->changed, "org/name");
    for (size_t i = 0; i < pin->count; i++)
        assert_file(f, &pin->files[i]);
}

TEST(what_nobody_published_is_not_there)
{
    struct fixture *f = *state;
    struct wi_cid cid;
    publish_good(f, vector_model(f, "name"));
    wi_cid_of(WI_CODEC_RAW, (const unsigned char *)"else", 4, &cid);
    assert_null(wi_blockstore_read(f->blocks, &cid, 0, WI_SCOPE_BLOCK, NULL));
    assert_null(wi_blockstore_read(f->blocks, &cid, 1, WI_SCOPE_ALL, NULL));
    /* A leaf is no dag-pb, whatever its hash. */
    wi_cid_of(WI_CODEC_RAW, (const unsigned char *)"abc", 3, &cid);
    assert_true(has(f, &cid));
    cid.codec = WI_CODEC_DAG_PB;
    assert_false(has(f, &cid));
}

TEST(models_are_listed_by_their_names)
{
    struct fixture *f = *state;
    publish_good(f, vector_model(f, "b"));
    publish_good(f, vector_model(f, "a"));
    publish_good(f, vector_model(f, "c"));
    struct wi_buffer names = {0};
    const struct wi_pin *pin;
    for (size_t i = 0; (pin = wi_blockstore_at(f->blocks, i)); i++)
        wi_buffer_puts(&names, pin->model);
    assert_string_equal(names.text, "abc");
    wi_buffer_clear(&names);
}

/* --- CARs ------------------------------------------------------------------------------------- */

static uint64_t take_varint(const unsigned char **at)
{
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        value |= (uint64_t)(**at & 0x7f) << shift;
        if ((*(*at)++ & 0x80) == 0)
            return value;
    }
}

/* The CIDs of a CAR's sections, which have the blocks that they say. */
struct car {
    struct wi_cid cids[32];
    size_t count;
};

static void parse_car(const struct wi_buffer *bytes, const struct wi_cid *root, struct car *car)
{
    struct wi_buffer begin = {0};
    const unsigned char *at = (const unsigned char *)bytes->text, *end = at + bytes->size;
    wi_car_begin(&begin, root);
    assert_true(bytes->size >= begin.size);
    assert_memory_equal(at, begin.text, begin.size);
    at += begin.size;
    wi_buffer_clear(&begin);
    while (at < end) {
        uint64_t size = take_varint(&at);
        struct wi_cid_read read;
        struct wi_cid is;
        assert_true(size <= (uint64_t)(end - at));
        assert_int_equal(wi_cid_read(at, (size_t)size, &read), 0);
        wi_cid_of(read.codec, at + read.size, (size_t)size - read.size, &is);
        assert_true(wi_cid_equal(&is, &read.cid));
        for (size_t i = 0; i < car->count; i++)
            assert_false(wi_cid_equal(&car->cids[i], &is)); /* each once */
        car->cids[car->count++] = is;
        at += size;
    }
}

static struct car get_car(struct fixture *f, const struct wi_cid *root, enum wi_dag_scope scope)
{
    struct wi_buffer bytes = {0};
    struct car car = {0};
    uint64_t size;
    struct wi_block_reading *reading = wi_blockstore_read(f->blocks, root, 1, scope, &size);
    assert_non_null(reading);
    assert_int_equal(read_out(reading, size, &bytes), 0);
    parse_car(&bytes, root, &car);
    wi_buffer_clear(&bytes);
    return car;
}

TEST(a_car_has_the_blocks_depth_first_and_each_once)
{
    struct fixture *f = *state;
    struct published published = publish_good(f, vector_model(f, "name"));
    const struct wi_pin *pin = wi_blockstore_pin(f->blocks, "name");
    struct car car = get_car(f, &published.cid, WI_SCOPE_ALL);
    /* The root, empty.txt, model.json, model.onnx with two leaves that differ, onnx, its file. */
    assert_int_equal(car.count, 8);
    assert_true(wi_cid_equal(&car.cids[0], &published.cid));
    assert_true(wi_cid_equal(&car.cids[1], &pin->files[0].cid));
    assert_true(wi_cid_equal(&car.cids[2], &pin->files[1].cid));
    assert_true(wi_cid_equal(&car.cids[3], &pin->files[2].cid));
    assert_int_equal(car.cids[4].codec, WI_CODEC_RAW);
    assert_int_equal(car.cids[5].codec, WI_CODEC_RAW);
    assert_int_equal(car.cids[6].codec, WI_CODEC_DAG_PB);
    assert_true(wi_cid_equal(&car.cids[7], &pin->files[3].cid));
}

TEST(a_car_has_what_its_scope_says)
{
    struct fixture *f = *state;
    struct published published = publish_good(f, vector_model(f, "name"));
    const struct wi_pin *pin = wi_blockstore_pin(f->blocks, "name");
    assert_int_equal(get_car(f, &published.cid, WI_SCOPE_BLOCK).count, 1);
    assert_int_equal(get_car(f, &published.cid, WI_SCOPE_ENTITY).count, 1);
    assert_int_equal(get_car(f, &pin->files[2].cid, WI_SCOPE_BLOCK).count, 1);
    assert_int_equal(get_car(f, &pin->files[2].cid, WI_SCOPE_ENTITY).count, 3);
    assert_int_equal(get_car(f, &pin->files[2].cid, WI_SCOPE_ALL).count, 3);
    assert_int_equal(get_car(f, &pin->files[1].cid, WI_SCOPE_ENTITY).count, 1);
}

TEST(blocks_that_several_files_have_are_in_a_car_once)
{
    struct fixture *f = *state;
    fill(f, "name", "a/x", 1, WI_LEAF_BYTES);
    fill(f, "name", "a-b", 2, 2 * WI_LEAF_BYTES); /* in its folder behind "a", by path before it */
    fill(f, "name", "b", 1, 3 * WI_LEAF_BYTES);
    put(f, "name", "c/x", "", 0);
    put(f, "name", "d/x", "", 0); /* the same folder as c */
    struct published published =
        publish_good(f, make_model(f, "name", FILES("a/x", "a-b", "b", "c/x", "d/x")));
    struct car car = get_car(f, &published.cid, WI_SCOPE_ALL);
    /* Four folders of which three differ, two inner nodes, leaves of 1, 2 and nothing. */
    assert_int_equal(car.count, 8);
}

TEST(a_tree_of_two_levels_is_read_from_its_leaves)
{
    struct fixture *f = *state;
    char *path = path_to(f->directory, "name/model.gguf");
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    free(path);
    assert_int_equal(ftruncate(fd, (off_t)WI_LEAF_BYTES * WI_TREE_WIDTH + 1), 0);
    close(fd);
    publish_good(f, make_model(f, "name", FILES("model.gguf")));
    const struct wi_pin *pin = wi_blockstore_pin(f->blocks, "name");
    char text[WI_CID_TEXT];
    wi_cid_print(&pin->files[0].cid, text);
    assert_string_equal(text, "bafybeigx4uyebjbq65346xh6cjrt6yshbdudzudhnqecwbzvymslxj7gje");
    /* The root, two inner nodes, a full leaf, the leaf of one byte. */
    assert_int_equal(get_car(f, &pin->files[0].cid, WI_SCOPE_ENTITY).count, 5);
}

/* --- again ------------------------------------------------------------------------------------ */

TEST(the_same_again_is_the_same)
{
    struct fixture *f = *state;
    struct published one = publish_good(f, vector_model(f, "name"));
    int64_t at = wi_blockstore_pin(f->blocks, "name")->published_at;
    struct published two = publish_good(f, vector_model(f, "name")); /* other files, same bytes */
    assert_string_equal(two.cid_text, one.cid_text);
    assert_int_equal(wi_blockstore_pin(f->blocks, "name")->published_at, at);
    wait_for_block(f, &one.cid, 1);
}

TEST(two_names_may_have_the_same_files)
{
    struct fixture *f = *state;
    struct wi_error error;
    struct published one = publish_good(f, vector_model(f, "one"));
    publish_good(f, vector_model(f, "two"));
    assert_int_equal(wi_blockstore_unpublish(f->blocks, "one", NULL, &error), WI_OK);
    assert_true(has(f, &one.cid));
    assert_non_null(wi_blockstore_pin(f->blocks, "two"));
    assert_int_equal(wi_blockstore_unpublish(f->blocks, "two", NULL, &error), WI_OK);
    assert_false(has(f, &one.cid));
    assert_int_equal(wi_blockstore_unpublish(f->blocks, "two", NULL, &error), WI_NOT_FOUND);
}

TEST(a_changed_model_replaces_its_pin)
{
    struct fixture *f = *state;
    struct published one = publish_good(f, vector_model(f, "name"));
    put(f, "name", "model.json", "{ }", 3);
    struct published two =
        publish_good(f, make_model(f, "name", FILES("model.onnx", "model.json")));
    assert_string_not_equal(one.cid_text, two.cid_text);
    assert_false(has(f, &one.cid));
    assert_true(has(f, &two.cid));
    stop(f);
    start(f);
    wait_for_block(f, &two.cid, 1);
    assert_string_equal(wi_blockstore_pin(f->blocks, "name")->cid_text, two.cid_text);
    assert_false(has(f, &one.cid));
}

TEST(a_builtin_model_has_no_files)
{
    struct fixture *f = *state;
    struct wi_model *model = make_model(f, "builtin/echo", FILES(NULL));
    model->builtin = WI_BUILTIN_ECHO;
    assert_int_equal(publish(f, model).code, WI_MODEL_INVALID);
}

/* --- restarts --------------------------------------------------------------------------------- */

/* Writes a byte into the file, whose time stays as it was. */
static void write_unseen(struct fixture *f, const char *file)
{
    char *path = path_to(f->directory, file);
    struct stat status;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    free(path);
    assert_true(fd >= 0 && fstat(fd, &status) == 0);
    const struct timespec times[2] = {status.st_atim, status.st_mtim};
    assert_int_equal(pwrite(fd, "!", 1, 0), 1);
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

/* Gives the file another name, as the store does: then nothing tells of a write but its time. */
static void name_twice(struct fixture *f, const char *file)
{
    char *path = path_to(f->directory, file), *other = path_to(f->directory, "other-name");
    assert_int_equal(link(path, other), 0);
    free(path);
    free(other);
}

TEST(after_a_restart_it_is_there_and_no_file_was_read)
{
    struct fixture *f = *state;
    struct wi_model *model = vector_model(f, "name");
    name_twice(f, "name/model.onnx");
    struct published published = publish_good(f, model);
    stop(f);
    write_unseen(f, "name/model.onnx"); /* whoever reads it sees that it is another */
    start(f);
    const struct wi_pin *pin = wi_blockstore_pin(f->blocks, "name");
    assert_non_null(pin); /* at once */
    assert_string_equal(pin->cid_text, VECTOR);
    assert_int_equal(pin->count, 4);
    wait_for_block(f, &published.cid, 1);
    assert_true(has(f, &wi_blockstore_pin(f->blocks, "name")->files[3].cid));
    assert_int_equal(wi_blockstore_pin(f->blocks, "name")->stale, 0);
}

static int count_in(struct fixture *f, const char *folder)
{
    char *command = wi_sprintf("exit $(ls -A '%s/.content/%s' 2>&- | wc -l)", f->directory, folder);
    int status = system(command);
    free(command);
    return WEXITSTATUS(status);
}

TEST(leaves_that_are_missing_are_computed_again)
{
    struct fixture *f = *state;
    struct published published = publish_good(f, vector_model(f, "name"));
    assert_int_equal(count_in(f, "leaves"), 4);
    stop(f);
    char *command = wi_sprintf("rm '%s'/.content/leaves/*", f->directory);
    assert_int_equal(system(command), 0);
    free(command);
    start(f);
    wait_for_block(f, &published.cid, 1);
    assert_int_equal(count_in(f, "leaves"), 4);
}

TEST(what_nobody_needs_is_swept_at_the_start)
{
    struct fixture *f = *state;
    struct wi_error error;
    put(f, "other", "a", "other", 5);
    struct published other = publish_good(f, make_model(f, "other", FILES("a")));
    struct published published = publish_good(f, vector_model(f, "name"));
    assert_int_equal(wi_blockstore_unpublish(f->blocks, "other", NULL, &error), WI_OK);
    write_text(f->directory, ".content/leaves/.new-0123456789abcdef", "half");
    write_text(f->directory, ".content/pins/.new-0123456789abcdef", "{");
    assert_int_equal(count_in(f, "leaves"), 6);
    stop(f);
    start(f);
    wait_for_block(f, &published.cid, 1);
    assert_int_equal(count_in(f, "leaves"), 4);
    assert_int_equal(count_in(f, "pins"), 1);
    assert_false(has(f, &other.cid));
    assert_null(wi_blockstore_pin(f->blocks, "other"));
}

static void on_removed(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    assert_null(error);
    *(int *)context = 1;
}

/* Also of one that was unpublished before, as the API does it. */
TEST(the_leaves_of_a_removed_model_go_with_it)
{
    static const char *const names[] = {"one", "two"};
    struct fixture *f = *state;
    struct wi_error error;
    struct published published = publish_good(f, vector_model(f, "name"));
    for (int i = 0; i < 2; i++) {
        int removed = 0;
        put(f, names[i], "model.onnx", names[i], 3);
        publish_good(f, make_model(f, names[i], FILES("model.onnx")));
        assert_int_equal(count_in(f, "leaves"), 5);
        if (i == 0)
            assert_int_equal(wi_blockstore_unpublish(f->blocks, names[i], NULL, &error), WI_OK);
        wi_versions_take_away(f->work, names[i], on_removed, &removed);
        while (!removed || count_in(f, "leaves") > 4)
            uv_run(&f->loop, UV_RUN_ONCE);
        assert_int_equal(count_in(f, "leaves"), 4);
    }
    wait_for_block(f, &published.cid, 1);
}

TEST(what_is_being_read_is_known_to_be)
{
    struct fixture *f = *state;
    struct published published = publish_good(f, vector_model(f, "name"));
    assert_false(wi_blockstore_is_read(f->blocks, "name"));
    struct wi_block_reading *reading =
        wi_blockstore_read(f->blocks, &published.cid, 1, WI_SCOPE_ALL, NULL);
    assert_true(wi_blockstore_is_read(f->blocks, "name"));
    assert_false(wi_blockstore_is_read(f->blocks, "nam"));
    wi_block_reading_free(reading);
    assert_false(wi_blockstore_is_read(f->blocks, "name"));
}

TEST(another_folder_has_other_pins)
{
    struct fixture *f = *state;
    char other[64];
    struct published published = publish_good(f, vector_model(f, "name"));
    make_root(other, "blocks");
    wi_repository_reset(f->models, other);
    wi_blockstore_reset(f->blocks);
    assert_null(wi_blockstore_pin(f->blocks, "name"));
    assert_false(has(f, &published.cid));
    wi_repository_reset(f->models, f->directory);
    wi_blockstore_reset(f->blocks);
    wait_for_block(f, &published.cid, 1);
    wi_blockstore_reset(f->blocks); /* the same */
    assert_true(has(f, &published.cid));
    remove_root(other);
}

/* --- leaves that are asked for -----------------------------------------------------------------
 */

/* The leaves of the model's model.onnx, once they are there; -1: they cannot be had. */
static int wait_for_leaves(struct fixture *f, const struct wi_model *model, uint64_t *size)
{
    const struct wi_model_file *file = wi_manifest_find(&model->manifest, "model.onnx");
    char *path = wi_sprintf("%s/%s", model->folder, file->path);
    int fd = open(path, O_RDONLY | O_CLOEXEC), found, soon;
    assert_true(fd >= 0);
    while ((found = wi_blockstore_open_leaves(f->blocks, fd, file, size, &soon)) < 0 && soon)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_false(found >= 0 && soon);
    close(fd);
    free(path);
    return found;
}

TEST(leaves_of_what_nobody_published_are_computed_when_they_are_asked_for)
{
    static unsigned char leaf[WI_LEAF_BYTES];
    struct fixture *f = *state;
    struct wi_model *model = vector_model(f, "name");
    unsigned char text[56 + 4 * WI_HASH_SIZE], hash[WI_HASH_SIZE];
    uint64_t size;
    int soon;
    memset(leaf, 7, sizeof leaf);
    wi_hash(leaf, sizeof leaf, hash);
    for (int i = 0; i < 2; i++) {
        int fd = wait_for_leaves(f, model, &size);
        assert_true(fd >= 0);
        assert_int_equal(size, sizeof text);
        assert_int_equal(pread(fd, text, sizeof text, 0), sizeof text);
        close(fd);
        assert_memory_equal(text, "wileaves\1\0\0\0\0\0\0\0\5\0\x30\0\0\0\0\0", 24);
        for (size_t k = 0; k < 3; k++)
            assert_memory_equal(text + 56 + k * WI_HASH_SIZE, hash, sizeof hash);
        assert_int_equal(count_in(f, "leaves"), 1);
        assert_null(wi_blockstore_pin(f->blocks, "name"));
        stop(f); /* the next start leaves them alone … */
        start(f);
        while (!f->blocks->is_swept)
            uv_run(&f->loop, UV_RUN_ONCE);
        fd = wi_blockstore_open_leaves(
            f->blocks, -1, wi_manifest_find(&model->manifest, "model.onnx"), &size, &soon);
        assert_true(fd >= 0 && !soon);
        close(fd);
        stop(f); /* … until their time is over */
        char *command = wi_sprintf("touch -d yesterday '%s'/.content/leaves/*", f->directory);
        assert_int_equal(system(command), 0);
        free(command);
        start(f);
        while (count_in(f, "leaves") > 0)
            uv_run(&f->loop, UV_RUN_ONCE);
    }
    free_model(model);
}

/* Another model was removed. */
TEST(leaves_that_were_asked_for_stay_when_others_go)
{
    struct fixture *f = *state;
    struct wi_model *model = vector_model(f, "name");
    uint64_t size;
    int removed = 0;
    put(f, "other", "model.onnx", "one", 3);
    publish_good(f, make_model(f, "other", FILES("model.onnx")));
    close(wait_for_leaves(f, model, &size));
    assert_int_equal(count_in(f, "leaves"), 2);
    wi_versions_take_away(f->work, "other", on_removed, &removed);
    while (!removed || count_in(f, "leaves") > 1)
        uv_run(&f->loop, UV_RUN_ONCE);
    int fd = wait_for_leaves(f, model, &size);
    assert_true(fd >= 0);
    close(fd);
    free_model(model);
}

TEST(leaves_of_a_file_that_is_another_now_are_not_had)
{
    struct fixture *f = *state;
    struct wi_model *model = vector_model(f, "name");
    uint64_t size;
    int soon;
    name_twice(f, "name/model.onnx");
    write_unseen(f, "name/model.onnx");
    assert_int_equal(wait_for_leaves(f, model, &size), -1);
    /* Nor is it read again at once. */
    assert_int_equal(wi_blockstore_open_leaves(f->blocks, -1,
                         wi_manifest_find(&model->manifest, "model.onnx"), &size, &soon),
        -1);
    assert_int_equal(soon, 0);
    assert_int_equal(count_in(f, "leaves"), 0);
    free_model(model);
}

TEST(a_store_may_close_while_leaves_are_computed)
{
    struct fixture *f = *state;
    static const char *const names[] = {"a", "b", "c"};
    struct published published = publish_good(f, vector_model(f, "name"));
    assert_int_equal(published.done, 1); /* nothing is swept any more */
    for (int i = 0; i < 3; i++) {
        uint64_t size;
        int soon;
        fill(f, names[i], "model.onnx", i, 2 * WI_LEAF_BYTES);
        struct wi_model *model = make_model(f, names[i], FILES("model.onnx"));
        char *path = wi_sprintf("%s/model.onnx", model->folder);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_int_equal(
            wi_blockstore_open_leaves(f->blocks, fd, &model->manifest.files[0], &size, &soon), -1);
        assert_int_equal(soon, 1);
        close(fd);
        free(path);
        free_model(model);
    }
}

/* --- files that change ------------------------------------------------------------------------ */

static int is_stale(struct fixture *f, const char *name)
{
    return wi_blockstore_pin(f->blocks, name)->stale;
}

static void wait_for_stale(struct fixture *f, const char *name, int stale)
{
    while (is_stale(f, name) != stale) {
        wi_blockstore_check(f->blocks);
        uv_run(&f->loop, UV_RUN_ONCE);
    }
}

TEST(what_changes_is_stale_and_comes_back_with_its_files)
{
    struct fixture *f = *state;
    struct published published = publish_good(f, vector_model(f, "name"));
    char *path = path_to(f->directory, "name/model.json"), *aside = wi_sprintf("%s.aside", path);
    assert_int_equal(rename(path, aside), 0);
    put(f, "name", "model.json", "{x}", 3);
    f->changes = 0;
    wait_for_stale(f, "name", 1);
    assert_int_equal(f->changes, 1);
    assert_false(has(f, &published.cid));
    assert_null(wi_blockstore_read(f->blocks, &published.cid, 1, WI_SCOPE_ALL, NULL));
    assert_int_equal(rename(aside, path), 0);
    wait_for_stale(f, "name", 0);
    assert_int_equal(f->changes, 2);
    assert_true(has(f, &published.cid));
    free(aside);
    free(path);
}

TEST(other_files_with_the_same_bytes_are_as_good)
{
    struct fixture *f = *state;
    struct published published = publish_good(f, vector_model(f, "name"));
    put(f, "name", "model.json", "{y}", 3);
    wait_for_stale(f, "name", 1);
    char *path = path_to(f->directory, "name/model.json");
    assert_int_equal(unlink(path), 0);
    free(path);
    put(f, "name", "model.json", "{}\n", 3);
    name_twice(f, "name/model.json");
    wait_for_stale(f, "name", 0);
    assert_int_equal(get_car(f, &published.cid, WI_SCOPE_ALL).count, 8);
    /* How it looks now is written down. */
    stop(f);
    write_unseen(f, "name/model.json");
    start(f);
    wait_for_block(f, &published.cid, 1);
    assert_int_equal(is_stale(f, "name"), 0);
}

TEST(a_change_is_noticed_whose_time_was_put_back)
{
    struct fixture *f = *state;
    publish_good(f, vector_model(f, "name"));
    const struct wi_cid leaf = wi_blockstore_pin(f->blocks, "name")->files[3].cid;
    assert_true(has(f, &leaf));
    write_unseen(f, "name/onnx/model.onnx");
    assert_null(wi_blockstore_read(f->blocks, &leaf, 0, WI_SCOPE_BLOCK, NULL));
    assert_int_equal(is_stale(f, "name"), 1);
    stop(f);
    start(f);
    wait_for_stale(f, "name", 1);
    assert_null(wi_blockstore_read(f->blocks, &leaf, 0, WI_SCOPE_BLOCK, NULL));
}

TEST(a_reading_finds_that_its_file_changed)
{
    struct fixture *f = *state;
    publish_good(f, vector_model(f, "name"));
    const struct wi_cid leaf = wi_blockstore_pin(f->blocks, "name")->files[3].cid;
    put(f, "name", "onnx/model.onnx", "abd", 3); /* in place */
    assert_null(wi_blockstore_read(f->blocks, &leaf, 0, WI_SCOPE_BLOCK, NULL));
    assert_int_equal(is_stale(f, "name"), 1);
}

TEST(a_car_breaks_off_where_a_file_changed)
{
    struct fixture *f = *state;
    struct published published = publish_good(f, vector_model(f, "name"));
    struct wi_block_reading *reading =
        wi_blockstore_read(f->blocks, &published.cid, 1, WI_SCOPE_ALL, NULL);
    struct wi_buffer bytes = {0};
    assert_non_null(reading);
    put(f, "name", "onnx/model.onnx", "ab", 2); /* the last of them */
    assert_int_equal(read_out(reading, 0, &bytes), -1);
    assert_true(bytes.size > 2 * WI_LEAF_BYTES / 2);
    assert_int_equal(is_stale(f, "name"), 1);
    wi_buffer_clear(&bytes);
}

TEST(a_file_that_is_written_to_while_it_is_read_breaks_it_off)
{
    struct fixture *f = *state;
    struct wi_segment segment;
    publish_good(f, vector_model(f, "name"));
    const struct wi_cid file = wi_blockstore_pin(f->blocks, "name")->files[2].cid;
    struct wi_block_reading *reading = wi_blockstore_read(f->blocks, &file, 1, WI_SCOPE_ALL, NULL);
    int more = 1;
    while (more == 1 && (more = wi_block_reading_next(reading, &segment)) == 1) {
        if (!segment.memory)
            break;
    }
    assert_int_equal(more, 1);
    fill(f, "name", "model.onnx", 8, 3 * WI_LEAF_BYTES + 5);
    assert_int_equal(wi_block_reading_next(reading, &segment), 1); /* a head, in memory */
    assert_int_equal(wi_block_reading_next(reading, &segment), -1);
    assert_int_equal(wi_block_reading_next(reading, &segment), -1);
    wi_block_reading_free(reading);
}

TEST(a_reading_outlives_its_pin_and_the_store)
{
    struct fixture *f = *state;
    struct wi_buffer bytes = {0};
    struct wi_error error;
    struct car car = {0};
    struct published published = publish_good(f, vector_model(f, "name"));
    uint64_t size;
    struct wi_block_reading *reading =
        wi_blockstore_read(f->blocks, &published.cid, 1, WI_SCOPE_ALL, &size);
    assert_int_equal(wi_blockstore_unpublish(f->blocks, "name", NULL, &error), WI_OK);
    wi_blockstore_free(f->blocks);
    assert_int_equal(read_out(reading, size, &bytes), 0);
    parse_car(&bytes, &published.cid, &car);
    assert_int_equal(car.count, 8);
    wi_buffer_clear(&bytes);
    start_blocks(f);
}

TEST(a_link_out_of_the_store_is_not_followed)
{
    struct fixture *f = *state;
    char outside[64];
    publish_good(f, vector_model(f, "name"));
    make_root(outside, "outside");
    write_text(outside, "x", "abc");
    char *path = path_to(f->directory, "name/onnx/model.onnx"), *to = path_to(outside, "x");
    const struct wi_cid leaf = wi_blockstore_pin(f->blocks, "name")->files[3].cid;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(to, path), 0);
    assert_null(wi_blockstore_read(f->blocks, &leaf, 0, WI_SCOPE_BLOCK, NULL));
    free(path);
    free(to);
    remove_root(outside);
}

/* --- while it is published -------------------------------------------------------------------- */

TEST(a_model_that_changed_before_is_not_published)
{
    struct fixture *f = *state;
    struct wi_model *model = vector_model(f, "name");
    put(f, "name", "onnx/model.onnx", "abd", 3);
    struct published published = publish(f, model);
    assert_int_equal(published.code, WI_CONFLICT);
    assert_non_null(strstr(published.detail, "onnx/model.onnx"));
    assert_null(wi_blockstore_pin(f->blocks, "name"));
}

struct writer {
    char *path;
    atomic_int stop;
};

static void keep_writing(void *data)
{
    struct writer *writer = data;
    int fd = open(writer->path, O_WRONLY | O_CLOEXEC);
    while (!atomic_load(&writer->stop)) {
        if (pwrite(fd, "?", 1, 0) != 1)
            break;
        usleep(500);
    }
    close(fd);
}

TEST(a_model_that_changes_meanwhile_is_not_published)
{
    struct fixture *f = *state;
    struct writer writer = {.path = path_to(f->directory, "name/model.onnx")};
    uv_thread_t thread;
    fill(f, "name", "model.onnx", '?', 48 << 20);
    struct wi_model *model = make_model(f, "name", FILES("model.onnx"));
    assert_int_equal(uv_thread_create(&thread, keep_writing, &writer), 0);
    struct published published = publish(f, model);
    atomic_store(&writer.stop, 1);
    uv_thread_join(&thread);
    free(writer.path);
    assert_int_equal(published.code, WI_CONFLICT);
    assert_null(wi_blockstore_pin(f->blocks, "name"));
}

TEST(nothing_is_left_of_a_publishing_that_was_cancelled)
{
    struct fixture *f = *state;
    struct published published = {0};
    fill(f, "name", "model.onnx", 1, 32 << 20);
    struct wi_model *model = make_model(f, "name", FILES("model.onnx"));
    wi_blockstore_cancel(wi_blockstore_publish(f->blocks, model, NULL, on_published, &published));
    publish_good(f, vector_model(f, "other"));
    wi_blockstore_cancel(wi_blockstore_publish(f->blocks, model, NULL, on_published, &published));
    wi_blockstore_publish(f->blocks, model, NULL, on_published, &published);
    stop(f); /* that cancels the last */
    start(f);
    assert_int_equal(published.done, 0);
    assert_null(wi_blockstore_pin(f->blocks, "name"));
    assert_non_null(wi_blockstore_pin(f->blocks, "other"));
    assert_int_equal(count_in(f, "pins"), 1);
    free_model(model);
    wi_blockstore_cancel(NULL);
}

struct seen {
    struct published published; /* first */
    uint64_t done, total;
};

static void on_progress(void *context, const struct wi_publish_progress *progress)
{
    struct seen *seen = context;
    assert_true(progress->done > seen->done && progress->done <= progress->total);
    seen->done = progress->done;
    seen->total = progress->total;
}

TEST(progress_tells_the_bytes)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    char *path = path_to(f->directory, "name/model.onnx");
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, 320 << 20), 0);
    close(fd);
    free(path);
    struct wi_model *model = make_model(f, "name", FILES("model.onnx"));
    wi_blockstore_publish(f->blocks, model, on_progress, on_published, &seen);
    while (!seen.published.done)
        uv_run(&f->loop, UV_RUN_ONCE);
    free_model(model);
    assert_int_equal(seen.published.code, WI_OK);
    assert_true(seen.done > 0);
    assert_int_equal(seen.total, 320 << 20);
}

TEST(a_store_that_cannot_be_written_says_so)
{
    struct fixture *f = *state;
    write_text(f->directory, ".content", "a file");
    struct published published = publish(f, vector_model(f, "name"));
    assert_int_equal(published.code, WI_STORAGE_FAILED);
    assert_non_null(strstr(published.detail, f->directory));
}
