/* Looking into the text of JSON that has been parsed, where it matters how something was written.
 */
#ifndef WI_BASE_JSON_TEXT_H
#define WI_BASE_JSON_TEXT_H

#include <stddef.h>

/* The value of the member `key` in `text`, an object of valid JSON without a name that is there
 * twice: its first byte, and in `length` how many it has. NULL if there is none, or if it is
 * written with an escape in its name. */
const char *wi_json_text_member(const char *text, size_t size, const char *key, size_t *length);

#endif
