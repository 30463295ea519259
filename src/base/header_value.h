/* The values of HTTP headers. */
#ifndef WI_BASE_HEADER_VALUE_H
#define WI_BASE_HEADER_VALUE_H

#include <stdint.h>

/* Whether a Content-Type (NULL: no) is `type`; parameters such as charset are ignored. */
int wi_media_type_is(const char *content_type, const char *type);
/* Decimal digits only. 0 on success, -1 otherwise or on overflow. */
int wi_parse_length(const char *text, uint64_t *length);

#endif
