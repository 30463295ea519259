/*
 * The name of a model as clients of OpenAI's dialect give it, who have no other member to say where
 * it shall run: NAME[:VARIANT][@WHERE], WHERE being a platform ("webgpu") or a kind of browser
 * ("firefox"). Pure.
 */
#ifndef WI_WIRE_WHERE_H
#define WI_WIRE_WHERE_H

#include "base/error.h"
#include "library/model.h"

/* Bytes of a platform's name or of a kind of browser, whose names the configuration gives. */
#define WI_MODEL_WHERE_MAX 31

/* Takes `asked` apart. `name` is what wi_repository_find takes; `where` is "" where `asked` has no
 * "@", else the name of a platform (wi_platform_of_name) or, as far as its form goes, of a kind.
 * WI_OK, or WI_INVALID_FIELD of the field "model". */
enum wi_code wi_model_where(const char *asked, char name[WI_MODEL_NAME_MAX + 1],
    char where[WI_MODEL_WHERE_MAX + 1], struct wi_error *error);

#endif
