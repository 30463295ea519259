/* The heap against a plain list: whatever is added, taken out or changed, the first is the least.
 */
#include "../test.h"

#include "base/heap.h"

#define MEMBERS 200

struct member {
    struct wi_heap_place place; /* first: a place is cast back to its member */
    unsigned key;
    int in;
};

static int before(const struct wi_heap_place *a, const struct wi_heap_place *b)
{
    return ((const struct member *)a)->key < ((const struct member *)b)->key;
}

static const struct member *least(const struct member *members)
{
    const struct member *found = NULL;

    for (int i = 0; i < MEMBERS; i++)
        if (members[i].in && (!found || members[i].key < found->key))
            found = &members[i];
    return found;
}

TEST(the_first_is_the_least)
{
    static struct member members[MEMBERS];
    struct wi_heap heap = {.before = before};
    unsigned seed = 7;
    size_t count = 0;

#define RANDOM(n) ((seed = seed * 1103515245u + 12345u) / 65536u % (n))
    for (unsigned step = 0; step < 20000; step++) {
        struct member *one = &members[RANDOM(MEMBERS)];
        const struct member *first;
        if (one->in && RANDOM(3) == 0) {
            /* Keys are never equal, so that the first is one of them. */
            one->key = RANDOM(1000) * 100000 + step;
            wi_heap_changed(&heap, &one->place);
        } else if (one->in) {
            wi_heap_remove(&heap, &one->place);
            one->in = 0;
            count--;
        } else {
            one->key = RANDOM(1000) * 100000 + step;
            wi_heap_add(&heap, &one->place);
            one->in = 1;
            count++;
        }
        first = (const struct member *)wi_heap_first(&heap);
        assert_ptr_equal(first, least(members));
        assert_int_equal(heap.count, count);
    }
#undef RANDOM
    wi_heap_clear(&heap);
    assert_null(wi_heap_first(&heap));
}

TEST(one_alone_comes_and_goes)
{
    struct member one = {.key = 1};
    struct wi_heap heap = {.before = before};

    assert_null(wi_heap_first(&heap));
    wi_heap_add(&heap, &one.place);
    wi_heap_changed(&heap, &one.place);
    assert_ptr_equal(wi_heap_first(&heap), &one.place);
    wi_heap_remove(&heap, &one.place);
    assert_null(wi_heap_first(&heap));
    wi_heap_clear(&heap);
}
