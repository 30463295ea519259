/* The treap that counts; see ranks.h. */
#include "work/job/ranks.h"

static size_t place_size(const struct wi_rank_place *place)
{
    return place ? place->_size : 0;
}

static void place_recount(struct wi_rank_place *place)
{
    place->_size = place_size(place->_left) + 1 + place_size(place->_right);
}

/* What goes before `member`, and the rest. */
static void places_split(const struct wi_ranks *ranks, struct wi_rank_place *all,
    const struct wi_rank_place *member, struct wi_rank_place **first, struct wi_rank_place **rest)
{
    if (!all) {
        *first = *rest = NULL;
    } else if (ranks->before(all, member)) {
        places_split(ranks, all->_right, member, &all->_right, rest);
        place_recount(all);
        *first = all;
    } else {
        places_split(ranks, all->_left, member, first, &all->_left);
        place_recount(all);
        *rest = all;
    }
}

/* All of `first` go before all of `rest`. */
static struct wi_rank_place *places_join(struct wi_rank_place *first, struct wi_rank_place *rest)
{
    if (!first || !rest)
        return first ? first : rest;
    struct wi_rank_place *top = first->_weight > rest->_weight ? first : rest;
    if (top == first)
        first->_right = places_join(first->_right, rest);
    else
        rest->_left = places_join(first, rest->_left);
    place_recount(top);
    return top;
}

/* xorshift32 (Marsaglia, 2003). Predictable numbers do no harm: a deep tree only hurts the clients
 * that wait in it. */
static uint32_t ranks_draw(struct wi_ranks *ranks)
{
    uint32_t drawn = ranks->_drawn ? ranks->_drawn : 2463534242u;
    drawn ^= drawn << 13;
    drawn ^= drawn >> 17;
    drawn ^= drawn << 5;
    return ranks->_drawn = drawn;
}

void wi_ranks_add(struct wi_ranks *ranks, struct wi_rank_place *member)
{
    struct wi_rank_place **link = &ranks->_top;
    *member = (struct wi_rank_place){._weight = ranks_draw(ranks)};
    while (*link && (*link)->_weight >= member->_weight) {
        (*link)->_size++;
        link = ranks->before(*link, member) ? &(*link)->_right : &(*link)->_left;
    }
    places_split(ranks, *link, member, &member->_left, &member->_right);
    place_recount(member);
    *link = member;
}

void wi_ranks_remove(struct wi_ranks *ranks, struct wi_rank_place *member)
{
    struct wi_rank_place **link = &ranks->_top;
    while (*link != member) {
        (*link)->_size--;
        link = ranks->before(*link, member) ? &(*link)->_right : &(*link)->_left;
    }
    *link = places_join(member->_left, member->_right);
    *member = (struct wi_rank_place){0};
}

struct found {
    const struct wi_ranks *ranks;
    const struct wi_rank_place *member;
};

static int goes_before(const void *context, const struct wi_rank_place *other)
{
    const struct found *found = context;
    return found->ranks->before(other, found->member);
}

size_t wi_ranks_before(const struct wi_ranks *ranks, const struct wi_rank_place *member)
{
    return wi_ranks_while(ranks, goes_before, &(struct found){ranks, member});
}

size_t wi_ranks_while(const struct wi_ranks *ranks, wi_rank_holds_fn *holds, const void *context)
{
    size_t count = 0;
    const struct wi_rank_place *place = ranks->_top;
    while (place) {
        int held = holds(context, place);
        count += held ? place_size(place->_left) + 1 : 0;
        place = held ? place->_right : place->_left;
    }
    return count;
}
