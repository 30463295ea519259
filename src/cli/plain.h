/* What others have said, on its way to a terminal, which must not be steered by it. */
#ifndef WI_CLI_PLAIN_H
#define WI_CLI_PLAIN_H

#include "base/buffer.h"
#include <jansson.h>
#include <stdio.h>

/* Appends `length` bytes of UTF-8 with a "?" in the place of each control character, C0 and C1
 * alike, but for those in `kept`. */
void wi_plain(struct wi_buffer *out, const char *text, size_t length, const char *kept);
/* Prints a text without any. */
void wi_plain_print(FILE *out, const char *text);
/* Writes JSON as it came; to a terminal with what could steer it as \u escapes, which say the same.
 * Control characters of one byte stand in no JSON but as white space. */
void wi_plain_json(FILE *out, const char *text, size_t length);
/* Prints a value likewise, as a line of standard output. */
void wi_plain_put_json(const json_t *value);
/* Whether a shell takes `text` as one word, and as it is: what is shown to be typed must be that.
 */
int wi_plain_is_word(const char *text);

#endif
