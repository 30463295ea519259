/*
 * Any bytes as the row of a CID that members of a cluster serve. What is read is bounded, and is
 * printed as a row that is read as the same one.
 */
#include "cluster/content_row.h"
#include "cluster/job_record.h"
#include "must.h"
#include "plant.h"
#include <string.h>

#define CID "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const struct wi_content_row *row)
{
    struct wi_content_row again = {0};
    struct wi_buffer out = {0};
    must(row->count >= 1 && row->count <= WI_CONTENT_HOLDERS_MAX);
    wi_content_row_print(row, &out);
    must(out.size <= WI_ROW_MAX);
    must(wi_content_row_read(&again, CID, out.text, out.size) == WI_READ_GOOD);
    must(again.count == row->count);
    for (size_t i = 0; i < row->count; i++) {
        const struct wi_content_holder *holder = &row->holders[i];
        const struct wi_content_holder *same = wi_content_row_find(&again, holder->instance);
        must(wi_job_is_name(holder->instance));
        must(wi_content_row_find(row, holder->instance) == holder);
        must(same && memcmp(same->key, holder->key, sizeof same->key) == 0);
    }
    wi_buffer_clear(&out);
    /* No seed has it. */
    WI_PLANT(row->holders[0].key[0] != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_content_row row = {0};
    if (wi_content_row_read(&row, CID, (const char *)data, size) == WI_READ_GOOD)
        check_row(&row);
    else
        must(row.count == 0);
    return 0;
}
