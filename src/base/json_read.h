/* Reading JSON that is hot: the messages of clients and of nodes. */
#ifndef WI_BASE_JSON_READ_H
#define WI_BASE_JSON_READ_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* json_loadb() with JSON_REJECT_DUPLICATES and what else is in `flags`: accepts the same, gives the
 * same and says the same of what is wrong, at a third of the cost where the text is as programs
 * write it. `place` is only set where NULL is returned. JSON_DECODE_ANY and the flags that change
 * what a number becomes are not for this. */
json_t *wi_json_read(const char *text, size_t size, size_t flags, json_error_t *place);

/* Makes integers of the numbers without a fraction, of at most 2^53, among the members of the
 * object, and of objects among these: some programs write 2048 as 2048.0, which is an integer, too
 * (JSON Schema, 6.1.1). Lists stay as they are. */
void wi_json_settle_integers(json_t *object);

#define WI_DECIMAL_DIGITS 19 /* so many always fit a uint64_t */

/* `digits` with the point `places` before its end, at most WI_DECIMAL_DIGITS: the nearest double,
 * of two that are as near the even one. It is what strtod() gives, at an eighth of the cost. Public
 * for tests. */
double wi_decimal(uint64_t digits, unsigned places);

#endif
