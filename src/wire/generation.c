/* What a node made of a text; see generation.h. */
#include "wire/generation.h"

#include <string.h>

const json_t *wi_generation_choice(const json_t *result, size_t index)
{
    const json_t *choices = json_object_get(result, "choices");
    if (json_is_array(choices))
        return json_array_get(choices, index);
    return index == 0 ? result : NULL;
}

const char *wi_generation_finish(const json_t *choice)
{
    static const char *const reasons[] = {"stop", "length", "tool_calls"};
    const char *said = json_string_value(json_object_get(choice, "finish_reason"));
    for (size_t i = 0; said && i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(said, reasons[i]) == 0)
            return reasons[i];
    return reasons[0];
}

json_int_t wi_generation_tokens(const json_t *result, const char *name)
{
    double number = json_number_value(json_object_get(json_object_get(result, "usage"), name));
    return number > 0 && number < 1e15 ? (json_int_t)number : 0;
}
