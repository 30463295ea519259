/*
 * Whether a request's head was one at all. libmicrohttpd up to 0.9.76 cuts the head where it lies
 * in its buffer: it ends names and values there with NULs, and takes a NUL that came with the head
 * for such an end, so that the rest of the line is lost, or of the head; and it adds a folded line
 * to the name of the header before. None of its calls tells. But then the pieces that it hands out
 * do not lie beside each other as they came, and that can be seen. Later versions refuse or mend
 * such heads themselves, and keep their buffer differently: for those the answer is always yes.
 */
#ifndef WI_API_HTTP_HEAD_H
#define WI_API_HTTP_HEAD_H

#include <microhttpd.h>
#include <stddef.h>

/* Whether that is how this version of libmicrohttpd does it. */
int wi_head_layout_is_known(const char *version);
/* To be called in the first call of the access handler, whose `method`, `target` and `version` are
 * meant; `target_length` is what the target's was before it was decoded. */
int wi_head_is_whole(struct MHD_Connection *mhd, const char *method, const char *target,
    size_t target_length, const char *version);

#endif
