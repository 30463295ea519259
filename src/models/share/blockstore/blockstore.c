/* Published models as the rest of the daemon sees them; see blockstore.h. For the loop's thread
 * only. */
#include "models/share/blockstore/blockstore.h"

#include "base/log.h"
#include "base/memory.h"
#include "models/share/blockstore/private.h"
#include <stdlib.h>
#include <string.h>

/* Files that are hashed at a time: others need the pool, too. */
#define HASHINGS 1

/* --- pins that stay --------------------------------------------------------------------------- */

static void list_use(void *context, struct wi_versions_use *use)
{
    const struct wi_blockstore *blocks = context;
    for (size_t i = 0; i < blocks->count; i++) {
        const struct wi_pin *pin = &blocks->entries[i]->pin;
        if (blocks->entries[i]->is_spare || pin->kind == WI_PIN_PULLED)
            continue;
        char *name = wi_model_name_without(pin->model);
        char *folder = wi_pin_folder(pin, blocks->directory);
        wi_strings_add(&use->names, name);
        if (pin->version)
            wi_strings_add(&use->pinned, folder);
        if (pin->version && pin->kind == WI_PIN_COPY)
            wi_strings_add(&use->apart, folder);
        free(folder);
        free(name);
    }
}

/* Whether the pin is of the model `name`, or of a variant of it. */
static int entry_is_of(const struct wi_pin_entry *entry, const char *name)
{
    size_t length = wi_model_name_base(entry->pin.model);
    return strncmp(entry->pin.model, name, length) == 0 && !name[length];
}

/* A model was removed, with all its variants. */
static void on_gone(void *context, const char *name)
{
    struct wi_blockstore *blocks = context;
    struct wi_error error;
    for (size_t i = blocks->count; i-- > 0;) {
        const char *model = blocks->entries[i]->pin.model;
        if (!entry_is_of(blocks->entries[i], name))
            continue;
        if (wi_pin_commit(blocks->directory, model, NULL, &error) != WI_OK)
            wi_warn("content", model, "%s", error.detail);
        wi_pin_table_remove(blocks->entries[i]);
    }
    wi_pin_checks_tidy(blocks->checks);
}

/* --- the store -------------------------------------------------------------------------------- */

static void take_pin(void *context, struct wi_pin *pin)
{
    wi_pin_table_put(context, pin, NULL);
}

static void blocks_begin(struct wi_blockstore *blocks)
{
    blocks->directory = wi_strdup(wi_repository_directory(blocks->models->repository));
    blocks->is_swept = 0;
    wi_pins_read(blocks->directory, take_pin, blocks);
    blocks->checks = wi_pin_checks_new(blocks);
}

static void blocks_end(struct wi_blockstore *blocks)
{
    wi_pin_checks_free(blocks->checks);
    for (size_t i = 0; i < blocks->count; i++)
        wi_pin_entry_free(blocks->entries[i]);
    free(WI_TAKE(blocks->entries));
    blocks->count = 0;
    free(blocks->directory);
}

struct wi_blockstore *wi_blockstore_new(
    const struct wi_models_deps *deps, const struct wi_models *models)
{
    struct wi_blockstore *blocks = wi_alloc(sizeof *blocks);
    blocks->deps = deps;
    blocks->models = models;
    blocks->hashing = wi_work_queue_new(deps->loop, HASHINGS);
    blocks_begin(blocks);
    wi_versions_work_add_user(models->versions, list_use, blocks);
    wi_versions_work_tell(models->versions, on_gone, blocks);
    return blocks;
}

void wi_blockstore_free(struct wi_blockstore *blocks)
{
    if (!blocks)
        return;
    wi_versions_work_tell(blocks->models->versions, NULL, NULL);
    wi_publishings_free(blocks);
    wi_asked_leaves_free(blocks);
    wi_work_queue_free(blocks->hashing);
    blocks_end(blocks);
    free(blocks);
}

void wi_blockstore_reset(struct wi_blockstore *blocks)
{
    if (strcmp(blocks->directory, wi_repository_directory(blocks->models->repository)) == 0) {
        wi_pin_checks_want(blocks->checks);
        return;
    }
    blocks_end(blocks);
    blocks_begin(blocks);
}

