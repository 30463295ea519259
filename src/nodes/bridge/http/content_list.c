/* The list of what is published; see content_list.h. */
#include "nodes/bridge/http/content_list.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "nodes/bridge/http/transfer.h"
#include <stdio.h>
#include <string.h>

#define LIST_END "]}"

/* --- whether it is still the same ------------------------------------------------------------- */

/* A CID says all of a model's files. How often they ran is not in it: that is summed up in what is
 * returned, which is another number where any of them ran, or its hours have passed. */
static uint64_t hash_of_pins(
    const struct wi_blockstore *blocks, const char *id, uint64_t takes, char hex[WI_HASH_HEX_SIZE])
{
    struct wi_hasher *hasher = wi_hasher_new(WI_SHA256);
    const struct wi_pin *pin;
    uint64_t runs = 0;
    wi_hasher_add(hasher, id, strlen(id) + 1);
    wi_hasher_add(hasher, &takes, sizeof takes);
    for (size_t i = 0; (pin = wi_blockstore_at(blocks, i)); i++) {
        if (pin->stale)
            continue;
        wi_hasher_add(hasher, pin->cid_text, strlen(pin->cid_text) + 1);
        wi_hasher_add(hasher, pin->model, strlen(pin->model) + 1);
        wi_hasher_add(hasher, pin->origin, strlen(pin->origin) + 1);
        wi_hasher_add(hasher, &pin->kind, sizeof pin->kind);
        runs = 31 * runs + wi_blockstore_runs(blocks, pin);
    }
    wi_hasher_end(hasher, hex);
    wi_hasher_free(hasher);
    return runs;
}

static int is_as_made(const struct wi_content_list *list, const char *made_of, uint64_t runs)
{
    return list->text && strcmp(made_of, list->_made_of) == 0 &&
           (runs == list->_runs || wi_now_ms() - list->_made_ms < WI_CONTENT_RUNS_MS);
}

/* --- its text --------------------------------------------------------------------------------- */

/* Nothing is pulled under another CID. */
static json_t *pin_row(const struct wi_pin *pin, uint64_t runs)
{
    json_t *files = json_array();
    for (size_t i = 0; i < pin->count; i++) {
        const struct wi_pin_file *file = &pin->files[i];
        char cid[WI_CID_TEXT];
        wi_cid_print(&file->cid, cid);
        json_array_append_new(
            files, json_pack("{s:s, s:I, s:s, s:s}", "path", file->path, "bytes",
                       (json_int_t)file->bytes, "sha256", file->sha256, "cid", cid));
    }
    return json_pack("{s:s, s:s, s:I, s:b, s:s, s:I, s:[], s:o}", "cid", pin->cid_text, "name",
        pin->model, "bytes", (json_int_t)pin->bytes, "published", pin->kind == WI_PIN_PUBLISHED,
        "origin", pin->origin, "runs_24h", (json_int_t)runs, "also", "files", files);
}

/* Copies, or what is published here, as long as there is room. */
static void put_rows(
    struct wi_buffer *out, const struct wi_blockstore *blocks, int copies, size_t *count)
{
    const struct wi_pin *pin;
    for (size_t i = 0; (pin = wi_blockstore_at(blocks, i)) && *count < WI_CONTENT_ROWS_MAX; i++) {
        size_t before = out->size;
        if (pin->stale || (pin->kind != WI_PIN_PUBLISHED) != copies)
            continue;
        if (*count > 0)
            wi_buffer_puts(out, ",");
        json_t *row = pin_row(pin, wi_blockstore_runs(blocks, pin));
        wi_buffer_json(out, row);
        json_decref(row);
        ++*count;
        if (out->size > WI_CONTENT_LIST_MAX - strlen(LIST_END)) {
            out->size = before;
            *count = WI_CONTENT_ROWS_MAX;
        }
    }
}

void wi_content_list_update(struct wi_content_list *list, const struct wi_blockstore *blocks,
    const char *id, uint64_t takes)
{
    char now[WI_HASH_HEX_SIZE], hex[WI_HASH_HEX_SIZE];
    unsigned char hash[WI_HASH_SIZE];
    struct wi_buffer out = {0};
    size_t count = 0;
    uint64_t runs = hash_of_pins(blocks, id, takes, now);
    if (is_as_made(list, now, runs))
        return;
    wi_content_list_clear(list);
    wi_buffer_puts(&out, "{\"id\":");
    wi_buffer_json_string(&out, id);
    wi_buffer_printf(&out, ",\"version\":1,\"takes\":%lld,\"content\":[", (long long)takes);
    for (int copies = 0; copies < 2; copies++)
        put_rows(&out, blocks, copies, &count);
    wi_buffer_puts(&out, LIST_END);
    wi_hash(out.text, out.size, hash);
    wi_hash_hex(hash, hex);
    snprintf(list->etag, sizeof list->etag, "\"%s\"", hex);
    memcpy(list->_made_of, now, sizeof now);
    list->_runs = runs;
    list->_made_ms = wi_now_ms();
    list->text = wi_body_text(out.text, out.size);
    wi_buffer_clear(&out);
}

void wi_content_list_clear(struct wi_content_list *list)
{
    wi_blob_unref(list->text);
    *list = (struct wi_content_list){0};
}
