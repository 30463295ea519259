/*
 * The loop's time, shared by party (a client, an address) turn by turn. A turn is what all parties
 * may spend before the loop looks after everything else, and one of them has half of it. Where no
 * other waits the next turn comes at once, so that nothing is lost. Where others wait, a party that
 * took more than its part, in one thing that took long, waits until they have had as much. (A toll,
 * in share.h, bounds a party to a part of each second, whether or not others wait.)
 *
 * This is deficit round robin (https://doi.org/10.1109/90.502236), in which what something costs is
 * known only afterwards. Times are nanoseconds, measured by the caller. Pure.
 */
#ifndef WI_API_HTTP_TURNS_H
#define WI_API_HTTP_TURNS_H

#include <stddef.h>
#include <stdint.h>

/* Zero-initialise all but `whole`. Members with a _ are the functions' own. */
struct wi_turns {
    uint64_t whole;  /* what a turn is, at least 2 */
    uint64_t number; /* of the turn, from 1 */
    uint64_t _spent, _promised;
    struct wi_turns_party *_parties, *_owing, *_waiting;
    int _is_over;
};

/* Where a party is served: a connection. Embedded in it; zero-initialise. */
struct wi_turns_place {
    struct wi_turns_party *_party;
    uint64_t _called, _served; /* the last turn in which it was */
    int _waits;
    struct wi_turns_place *_before, *_after;
};

/* It belongs to the party of that name from now on, and not to another. Not while it waits. */
void wi_turns_join(struct wi_turns *turns, struct wi_turns_place *place, const char *party);
/* It is there no more. */
void wi_turns_leave(struct wi_turns *turns, struct wi_turns_place *place);

/* Whether something is done there now: 1, or 0 if it waits until it is called, and asks again. */
int wi_turns_ask(struct wi_turns *turns, struct wi_turns_place *place);
int wi_turns_is_waiting(const struct wi_turns_place *place);
/* So much was spent for its party. */
void wi_turns_pay(struct wi_turns *turns, const struct wi_turns_place *place, uint64_t ns);

/* The next turn begins: calls those that wait and may go on in it. `call` calls nothing here. */
typedef void wi_turns_call_fn(void *context, struct wi_turns_place *place);
void wi_turns_begin(struct wi_turns *turns, wi_turns_call_fn *call, void *context);
/* Whether any place waits: then another turn has to begin soon. */
int wi_turns_wait(const struct wi_turns *turns);
/* From now on nothing waits: calls all that do. */
void wi_turns_end(struct wi_turns *turns, wi_turns_call_fn *call, void *context);
/* Once all places have left. */
void wi_turns_clear(struct wi_turns *turns);

#endif
