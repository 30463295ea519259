/*
 * Whether a request's head is well-formed. libmicrohttpd up to 0.9.76 cuts the head in place in its
 * buffer: it ends names and values with NULs. It takes a NUL that came with the head for such an
 * end, so that the rest of the line, or of the head, is lost; and it adds a folded line to the name
 * of the header before. None of its calls reports this. But then the pieces that it hands out are
 * not adjacent in the buffer, and that can be seen. Later versions refuse or repair such heads
 * themselves, and keep their buffer differently: for those the answer is always yes.
 */
#ifndef WI_API_HTTP_HEAD_H
#define WI_API_HTTP_HEAD_H

#include <microhttpd.h>
#include <stddef.h>

/* Whether this version of libmicrohttpd does it that way. */
int wi_head_layout_is_known(const char *version);
/* To be called in the first call of the access handler, with the `method`, `target` and `version`
 * that it was given; `target_length` is the length of the target before it was decoded. */
int wi_head_is_whole(struct MHD_Connection *mhd, const char *method, const char *target,
    size_t target_length, const char *version);

#endif
