/* The names of models: "NAME", "OWNER/NAME" or one of them with ":VARIANT". */
#ifndef WI_TERMS_MODEL_NAME_H
#define WI_TERMS_MODEL_NAME_H

#include "base/error.h"
#include <stddef.h>

/* Bytes of a name: three segments and two separators. */
#define WI_MODEL_NAME_MAX (3 * 128 + 2)

/* WI_OK if `name` is "seg" or "seg/seg" of allowed characters, optionally with ":seg" for the
 * variant; else WI_INVALID_FIELD. */
enum wi_code wi_model_check_name(const char *name, struct wi_error *error);
/* The length of `name` before ":VARIANT": all of it if it names no variant. */
size_t wi_model_name_base(const char *name);
/* The part of `name` after the ":", inside it; NULL if it names no variant. */
const char *wi_model_name_variant(const char *name);
/* `name` without its variant, and `name` with `variant` as its variant. The caller frees the
 * results. */
char *wi_model_name_without(const char *name);
char *wi_model_name_with(const char *name, const char *variant);

/* The variant that some clients always name: it means the preferred one, like no variant. */
#define WI_VARIANT_LATEST "latest"
/* Names below this belong to the content with the CID that follows: wi_aliases_allow refuses
 * them. */
#define WI_NAME_CONTENT "ipfs/"
int wi_name_is_content(const char *name);

#endif
