/* A store with models whose files are whatever a test writes, and what is published of it. */
#ifndef WI_TESTS_BLOCKSTORE_FIXTURE_H
#define WI_TESTS_BLOCKSTORE_FIXTURE_H

#include "../../../test.h"

#include "../../../files.h"
#include "base/buffer.h"
#include "models/share/blockstore/blockstore.h"
#include "models/share/content/car.h"
#include "models/share/content/dag.h"
#include "models/share/content/tree.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct fixture {
    uv_loop_t loop;
    char directory[64];
    struct wi_repository *models;
    struct wi_versions_work *work;
    struct wi_models_deps deps;
    struct wi_models parts;
    struct wi_blockstore *blocks;
    struct wi_change_listener listener;
    int changes;
    int open; /* files, before */
    char changed[64];
};

static inline void on_change(
    void *context, enum wi_change_kind kind, const char *id, const char *owner)
{
    struct fixture *f = context;
    assert_int_equal(kind, WI_CHANGE_MODEL);
    assert_null(owner);
    f->changes++;
    snprintf(f->changed, sizeof f->changed, "%s", id);
}

static inline void start_blocks(struct fixture *f)
{
    f->parts = (struct wi_models){.repository = f->models, .versions = f->work};
    f->deps = (struct wi_models_deps){
        .loop = &f->loop, .id = "webinfer-0123456789abcdef", .listener = &f->listener};
    f->blocks = wi_blockstore_new(&f->deps, &f->parts);
}

/* All of it begins anew, as after a restart. */
static inline void start(struct fixture *f)
{
    f->models = wi_repository_new(&f->loop, f->directory, NULL);
    f->work = wi_versions_work_new(&f->loop, f->models);
    start_blocks(f);
}

static inline void stop(struct fixture *f)
{
    wi_blockstore_free(f->blocks);
    wi_versions_work_free(f->work);
    wi_repository_free(f->models);
    uv_run(&f->loop, UV_RUN_DEFAULT);
}

static inline int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    make_root(f->directory, "blocks");
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->open = count_open();
    f->listener = (struct wi_change_listener){f, on_change};
    start(f);
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    stop(f);
    assert_int_equal(count_open(), f->open);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    remove_root(f->directory);
    free(f);
    return 0;
}

/* --- models ----------------------------------------------------------------------------------- */

static inline void put(
    struct fixture *f, const char *model, const char *file, const void *bytes, size_t size)
{
    char *name = wi_sprintf("%s/%s", model, file);
    write_file(f->directory, name, bytes, size);
    free(name);
}

/* `size` bytes of that value. */
static inline void fill(
    struct fixture *f, const char *model, const char *file, int value, size_t size)
{
    char *bytes = wi_alloc(size + 1);
    memset(bytes, value, size);
    put(f, model, file, bytes, size);
    free(bytes);
}

static inline void take_file(struct wi_model *model, const char *path)
{
    struct stat status;
    char *whole = wi_sprintf("%s/%s", model->folder, path);
    int fd = open(whole, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &status) == 0);
    struct wi_model_file *file = wi_manifest_add(&model->manifest, path);
    file->bytes = (uint64_t)status.st_size;
    file->identity = wi_file_identity_of(&status);
    assert_int_equal(wi_hash_file(fd, file->bytes, NULL, file->hash), 0);
    close(fd);
    free(whole);
}

/* A model with these files, ended by NULL, as the repository would give it. */
static inline struct wi_model *make_model(
    struct fixture *f, const char *name, const char *const *files)
{
    struct wi_model *model = wi_alloc(sizeof *model);
    model->name = wi_strdup(name);
    model->folder = wi_sprintf("%s/%.*s", f->directory, (int)strcspn(name, ":"), name);
    model->_references = 1;
    for (size_t i = 0; files[i]; i++)
        take_file(model, files[i]);
    wi_manifest_sort(&model->manifest);
    wi_manifest_hash(&model->manifest, model->hash);
    return model;
}

static inline void free_model(struct wi_model *model)
{
    assert_int_equal(model->_references, 1);
    wi_manifest_clear(&model->manifest);
    free(model->name);
    free(model->folder);
    free(model);
}

#define FILES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* --- publishing ------------------------------------------------------------------------------- */

struct published {
    int done;
    enum wi_code code;
    struct wi_cid cid;
    char cid_text[WI_CID_TEXT], detail[512];
};

static inline void on_published(
    void *context, const struct wi_pin *pin, const struct wi_error *error)
{
    struct published *published = context;
    assert_true((pin == NULL) != (error == NULL));
    published->done++;
    published->code = error ? error->code : WI_OK;
    if (error)
        snprintf(published->detail, sizeof published->detail, "%s", error->detail);
    if (pin) {
        published->cid = pin->cid;
        memcpy(published->cid_text, pin->cid_text, sizeof pin->cid_text);
    }
}

/* Publishes it, and frees the model. */
static inline struct published publish(struct fixture *f, struct wi_model *model)
{
    struct published published = {0};
    wi_blockstore_publish(f->blocks, model, NULL, on_published, &published);
    assert_int_equal(published.done, 0); /* never from inside */
    while (!published.done)
        uv_run(&f->loop, UV_RUN_ONCE);
    free_model(model);
    return published;
}

static inline struct published publish_good(struct fixture *f, struct wi_model *model)
{
    struct published published = publish(f, model);
    if (published.code != WI_OK)
        fail_msg("%s", published.detail);
    return published;
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* Adds all bytes, which are `bytes`; what wi_block_reading_next said at the end. Frees the
 * reading. */
static inline int read_out(struct wi_block_reading *reading, uint64_t bytes, struct wi_buffer *out)
{
    struct wi_segment segment;
    size_t before = out->size;
    int more;
    while ((more = wi_block_reading_next(reading, &segment)) == 1) {
        char *copy = segment.memory ? NULL : wi_alloc(segment.size);
        if (copy)
            assert_int_equal(
                pread(segment.fd, copy, segment.size, (off_t)segment.at), segment.size);
        wi_buffer_add(out, copy ? (void *)copy : segment.memory, segment.size);
        free(copy);
    }
    if (more == 0)
        assert_int_equal(out->size - before, bytes);
    wi_block_reading_free(reading);
    return more;
}

/* The block with that CID, which it is; 0 where it is not there. */
static inline int get(struct fixture *f, const struct wi_cid *cid, struct wi_buffer *block)
{
    uint64_t bytes;
    struct wi_block_reading *reading =
        wi_blockstore_read(f->blocks, cid, 0, WI_SCOPE_BLOCK, &bytes);
    struct wi_cid is;
    if (!reading)
        return 0;
    assert_int_equal(read_out(reading, bytes, block), 0);
    wi_cid_of(cid->codec, (const unsigned char *)block->text, block->size, &is);
    assert_true(wi_cid_equal(&is, cid));
    return 1;
}

static inline int has(struct fixture *f, const struct wi_cid *cid)
{
    struct wi_buffer block = {0};
    int found = get(f, cid, &block);
    wi_buffer_clear(&block);
    return found;
}

/* Turns the loop until the block is there, or is not. */
static inline void wait_for_block(struct fixture *f, const struct wi_cid *cid, int there)
{
    while (has(f, cid) != there) {
        wi_blockstore_check(f->blocks);
        uv_run(&f->loop, UV_RUN_ONCE);
    }
}

#endif
