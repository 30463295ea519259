/* What a file is that lies where weights should be, told by its first bytes. */
#ifndef WI_MODEL_GUESS_H
#define WI_MODEL_GUESS_H

#include <stddef.h>

/* So many bytes are enough. */
#define WI_GUESS_BYTES 23

#define WI_GUESS_POINTER                                                                           \
    "it is a pointer of Git LFS, not the file itself; run \"git lfs pull\" where it was cloned, "  \
    "or bring the model with webinfer pull"

int wi_guess_is_pointer(const unsigned char *head, size_t size);
/* A sentence about the usual mistakes: a pointer of Git LFS, a web page, JSON, nothing at all; NULL
 * if it looks like none of them. */
const char *wi_guess_text(const unsigned char *head, size_t size);

#endif
