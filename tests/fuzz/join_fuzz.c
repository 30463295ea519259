/*
 * Any bytes as the row of a join token that members share. What is read is bounded, and is printed
 * as a row that is read as the same one.
 */
#include "base/text.h"
#include "cluster/join_row.h"
#include "must.h"
#include "plant.h"
#include <jansson.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const struct wi_join_row *row)
{
    struct wi_join_row again = {0};
    struct wi_buffer out = {0};
    must(row->nodes >= 1 && row->nodes <= WI_JOIN_NODES_MAX && row->expires_at >= 0);
    must(row->holder_count <= WI_JOIN_HOLDERS_MAX);
    must(wi_text_is_plain(row->label));
    for (size_t i = 0; i < row->holder_count; i++) {
        const struct wi_join_holder *holder = &row->holders[i];
        must(holder->instance[0] && holder->nodes >= 1 && holder->nodes <= WI_JOIN_NODES_MAX);
        must(wi_join_row_held(row, holder->instance) == holder->nodes);
    }
    wi_join_row_print(row, &out);
    must(out.size <= WI_ROW_MAX);
    must(wi_join_row_read(&again, row->id, out.text, out.size) == WI_READ_GOOD);
    must(again.nodes == row->nodes && again.expires_at == row->expires_at);
    must(memcmp(again.hash, row->hash, sizeof row->hash) == 0);
    must(strcmp(again.label, row->label) == 0 && again.shareable == row->shareable);
    must(wi_join_row_taken(&again) == wi_join_row_taken(row));
    wi_join_row_clear(&again);
    wi_buffer_clear(&out);
    /* No seed has it. */
    WI_PLANT(row->nodes == 6 || row->holder_count > 3);
}

/* The id in the row, which is what comes in practice. */
static void find_id(const uint8_t *data, size_t size, char id[WI_ID_SIZE])
{
    json_t *row = json_loadb((const char *)data, size, 0, NULL);
    wi_text_copy(id, WI_ID_SIZE, json_string_value(json_object_get(row, "id")));
    json_decref(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_join_row row = {0};
    char id[WI_ID_SIZE];
    find_id(data, size, id);
    if (wi_join_row_read(&row, id, (const char *)data, size) == WI_READ_GOOD)
        check_row(&row);
    else
        must(!row.id[0] && !row.holders);
    wi_join_row_clear(&row);
    return 0;
}
