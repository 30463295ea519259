/*
 * Comparing what language models write, by the log-probabilities that they say of each token and of
 * the likeliest ones in its place. The most likely token is written each time: where two are nearly
 * as likely as each other, two platforms may go on differently, and nothing behind that is
 * compared.
 */
#include "model/compare_private.h"

#include <math.h>

/* Nat; and of the log-probability. */
#define TOLERANCE 0.05
#define RELATIVE 0.01
/* Tokens, and alternatives of each, that are looked at; a page may send more than it was asked for.
 */
#define TOKENS_MAX 64
#define ALTERNATIVES_MAX 32

/* What a model says of one place in its text. */
struct place {
    const json_t *entry; /* {id, logprob, top_logprobs} */
    const json_t *top;
    size_t count; /* of the likeliest */
    double least; /* of theirs: what is not among them has no more; 0: they say nothing */
};

static double logprob_of(const json_t *entry)
{
    return json_number_value(json_object_get(entry, "logprob"));
}

static json_int_t id_of(const json_t *entry)
{
    return json_integer_value(json_object_get(entry, "id"));
}

static struct place place_at(const json_t *logprobs, size_t at)
{
    struct place place = {.entry = json_array_get(logprobs, at)};
    place.top = json_object_get(place.entry, "top_logprobs");
    place.count = json_array_size(place.top);
    if (place.count > ALTERNATIVES_MAX)
        place.count = ALTERNATIVES_MAX;
    for (size_t i = 0; i < place.count; i++)
        place.least = fmin(place.least, logprob_of(json_array_get(place.top, i)));
    return place;
}

/* 1 if the place tells of that token, else it has `*logprob` at the most. */
static int find_logprob(const struct place *place, json_int_t id, double *logprob)
{
    *logprob = place->least;
    if (id_of(place->entry) == id) {
        *logprob = logprob_of(place->entry);
        return 1;
    }
    for (size_t i = 0; i < place->count; i++) {
        const json_t *entry = json_array_get(place->top, i);
        if (id_of(entry) == id) {
            *logprob = logprob_of(entry);
            return 1;
        }
    }
    return 0;
}

static double tolerance_of(double logprob, int loose)
{
    return (TOLERANCE + RELATIVE * fabs(logprob)) * (loose ? WI_COMPARE_LOOSE : 1);
}

/* --- one place -------------------------------------------------------------------------------- */

/* A token that `one` tells of, in the other. */
static void compare_token(
    const struct place *other, const json_t *entry, size_t at, int loose, struct wi_comparison *out)
{
    double logprob = logprob_of(entry), found;
    int known = find_logprob(other, id_of(entry), &found);
    double error = known ? fabs(logprob - found) : fmax(logprob - found, 0);
    wi_compare_note(out, error / tolerance_of(logprob, loose),
        "logprobs[%zu]: %.5g and %.5g for a token", at, found, logprob);
}

static void compare_place(const struct place *wanted, const struct place *had, size_t at, int loose,
    struct wi_comparison *out)
{
    compare_token(wanted, had->entry, at, loose, out);
    compare_token(had, wanted->entry, at, loose, out);
    for (size_t i = 0; i < had->count; i++)
        compare_token(wanted, json_array_get(had->top, i), at, loose, out);
    for (size_t i = 0; i < wanted->count; i++)
        compare_token(had, json_array_get(wanted->top, i), at, loose, out);
}

/* They go on with different tokens: both must have been about as likely. */
static void compare_parting(const struct place *wanted, const struct place *had, size_t at,
    int loose, struct wi_comparison *out)
{
    double chosen = logprob_of(wanted->entry), other;
    find_logprob(wanted, id_of(had->entry), &other);
    wi_compare_note(out, (chosen - other) / (2 * tolerance_of(other, loose)),
        "the texts part at token %zu, and WASM gives it %.5g, the other's %.5g", at, chosen, other);
}

/* One of them is at its end, and the other goes on: to end must have been about as likely, and so
 * be another token among the likeliest. */
static void compare_end(const struct place *longer, size_t at, int loose, struct wi_comparison *out)
{
    double chosen = logprob_of(longer->entry), best = longer->least;
    for (size_t i = 0; i < longer->count; i++) {
        const json_t *entry = json_array_get(longer->top, i);
        if (id_of(entry) != id_of(longer->entry))
            best = fmax(best, logprob_of(entry));
    }
    wi_compare_note(out, (chosen - best) / (2 * tolerance_of(best, loose)),
        "one text ends before token %zu, to which nothing else comes near", at);
}

/* --- all of it -------------------------------------------------------------------------------- */

int wi_compare_writing(
    const json_t *reference, const json_t *got, int loose, struct wi_comparison *out)
{
    const json_t *wanted = json_object_get(reference, "logprobs");
    const json_t *had = json_object_get(got, "logprobs");
    size_t most = json_array_size(wanted), count = json_array_size(had);
    if (most == 0 || count == 0)
        return -1;
    for (size_t at = 0; at < most && at < count && at < TOKENS_MAX; at++) {
        struct place one = place_at(wanted, at), other = place_at(had, at);
        compare_place(&one, &other, at, loose, out);
        if (id_of(one.entry) != id_of(other.entry)) {
            compare_parting(&one, &other, at, loose, out);
            return 0;
        }
    }
    if (most != count) {
        struct place last = place_at(most > count ? wanted : had, most > count ? count : most);
        compare_end(&last, most > count ? count : most, loose, out);
    }
    return 0;
}
