/* NAME[:VARIANT][@WHERE], see where.h. */
#include "wire/where.h"

#include <ctype.h>
#include <string.h>

/* As a kind of browser is named in the configuration, and every platform too. */
static int is_place(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length <= WI_MODEL_WHERE_MAX && islower((unsigned char)text[0]) &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

/* The same error for every form that is wrong, about the member that these clients know. */
static enum wi_code refuse(const char *asked, struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, "model", "\"%.160s\" is no model name", asked);
    wi_error_allow(error, "NAME or OWNER/NAME, each of at most 128 letters, digits, \".\", \"_\" "
                          "and \"-\"; behind it perhaps \":VARIANT\", and then perhaps \"@\" with "
                          "a platform or a kind of browser, such as @wasm or @firefox");
    return WI_INVALID_FIELD;
}

enum wi_code wi_model_where(const char *asked, char name[WI_MODEL_NAME_MAX + 1],
    char where[WI_MODEL_WHERE_MAX + 1], struct wi_error *error)
{
    size_t length = strcspn(asked, "@");
    const char *place = asked[length] ? asked + length + 1 : NULL;
    name[0] = where[0] = '\0';
    if (length > WI_MODEL_NAME_MAX || (place && !is_place(place)))
        return refuse(asked, error);
    memcpy(name, asked, length);
    name[length] = '\0';
    if (wi_model_check_name(name, NULL) != WI_OK)
        return refuse(asked, error);
    if (place)
        strcpy(where, place);
    return WI_OK;
}
