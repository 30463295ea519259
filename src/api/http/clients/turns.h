/*
 * The loop's time, shared between parties (a client, an address) in turns. A turn is the time that
 * all parties together may spend before the loop does everything else, and one party has half of
 * it. If no other party waits, the next turn comes at once, so that no time is lost. If others
 * wait, a party that took more than its part, in one long operation, waits until they have had as
 * much. (A toll, in share.h, limits a party to a part of each second, whether or not others wait.)
 *
 * This is deficit round robin (https://doi.org/10.1109/90.502236), except that a cost is known only
 * afterwards. Times are nanoseconds, measured by the caller. Pure.
 */
#ifndef WI_API_HTTP_TURNS_H
#define WI_API_HTTP_TURNS_H

#include <stddef.h>
#include <stdint.h>

/* Zero-initialise all but `whole`. Members with a _ are the functions' own. */
struct wi_turns {
    uint64_t whole;  /* the length of a turn, at least 2 */
    uint64_t number; /* the turn's, from 1 */
    uint64_t _spent, _promised;
    struct wi_turns_party *_parties, *_owing, *_waiting;
    int _is_over;
};

/* The place where a party is served: a connection, in which this is embedded; zero-initialise. */
struct wi_turns_place {
    struct wi_turns_party *_party;
    uint64_t _called, _served; /* the last turns in which it was */
    int _waits;
    struct wi_turns_place *_before, *_after;
};

/* Moves the place to the party of that name. Not while it waits. */
void wi_turns_join(struct wi_turns *turns, struct wi_turns_place *place, const char *party);
/* Removes the place. */
void wi_turns_leave(struct wi_turns *turns, struct wi_turns_place *place);

/* Whether the place may be served now: 1; or 0, and it waits until it is called, and then asks
 * again. */
int wi_turns_ask(struct wi_turns *turns, struct wi_turns_place *place);
int wi_turns_is_waiting(const struct wi_turns_place *place);
/* Charges `ns` to the place's party. */
void wi_turns_pay(struct wi_turns *turns, const struct wi_turns_place *place, uint64_t ns);

/* Begins the next turn: calls the places that wait and may go on in it. `call` may call no function
 * of this file. */
typedef void wi_turns_call_fn(void *context, struct wi_turns_place *place);
void wi_turns_begin(struct wi_turns *turns, wi_turns_call_fn *call, void *context);
/* Whether any place waits: then another turn has to begin soon. */
int wi_turns_wait(const struct wi_turns *turns);
/* From now on no place waits: calls all that do. */
void wi_turns_end(struct wi_turns *turns, wi_turns_call_fn *call, void *context);
/* Once all places have left. */
void wi_turns_clear(struct wi_turns *turns);

#endif
