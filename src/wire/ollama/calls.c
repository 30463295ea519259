/* Calls of tools, whose arguments are an object for these clients and text for a node. */
#include "wire/ollama/ollama.h"

#include "base/memory.h"
#include <stdlib.h>

/* One call, or NULL if its arguments are not a complete object: it was cut short, as the answer's
 * end says. */
static json_t *make_call(
    json_t *id, json_t *name, const char *arguments, size_t length, size_t index)
{
    json_t *object = length > 0 ? json_loadb(arguments, length, 0, NULL) : json_object();
    if (!json_is_object(object) || !json_is_string(name)) {
        json_decref(object);
        return NULL;
    }
    return json_pack("{s:O*, s:{s:I, s:O, s:o}}", "id", json_is_string(id) ? id : NULL, "function",
        "index", (json_int_t)index, "name", name, "arguments", object);
}

/* Takes the call, which may be NULL. */
static void add_call(json_t **list, json_t *call)
{
    if (!call)
        return;
    if (!*list)
        *list = json_array();
    json_array_append_new(*list, call);
}

/* --- of a whole answer ----------------------------------------------------------------------- */

json_t *wi_ollama_calls_of(const json_t *choice)
{
    const json_t *said = json_object_get(choice, "tool_calls"), *one;
    json_t *list = NULL;
    size_t i;
    json_array_foreach(said, i, one)
    {
        const json_t *function = json_object_get(one, "function");
        const json_t *arguments = json_object_get(function, "arguments");
        add_call(&list, make_call(json_object_get(one, "id"), json_object_get(function, "name"),
                            json_string_value(arguments), json_string_length(arguments), i));
    }
    return list;
}

/* --- of a stream ----------------------------------------------------------------------------- */

/* The call that a part belongs to; NULL if there cannot be such a call. */
static struct wi_ollama_call *call_at(
    struct wi_ollama_calls *calls, const json_t *said, size_t place)
{
    const json_t *given = json_object_get(said, "index");
    json_int_t index = json_is_integer(given) ? json_integer_value(given) : (json_int_t)place;
    if (index < 0 || index >= WI_OLLAMA_CALLS_MAX || (size_t)index > calls->count)
        return NULL;
    if ((size_t)index == calls->count) {
        calls->items = wi_realloc_array(calls->items, calls->count + 1, sizeof *calls->items);
        calls->items[calls->count++] = (struct wi_ollama_call){0};
    }
    return &calls->items[index];
}

static void keep_string(json_t **to, json_t *value)
{
    if (!*to && json_is_string(value))
        *to = json_incref(value);
}

void wi_ollama_calls_add(struct wi_ollama_calls *calls, const json_t *part_result)
{
    const json_t *said = json_object_get(part_result, "tool_calls"), *one;
    size_t i;
    json_array_foreach(said, i, one)
    {
        struct wi_ollama_call *call = call_at(calls, one, i);
        const json_t *function = json_object_get(one, "function");
        const json_t *more = json_object_get(function, "arguments");
        size_t length = json_string_length(more);
        if (!call)
            continue;
        keep_string(&call->id, json_object_get(one, "id"));
        keep_string(&call->name, json_object_get(function, "name"));
        if (length == 0 || length > WI_OLLAMA_CALLS_BYTES - calls->bytes)
            continue;
        wi_buffer_add(&call->arguments, json_string_value(more), length);
        calls->bytes += length;
    }
}

json_t *wi_ollama_calls_take(struct wi_ollama_calls *calls)
{
    json_t *list = NULL;
    for (size_t i = 0; i < calls->count; i++) {
        const struct wi_ollama_call *call = &calls->items[i];
        add_call(
            &list, make_call(call->id, call->name, call->arguments.text, call->arguments.size, i));
    }
    wi_ollama_calls_clear(calls);
    return list;
}

void wi_ollama_calls_clear(struct wi_ollama_calls *calls)
{
    for (size_t i = 0; i < calls->count; i++) {
        json_decref(calls->items[i].id);
        json_decref(calls->items[i].name);
        wi_buffer_clear(&calls->items[i].arguments);
    }
    free(calls->items);
    *calls = (struct wi_ollama_calls){0};
}
