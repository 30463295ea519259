/*
 * Turns; see turns.h. A party has credit, which each turn fills up to its part, and which its
 * spending reduces. While it has some it may go on; a party in debt waits for as many turns as it
 * needs to pay. Only parties without full credit are looked at, and a party without places is
 * remembered until it has paid, so that leaving and coming again does not help.
 */
#include "api/http/clients/turns.h"

#include "base/memory.h"
#include "base/table.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Nothing costs less: calling more places than the credit buys at this price would be useless. */
#define COST_LEAST ((uint64_t)20 * 1000)

struct wi_turns_party {
    int64_t credit;
    int owes; /* it is among those whose credit is not full */
    size_t places;
    struct wi_turns_place *line; /* those that wait, the longest first */
    uint64_t spent;              /* in this turn, at `served` places */
    uint64_t served;
    uint64_t cost; /* of one, about, by the turns before */
    struct wi_turns_party *owing_before, *owing_after, *waiting_before, *waiting_after;
    UT_hash_handle hh;
    char name[];
};

/* The part of a turn that one party may spend. */
static int64_t part_of(const struct wi_turns *turns)
{
    return (int64_t)(turns->whole / 2);
}

/* --- parties ---------------------------------------------------------------------------------- */

static struct wi_turns_party *find_party(struct wi_turns *turns, const char *name)
{
    size_t length = strlen(name);
    struct wi_turns_party *party = WI_TABLE_FIND(turns->_parties, name, length);
    if (party)
        return party;
    party = wi_alloc(sizeof *party + length + 1);
    party->credit = part_of(turns);
    memcpy(party->name, name, length);
    HASH_ADD_KEYPTR(hh, turns->_parties, party->name, length, party);
    return party;
}

static void forget_if_gone(struct wi_turns *turns, struct wi_turns_party *party)
{
    if (party->places > 0 || party->owes)
        return;
    HASH_DEL(turns->_parties, party);
    free(party);
}

static void leave_line(struct wi_turns *turns, struct wi_turns_place *place)
{
    struct wi_turns_party *party = place->_party;
    DL_DELETE2(party->line, place, _before, _after);
    place->_waits = 0;
    if (!party->line)
        DL_DELETE2(turns->_waiting, party, waiting_before, waiting_after);
}

/* A place that has begun in this turn goes on before all others of its party. */
static void enter_line(struct wi_turns *turns, struct wi_turns_place *place, int had_begun)
{
    struct wi_turns_party *party = place->_party;
    if (!party->line)
        DL_APPEND2(turns->_waiting, party, waiting_before, waiting_after);
    if (had_begun)
        DL_PREPEND2(party->line, place, _before, _after);
    else
        DL_APPEND2(party->line, place, _before, _after);
    place->_waits = 1;
}

/* --- places ----------------------------------------------------------------------------------- */

void wi_turns_leave(struct wi_turns *turns, struct wi_turns_place *place)
{
    struct wi_turns_party *party = place->_party;
    if (!party)
        return;
    if (place->_waits)
        leave_line(turns, place);
    place->_party = NULL;
    party->places--;
    forget_if_gone(turns, party);
}

void wi_turns_join(struct wi_turns *turns, struct wi_turns_place *place, const char *party)
{
    assert(!place->_waits);
    if (place->_party && strcmp(place->_party->name, party) == 0)
        return;
    wi_turns_leave(turns, place);
    *place = (struct wi_turns_place){._party = find_party(turns, party)};
    place->_party->places++;
}

int wi_turns_is_waiting(const struct wi_turns_place *place)
{
    return place->_waits;
}

int wi_turns_ask(struct wi_turns *turns, struct wi_turns_place *place)
{
    struct wi_turns_party *party = place->_party;
    int has_begun = place->_called == turns->number || place->_served == turns->number;
    int is_room = !party->line && turns->_spent + turns->_promised < turns->whole;
    if (turns->_is_over)
        return 1;
    if (party->credit <= 0 || (!has_begun && !is_room)) {
        enter_line(turns, place, has_begun);
        return 0;
    }
    party->served += place->_served != turns->number;
    place->_served = turns->number;
    return 1;
}

