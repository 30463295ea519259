/*
 * Edit distance by dynamic programming, three rows at a time. A name is given up at the first row
 * that has no number below what is already found, so thousands of names cost little.
 */
#include "base/nearest.h"

#include <string.h>

struct wi_nearest wi_nearest_to(const char *word)
{
    size_t length = strlen(word), near = length <= 4 ? 1 : length <= 8 ? 2 : 3;
    /* One more than the largest that is near, so that every offer only has to be less. */
    return (struct wi_nearest){.word = word, .distance = near + 1};
}

/* By ASCII alone: names are the same everywhere, whatever the locale. */
static int char_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The cost of turning the first `i` bytes of `word` into the first `j` of `name`, from the rows
 * above. */
static size_t cell_distance(const char *word, const char *name, size_t i, size_t j,
    const size_t *before, const size_t *above, const size_t *row)
{
    int same = char_lower(word[i - 1]) == char_lower(name[j - 1]);
    size_t cost = size_min(size_min(above[j], row[j - 1]) + 1, above[j - 1] + !same);

    if (i > 1 && j > 1 && char_lower(word[i - 1]) == char_lower(name[j - 2]) &&
        char_lower(word[i - 2]) == char_lower(name[j - 1]))
        cost = size_min(cost, before[j - 2] + 1);
    return cost;
}

/* The distance, or `limit` where it is at least that. */
static size_t word_distance(const char *word, const char *name, size_t limit)
{
    size_t rows[3][WI_NEAREST_MAX + 1];
    size_t words = strlen(word), names = strlen(name), last;

    if (words > WI_NEAREST_MAX || names > WI_NEAREST_MAX || words >= names + limit ||
        names >= words + limit)
        return limit;
    for (size_t j = 0; j <= names; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= words; i++) {
        size_t *row = rows[i % 3], best = row[0] = i;
        for (size_t j = 1; j <= names; j++) {
            row[j] = cell_distance(word, name, i, j, rows[(i + 1) % 3], rows[(i + 2) % 3], row);
            best = size_min(best, row[j]);
        }
        if (best >= limit)
            return limit;
    }
    last = rows[words % 3][names];
    return size_min(last, limit);
}

void wi_nearest_offer(struct wi_nearest *nearest, const char *name)
{
    size_t found = word_distance(nearest->word, name, nearest->distance);

    if (found >= nearest->distance)
        return;
    nearest->distance = found;
    nearest->name = name;
}
