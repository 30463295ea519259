/*
 * What a GGUF file says of itself (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), as
 * far as it is needed before an engine reads it. Bounded: only the file's beginning is looked at.
 */
#ifndef WI_MODEL_GGUF_H
#define WI_MODEL_GGUF_H

#include <stddef.h>

#define WI_GGUF_HEAD_MAX 65536 /* bytes that are looked at */
#define WI_GGUF_NAME_MAX 64    /* with the NUL */

/* `general.architecture` ("llama") in the first bytes of a file: 0, or -1 if they are no GGUF, or
 * do not have it. */
int wi_gguf_architecture(const unsigned char *head, size_t size, char out[WI_GGUF_NAME_MAX]);

#endif
