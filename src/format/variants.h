/* The variants that a model is there in: a dtype, a quantisation. Pure: names in, names out. */
#ifndef WI_FORMAT_VARIANTS_H
#define WI_FORMAT_VARIANTS_H

#include "base/memory.h"
#include "format/view.h"
#include <stdint.h>

struct wi_variant {
    char *name;
    struct wi_strings files; /* paths, sorted */
    uint64_t bytes;          /* of all of them */
};

/* In the order of preference: the first is what the model's name alone means. Zero-initialise; free
 * with wi_variants_clear. */
struct wi_variants {
    struct wi_variant *items;
    size_t count;
};

/* By name, whatever its case; NULL if there is none. A NULL name is the first. */
const struct wi_variant *wi_variants_get(const struct wi_variants *variants, const char *name);
/* The one that such a precision means: "int8" is q8, int8 or Q8_0, whichever there is first. NULL
 * if there is none. */
const struct wi_variant *wi_variants_of_precision(
    const struct wi_variants *variants, const char *precision);
/* Whether a variant of that name may be what the precision means. */
int wi_variant_is_of(const char *variant, const char *precision);

/* The first that has at most so many bytes; where none has, the first. NULL if there is none. */
const struct wi_variant *wi_variants_fitting(const struct wi_variants *variants, uint64_t most);
/* The next where there is no memory for that one: of those with fewer bytes the largest. NULL if
 * there is none. */
const struct wi_variant *wi_variants_smaller(const struct wi_variants *variants, const char *name);

struct wi_variant *wi_variants_add(struct wi_variants *variants); /* an empty one, at the end */
void wi_variant_add(struct wi_variant *variant, const struct wi_view_file *file);
void wi_variant_clear(struct wi_variant *variant);
void wi_variants_move(struct wi_variants *to, struct wi_variants *from); /* `from` becomes empty */
void wi_variants_clear(struct wi_variants *variants);

#endif
