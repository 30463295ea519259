/*
 * Fuzzes the JSON reader against jansson's: whatever the bytes are, both refuse them, or both give
 * the same value with its members in the same order. The first byte chooses the flags.
 */
#include "base/json_read.h"
#include "plant.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* json_equal() compares no order, and the text of a number not its kind. */
static void check_same(const json_t *ours, const json_t *theirs)
{
    if (!ours || !theirs || !json_equal(ours, theirs))
        abort();
    char *a = json_dumps(ours, JSON_COMPACT), *b = json_dumps(theirs, JSON_COMPACT);
    if (strcmp(a, b) != 0)
        abort();
    free(a);
    free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_error_t ours_place = {0}, theirs_place = {0};
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    size_t flags = data[0] % 2 ? JSON_ALLOW_NUL : 0;
    json_t *ours = wi_json_read(text, size - 1, flags, &ours_place);
    json_t *theirs = json_loadb(text, size - 1, flags | JSON_REJECT_DUPLICATES, &theirs_place);
    if (ours || theirs)
        check_same(ours, theirs);
    else if (strcmp(ours_place.text, theirs_place.text) != 0)
        abort();
    WI_PLANT(json_array_size(ours) == 9); /* in no seed */
    json_decref(ours);
    json_decref(theirs);
    return 0;
}
