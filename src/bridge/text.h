/* Text from outside on its way to logs, clients and close frames. */
#ifndef WI_BRIDGE_TEXT_H
#define WI_BRIDGE_TEXT_H

#include <stddef.h>

/* Copies `text` cut at a character's end, control characters as spaces; NULL gives "". */
void wi_text_printable(char *out, size_t size, const char *text);

#endif