void wi_blockstore_check(struct wi_blockstore *blocks)
{
    if (blocks->count > 0)
        wi_pin_checks_want(blocks->checks);
}

/* --- pins ------------------------------------------------------------------------------------- */

const struct wi_pin *wi_blockstore_pin(const struct wi_blockstore *blocks, const char *name)
{
    const struct wi_pin_entry *entry = wi_pin_table_find(blocks, name);
    return entry ? &entry->pin : NULL;
}

int wi_blockstore_is_read(const struct wi_blockstore *blocks, const char *name)
{
    for (size_t i = 0; i < blocks->count; i++)
        if (entry_is_of(blocks->entries[i], name) &&
            wi_outline_is_read(blocks->entries[i]->outline))
            return 1;
    return 0;
}

uint64_t wi_blockstore_runs(const struct wi_blockstore *blocks, const struct wi_pin *pin)
{
    return wi_repository_runs(blocks->models->repository, pin->hash);
}

const struct wi_pin *wi_blockstore_at(const struct wi_blockstore *blocks, size_t index)
{
    return blocks && index < blocks->count ? &blocks->entries[index]->pin : NULL;
}

static enum wi_code remove_pin(struct wi_pin_entry *entry, const char *says, struct wi_error *error)
{
    struct wi_blockstore *blocks = entry->blocks;
    int frees = entry->pin.version > 0;
    enum wi_code code = wi_pin_commit(blocks->directory, entry->pin.model, NULL, error);
    if (code != WI_OK)
        return code;
    wi_info("content", entry->pin.model, "%s%s", says, entry->pin.cid_text);
    wi_pin_table_remove(entry);
    if (frees) /* its version may have been kept only for the pin */
        wi_versions_collect(blocks->models->versions, 0, NULL, NULL);
    return WI_OK;
}

enum wi_code wi_blockstore_unpublish(
    struct wi_blockstore *blocks, const char *name, char cid[WI_CID_TEXT], struct wi_error *error)
{
    struct wi_pin_entry *entry = wi_pin_table_find(blocks, name);
    if (!entry || entry->pin.kind != WI_PIN_PUBLISHED)
        return wi_error_set(error, WI_NOT_FOUND, "model_name", "%.160s is not published", name);
    if (cid)
        memcpy(cid, entry->pin.cid_text, WI_CID_TEXT);
    return remove_pin(entry, "no longer published as ", error);
}

enum wi_code wi_blockstore_let_go(
    struct wi_blockstore *blocks, const char *name, struct wi_error *error)
{
    struct wi_pin_entry *entry = wi_pin_table_find(blocks, name);
    if (!entry || entry->pin.kind == WI_PIN_PUBLISHED)
        return wi_error_set(error, WI_NOT_FOUND, "model_name", "%.160s is not a copy", name);
    int pulled = entry->pin.kind == WI_PIN_PULLED;
    return remove_pin(entry, pulled ? "no longer served as " : "no longer a copy of ", error);
}

void wi_blockstore_spare(struct wi_blockstore *blocks, const char *name, int spare)
{
    struct wi_pin_entry *entry = wi_pin_table_find(blocks, name);
    if (entry && entry->pin.kind != WI_PIN_PUBLISHED)
        entry->is_spare = spare;
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* From the first pin that has the block and whose files are unchanged. */
struct wi_block_reading *wi_blockstore_read(struct wi_blockstore *blocks, const struct wi_cid *cid,
    int is_car, enum wi_dag_scope scope, uint64_t *bytes)
{
    struct wi_block_reading *reading = NULL;
    int stale = 0;
    for (size_t i = 0; !reading && i < blocks->count; i++) {
        const struct wi_pin_entry *entry = blocks->entries[i];
        size_t block = entry->outline ? wi_outline_find(entry->outline, cid) : SIZE_MAX;
        if (block != SIZE_MAX && !entry->pin.stale)
            reading = wi_block_reading_new(entry->outline, block, is_car, scope, bytes);
        stale |= block != SIZE_MAX && !reading;
    }
    if (stale) /* the files may have been restored */
        wi_pin_checks_want(blocks->checks);
    return reading;
}
