/* Prints text from others to a terminal without letting it control the terminal. */
#ifndef WI_CLI_PLAIN_H
#define WI_CLI_PLAIN_H

#include "base/buffer.h"
#include <jansson.h>
#include <stdio.h>

/* Appends `length` bytes of UTF-8, with each control character of C0 and C1 replaced by "?", except
 * for those in `kept`. */
void wi_plain(struct wi_buffer *out, const char *text, size_t length, const char *kept);
/* Prints a text without any control characters. */
void wi_plain_print(FILE *out, const char *text);
/* Writes the text as it is, and clears it. */
void wi_plain_flush(FILE *out, struct wi_buffer *text);
/* Writes JSON as it came; on a terminal, control characters are written as \u escapes, which mean
 * the same. Control characters of one byte are in JSON only as white space. */
void wi_plain_json(FILE *out, const char *text, size_t length);
/* Prints a value in the same way, as a line of standard output, and drops the reference. */
void wi_plain_put_json(json_t *value);
/* Whether a shell takes `text` unchanged as one word, as it must with text that the user is asked
 * to type. */
int wi_plain_is_word(const char *text);

#endif
