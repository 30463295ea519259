/*
 * Fuzzes the JSON reader against jansson's: whatever the bytes are, both refuse them, or both give
 * the same value with its members in the same order. Settling the integers changes no number, and
 * leaves no real that could be one. The first byte chooses the flags.
 */
#include "base/json_read.h"
#include "must.h"
#include "plant.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* json_equal() compares no order, and the text of a number not its kind. */
static void check_same(const json_t *ours, const json_t *theirs)
{
    must(ours && theirs && json_equal(ours, theirs));
    char *a = json_dumps(ours, JSON_COMPACT), *b = json_dumps(theirs, JSON_COMPACT);
    must(strcmp(a, b) == 0);
    free(a);
    free(b);
}

static void check_settled(json_t *settled, json_t *before, int levels)
{
    const char *name;
    json_t *value;
    json_object_foreach(settled, name, value)
    {
        json_t *was = json_object_get(before, name);
        double number = json_number_value(value);
        must(number == json_number_value(was) &&
             (json_is_real(was) || json_equal(value, was) || json_is_object(was)));
        must(!json_is_real(value) || fabs(number) > 0x1p53 || floor(number) != number);
        if (levels > 1)
            check_settled(value, was, levels - 1);
    }
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
    else
        must(strcmp(ours_place.text, theirs_place.text) == 0);
    WI_PLANT(json_array_size(ours) == 9); /* in no seed */
    if (json_is_object(ours)) {
        wi_json_settle_integers(ours);
        check_settled(ours, theirs, 2);
    }
    json_decref(ours);
    json_decref(theirs);
    return 0;
}
