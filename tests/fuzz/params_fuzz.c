/*
 * Fuzzes the parameter tables: any JSON object against a table with every kind of parameter, in
 * both modes. What is accepted must lie within the table's limits.
 */
#include "base/params.h"
#include "plant.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
    const char *text;
    int64_t integer;
    double number;
    int flag, choice;
    json_t *object, *array, *any;
};

#define AT(member) offsetof(struct target, member)
static const char *const choices[] = {"red", "green", NULL};
static const struct wi_param table[] = {
    {.name = "text", .kind = WI_PARAM_STRING, .offset = AT(text), .min = 1, .max = 8},
    {.name = "integer", .kind = WI_PARAM_INTEGER, .offset = AT(integer), .min = -5, .max = 5},
    {.name = "number", .kind = WI_PARAM_NUMBER, .offset = AT(number), .min = 0, .max = 1},
    {.name = "flag", .kind = WI_PARAM_BOOL, .offset = AT(flag)},
    {.name = "choice", .kind = WI_PARAM_ENUM, .offset = AT(choice), .names = choices},
    {.name = "object", .kind = WI_PARAM_OBJECT, .offset = AT(object)},
    {.name = "array", .kind = WI_PARAM_ARRAY, .offset = AT(array), .max = 2},
    {.name = "any", .kind = WI_PARAM_ANY, .offset = AT(any)},
    {0},
};

static void check(const struct target *target)
{
    if ((target->text && (!*target->text || strlen(target->text) > 8)) || target->integer < -5 ||
        target->integer > 5 || target->number < 0 || target->number > 1 || target->choice < 0 ||
        target->choice > 1 || (target->object && !json_is_object(target->object)) ||
        (target->array && json_array_size(target->array) > 2) ||
        (target->any && json_is_null(target->any)))
        abort();
    WI_PLANT(target->integer == 3); /* no seed has it */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *object = json_loadb((const char *)data, size, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
    for (int mode = WI_PARAMS_STRICT; object && mode <= WI_PARAMS_OPEN; mode++) {
        struct target target = {0};
        struct wi_error error = {0};
        if (wi_params_read(table, object, (enum wi_param_mode)mode, "here.", &target, &error) ==
            WI_OK)
            check(&target);
        else if (error.code == WI_OK || !*error.detail || !*error.field)
            abort();
    }
    json_decref(object);
    return 0;
}