void wi_turns_pay(struct wi_turns *turns, const struct wi_turns_place *place, uint64_t ns)
{
    struct wi_turns_party *party = place->_party;
    if (!party)
        return;
    party->credit -= (int64_t)ns;
    party->spent += ns;
    if (place->_called != turns->number) /* else it was promised */
        turns->_spent += ns;
    if (!party->owes)
        DL_APPEND2(turns->_owing, party, owing_before, owing_after);
    party->owes = 1;
}

/* --- the next turn ---------------------------------------------------------------------------- */

static void note_cost(struct wi_turns_party *party)
{
    if (party->served > 0) {
        uint64_t cost = party->spent / party->served;
        party->cost = party->cost ? (party->cost + cost) / 2 : cost;
    }
    party->spent = party->served = 0;
}

static void fill_credits(struct wi_turns *turns)
{
    struct wi_turns_party *party, *next;
    for (party = turns->_owing; party; party = next) {
        next = party->owing_after;
        note_cost(party);
        party->credit += part_of(turns);
        if (party->credit < part_of(turns))
            continue;
        party->credit = part_of(turns);
        DL_DELETE2(turns->_owing, party, owing_before, owing_after);
        party->owes = 0;
        forget_if_gone(turns, party);
    }
}

/* If all waiting parties are in debt, lets as many turns pass at once as one of them needs to have
 * credit. */
static void pass_empty_turns(struct wi_turns *turns)
{
    struct wi_turns_party *party;
    int64_t best = INT64_MIN;
    for (party = turns->_waiting; party; party = party->waiting_after)
        best = party->credit > best ? party->credit : best;
    if (best > 0)
        return;
    for (party = turns->_waiting; party; party = party->waiting_after)
        party->credit += part_of(turns) - best;
}

/* Calls as many places as the party's credit is enough for. Returns the time promised to them. */
static uint64_t call_some(
    struct wi_turns *turns, struct wi_turns_party *party, wi_turns_call_fn *call, void *context)
{
    uint64_t cost = party->cost > COST_LEAST ? party->cost : COST_LEAST;
    uint64_t credit = (uint64_t)party->credit, promised = 0;
    for (; party->line && promised < credit; promised += cost) {
        struct wi_turns_place *place = party->line;
        leave_line(turns, place);
        place->_called = turns->number;
        call(context, place);
    }
    return promised < credit ? promised : credit;
}

/* Behind the others that wait. */
static void move_back(struct wi_turns *turns, struct wi_turns_party *party)
{
    DL_DELETE2(turns->_waiting, party, waiting_before, waiting_after);
    DL_APPEND2(turns->_waiting, party, waiting_before, waiting_after);
}

void wi_turns_begin(struct wi_turns *turns, wi_turns_call_fn *call, void *context)
{
    turns->number++;
    turns->_spent = turns->_promised = 0;
    fill_credits(turns);
    pass_empty_turns(turns);
    struct wi_turns_party *party = turns->_waiting, *next;
    const struct wi_turns_party *last = party ? party->waiting_before : NULL;
    for (; party && turns->_promised < turns->whole; party = next) {
        next = party == last ? NULL : party->waiting_after;
        if (party->credit <= 0)
            continue;
        turns->_promised += call_some(turns, party, call, context);
        if (party->line)
            move_back(turns, party);
    }
}

int wi_turns_wait(const struct wi_turns *turns)
{
    return turns->_waiting != NULL;
}

void wi_turns_end(struct wi_turns *turns, wi_turns_call_fn *call, void *context)
{
    turns->_is_over = 1;
    while (turns->_waiting) {
        struct wi_turns_place *place = turns->_waiting->line;
        leave_line(turns, place);
        call(context, place);
    }
}

void wi_turns_clear(struct wi_turns *turns)
{
    struct wi_turns_party *party;
    while ((party = WI_TABLE_TAKE(turns->_parties))) {
        assert(party->places == 0);
        free(party);
    }
    *turns = (struct wi_turns){0};
}
