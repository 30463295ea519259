/*
 * The fastest way for a node to compute a kernel: the variant of its shader
 * (shaders/NAME/NAME.json) and the shape of its workgroups. Only the node's page knows the
 * variants; here they are only kept within bounds.
 */
#ifndef WI_TERMS_KERNEL_KERNEL_CHOICE_H
#define WI_TERMS_KERNEL_KERNEL_CHOICE_H

#include "base/buffer.h"
#include "base/error.h"
#include <jansson.h>

#define WI_KERNEL_VARIANT_MAX 32    /* bytes of a variant's name */
#define WI_KERNEL_INVOCATIONS 1024  /* of a workgroup */
#define WI_KERNEL_TUNED_MS_MAX 60e3 /* of a run */

struct wi_kernel_choice {
    char variant[WI_KERNEL_VARIANT_MAX + 1];
    int64_t workgroup[2];
    double ms, default_ms; /* medians, of it and of the default; 0: no alternative */
};

/* Reads {"variant", "workgroup": [x, y], "ms"?, "default_ms"?}. `where` precedes the names of
 * members in errors ("data.choice."). WI_OK, or WI_MISSING_FIELD or WI_INVALID_FIELD, naming the
 * member. */
enum wi_code wi_kernel_choice_read(struct wi_kernel_choice *choice, const json_t *object,
    const char *where, struct wi_error *error);
/* Appends the same object. */
void wi_kernel_choice_add(struct wi_buffer *out, const struct wi_kernel_choice *choice);

#endif
