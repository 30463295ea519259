/* Reading JSON on hot paths: the messages of clients and of nodes. */
#ifndef WI_BASE_JSON_READ_H
#define WI_BASE_JSON_READ_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Works as json_loadb() with JSON_REJECT_DUPLICATES and `flags`: accepts the same texts, returns
 * the same values and reports the same errors, at a third of the cost for text as programs usually
 * write it. `place` is set only when NULL is returned. JSON_DECODE_ANY and the flags that change
 * how numbers are decoded are not supported. */
json_t *wi_json_read(const char *text, size_t size, size_t flags, json_error_t *place);

/* Turns numbers without a fraction, of at most 2^53, into integers, in the object and in objects
 * nested in it: some programs write 2048 as 2048.0, which is an integer, too (JSON Schema, 6.1.1).
 * Arrays stay as they are. */
void wi_json_settle_integers(json_t *object);

#define WI_DECIMAL_DIGITS 19 /* so many always fit a uint64_t */

/* The double nearest to `digits` with the decimal point `places`, at most WI_DECIMAL_DIGITS, before
 * its end; ties go to the even one. The result is that of strtod(), at an eighth of the cost.
 * Public for tests. */
double wi_decimal(uint64_t digits, unsigned places);

#endif
