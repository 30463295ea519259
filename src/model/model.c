/* What a model may be called. */
#include "model/model.h"

#include <ctype.h>
#include <string.h>

/* The length of a segment at `name`, 0 if there is none: [A-Za-z0-9][A-Za-z0-9._-]{0,127}. */
static size_t segment_length(const char *name)
{
    size_t length = 0;
    if (!isalnum((unsigned char)name[0]))
        return 0;
    while (isalnum((unsigned char)name[length]) || (name[length] && strchr("._-", name[length])))
        length++;
    return length <= 128 ? length : 0;
}

enum wi_code wi_model_check_name(const char *name, struct wi_error *error)
{
    size_t first = segment_length(name);
    if (first > 0 && name[first] == '\0')
        return WI_OK;
    if (first > 0 && name[first] == '/') {
        size_t second = segment_length(name + first + 1);
        if (second > 0 && name[first + 1 + second] == '\0')
            return WI_OK;
    }
    wi_error_set(error, WI_INVALID_FIELD, "model_name", "\"%.160s\" is no model name", name);
    wi_error_allow(error, "NAME or OWNER/NAME, each of at most 128 letters, digits, \".\", \"_\" "
                          "and \"-\", beginning with a letter or digit");
    return WI_INVALID_FIELD;
}
