/*
 * Any bytes as what a neighbour says that it has. What is left of it can be relied on: it is
 * bounded, its paths stay inside a model's folder, lengths add up, and each file is found by its
 * SHA-256.
 */
#include "base/file.h"
#include "models/arrive/source/offer.h"
#include "models/share/content/tree.h"
#include "must.h"
#include "plant.h"
#include "terms/format/model.h"
#include "terms/model/view.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_file(const struct wi_offer *offer, const struct wi_offer_file *file)
{
    const struct wi_offer_file *found = wi_offer_find(offer, file->sha256, file->bytes);
    must(found && found->bytes == file->bytes);
    must(memcmp(found->sha256, file->sha256, WI_HASH_SIZE) == 0);
    must(wi_file_path_ok(file->path));
    must((file->cid.codec == WI_CODEC_RAW) == (file->bytes <= WI_LEAF_BYTES));
    must(
        file->cid.codec != WI_CODEC_RAW || memcmp(file->cid.hash, file->sha256, WI_HASH_SIZE) == 0);
}

static void check_row(const struct wi_offer *offer, const struct wi_offer_row *row)
{
    uint64_t bytes = 0;
    must(row->count > 0 && row->count <= WI_MODEL_FILES_MAX);
    must(row->also_count <= WI_OFFER_ALSO_MAX && strlen(row->origin) <= WI_OFFER_ID_MAX);
    must(wi_model_check_name(row->name, NULL) == WI_OK && wi_offer_find_name(offer, row->name));
    for (size_t i = 0; i < row->count; i++) {
        check_file(offer, &row->files[i]);
        must(i == 0 || strcmp(row->files[i - 1].path, row->files[i].path) < 0);
        bytes += row->files[i].bytes;
    }
    must(bytes == row->bytes);
    /* No seed has it. */
    WI_PLANT(row->runs_24h > 12);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char nothing[WI_HASH_SIZE];
    struct wi_offer offer = {0};
    struct wi_error error = {0};
    if (wi_offer_read(&offer, (const char *)data, size, &error) != WI_OK) {
        must(error.code == WI_HUB_FAILED && error.detail[0] && !offer.rows && !offer.id);
        return 0;
    }
    must(offer.id[0] && strlen(offer.id) <= WI_OFFER_ID_MAX && offer.count <= WI_OFFER_ROWS_MAX);
    for (size_t i = 0; i < offer.count; i++)
        check_row(&offer, &offer.rows[i]);
    must(!wi_offer_find(&offer, nothing, WI_LEAF_BYTES + 1));
    wi_offer_clear(&offer);
    return 0;
}
