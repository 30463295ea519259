/* A walk over the head in libmicrohttpd's buffer, piece by piece; see head.h. */
#include "api/http/head.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct walk {
    const char *at; /* the end of the last piece: a NUL in libmicrohttpd's buffer */
    int whole;
};

/* Whether there are `least` to `most` bytes from `from` to `to`, each of which is in `allowed` or
 * NUL. The bytes are not read if the distance is larger: `to` may be in another buffer. */
static int gap_is_allowed(
    const char *from, const char *to, uintptr_t least, uintptr_t most, const char *allowed)
{
    uintptr_t distance = (uintptr_t)to - (uintptr_t)from;
    if (distance < least || distance > most)
        return 0;
    for (const char *at = from; at < to; at++)
        if (!strchr(allowed, *at)) /* finds the NUL, too */
            return 0;
    return 1;
}

/* A line was ended by CR LF or by LF alone, which both are NULs now. */
static enum MHD_Result on_header(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct walk *walk = context;
    const char *colon = name + strlen(name);
    walk->whole = value && gap_is_allowed(walk->at, name, 1, 2, "") && *name != '\0' &&
                  (uintptr_t)value > (uintptr_t)colon &&
                  gap_is_allowed(colon + 1, value, 0, SIZE_MAX, " \t");
    if (!walk->whole)
        return MHD_NO;
    walk->at = value + strlen(value);
    return MHD_YES;
}

/* "0.9.75", "0.9.76". Those before are refused by configure. */
int wi_head_layout_is_known(const char *version)
{
    return strncmp(version, "0.9.", 4) == 0 && atoi(version + 4) <= 76;
}

int wi_head_is_whole(struct MHD_Connection *mhd, const char *method, const char *target,
    size_t target_length, const char *version)
{
    struct walk walk = {version + strlen(version), 1};
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (!wi_head_layout_is_known(MHD_get_version()) || !info)
        return 1;
    if (!gap_is_allowed(target + target_length, version, 1, 1, ""))
        return 0;
    MHD_get_connection_values(mhd, MHD_HEADER_KIND, on_header, &walk);
    /* The end of the last line, and the empty one. */
    return walk.whole && gap_is_allowed(walk.at, method + info->header_size, 2, 4, "");
}
