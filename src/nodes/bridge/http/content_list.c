/* The list of what is published; see content_list.h. */
#include "nodes/bridge/http/content_list.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "nodes/bridge/http/transfer.h"
#include <stdio.h>
#include <string.h>

#define LIST_END "]}"

/* --- whether it is still the same ------------------------------------------------------------- */

/* A CID says all of a model's files. */
static void sum_up(struct wi_hasher *hasher, const struct wi_pin *pin)
{
    wi_hasher_add(hasher, pin->cid_text, strlen(pin->cid_text) + 1);
    wi_hasher_add(hasher, pin->model, strlen(pin->model) + 1);
    wi_hasher_add(hasher, pin->origin, strlen(pin->origin) + 1);
    wi_hasher_add(hasher, &pin->kind, sizeof pin->kind);
}

/* How often they ran is not in it: that is summed up in what is returned, which is another number
 * where any of them ran, or its hours have passed. */
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
        sum_up(hasher, pin);
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

static void member_put_number(struct wi_buffer *out, const char *name, uint64_t number)
{
    wi_buffer_puts(out, name);
    wi_buffer_integer(out, (int64_t)number);
}

static void member_put_text(struct wi_buffer *out, const char *name, const char *text)
{
    wi_buffer_puts(out, name);
    wi_buffer_json_string(out, text);
}

static void put_file(struct wi_buffer *out, const struct wi_pin_file *file)
{
    char cid[WI_CID_TEXT];
    wi_cid_print(&file->cid, cid);
    member_put_text(out, "{\"path\":", file->path);
    member_put_number(out, ",\"bytes\":", file->bytes);
    wi_buffer_strings(out, ",\"sha256\":\"", file->sha256, "\",\"cid\":\"", cid, "\"}", NULL);
}

/* Nothing is pulled under another CID. */
static void put_row(struct wi_buffer *out, const struct wi_pin *pin, uint64_t runs)
{
    wi_buffer_strings(out, "{\"cid\":\"", pin->cid_text, "\"", NULL);
    member_put_text(out, ",\"name\":", pin->model);
    member_put_number(out, ",\"bytes\":", pin->bytes);
    wi_buffer_puts(
        out, pin->kind == WI_PIN_PUBLISHED ? ",\"published\":true" : ",\"published\":false");
    member_put_text(out, ",\"origin\":", pin->origin);
    member_put_number(out, ",\"runs_24h\":", runs);
    wi_buffer_puts(out, ",\"also\":[],\"files\":[");
    for (size_t i = 0; i < pin->count; i++) {
        if (i > 0)
            wi_buffer_puts(out, ",");
        put_file(out, &pin->files[i]);
    }
    wi_buffer_puts(out, "]}");
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
        put_row(out, pin, wi_blockstore_runs(blocks, pin));
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
    member_put_text(&out, "{\"id\":", id);
    member_put_number(&out, ",\"version\":1,\"takes\":", takes);
    wi_buffer_puts(&out, ",\"content\":[");
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
