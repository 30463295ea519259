/* The counting set against a plain list: whatever is added or taken out, each member knows how many
 * go before it, and that costs few looks. */
#include "../../test.h"

#include "work/job/ranks.h"
#include <string.h>

#define MEMBERS 300
#define MANY 100000

struct member {
    struct wi_rank_place place; /* first: a place is cast back to its member */
    unsigned key;
    int in;
};

static size_t looks;

static int before(const struct wi_rank_place *a, const struct wi_rank_place *b)
{
    looks++;
    return ((const struct member *)a)->key < ((const struct member *)b)->key;
}

static int is_below(const void *context, const struct wi_rank_place *place)
{
    return ((const struct member *)place)->key < *(const unsigned *)context;
}

static int is_any(const void *context, const struct wi_rank_place *place)
{
    return 1;
}

static size_t plain(const struct member *members, unsigned key)
{
    size_t count = 0;
    for (int i = 0; i < MEMBERS; i++)
        count += members[i].in && members[i].key < key;
    return count;
}

TEST(each_knows_how_many_go_before_it)
{
    static struct member members[MEMBERS];
    struct wi_ranks ranks = {.before = before};
    unsigned seed = 11;
    size_t count = 0;

#define RANDOM(n) ((seed = seed * 1103515245u + 12345u) / 65536u % (n))
    for (unsigned step = 0; step < 20000; step++) {
        struct member *one = &members[RANDOM(MEMBERS)];
        unsigned key = RANDOM(1000) * 100000;
        if (one->in) {
            assert_int_equal(wi_ranks_before(&ranks, &one->place), plain(members, one->key));
            wi_ranks_remove(&ranks, &one->place);
        } else {
            one->key = key + step; /* no two are equal */
            wi_ranks_add(&ranks, &one->place);
        }
        one->in = !one->in;
        count += one->in ? 1 : (size_t)-1;
        assert_int_equal(wi_ranks_while(&ranks, is_any, NULL), count);
        assert_int_equal(wi_ranks_while(&ranks, is_below, &key), plain(members, key));
    }
#undef RANDOM
}

/* In whatever order they come: about twice the logarithm. */
TEST(that_costs_few_looks_at_others)
{
    static struct member members[MANY];
    struct wi_ranks ranks = {.before = before};
    for (unsigned i = 0; i < MANY; i++) {
        members[i].key = i;
        wi_ranks_add(&ranks, &members[i].place);
    }
    looks = 0;
    for (unsigned i = 0; i < MANY; i += 10)
        assert_int_equal(wi_ranks_before(&ranks, &members[i].place), i);
    assert_in_range(looks / (MANY / 10), 1, 60);
}
