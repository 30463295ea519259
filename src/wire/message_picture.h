/*
 * Pictures among the parts of a message, as OpenAI's clients send them.
 */
#ifndef WI_WIRE_MESSAGE_PICTURE_H
#define WI_WIRE_MESSAGE_PICTURE_H

#include "wire/infer.h"

/* `part`, an object that is no text, becomes {"type": "image", "image": {"tensor", "media_type"}},
 * with a tensor of `infer` that is named `where`. WI_OK, WI_INVALID_FIELD, WI_MISSING_FIELD,
 * WI_UNKNOWN_FIELD, WI_PICTURE_INVALID or WI_MEMORY_BUDGET; `budget` may be NULL. */
enum wi_code wi_message_picture_read(struct wi_infer *infer, json_t *part, const char *where,
    struct wi_budget *budget, struct wi_error *error);

#endif
