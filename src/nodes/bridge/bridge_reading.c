/* The loop's time for nodes' messages; see bridge_reading.h. */
#include "nodes/bridge/bridge_reading.h"

#include "base/memory.h"
#include <math.h>
#include <stdlib.h>

#define NS_PER_MS 1e6
#define PART (1.0 / WI_SHARE_PARTIES)

struct wi_reading_token {
    unsigned references;
    struct wi_toll toll, sure; /* what it may have at most, and whatever others have had */
};

struct wi_reading_token *wi_reading_token_new(int of_relays)
{
    struct wi_reading_token *token = wi_alloc(sizeof *token);
    token->references = 1;
    token->toll.part = of_relays ? WI_READING_OURS : PART;
    token->sure.part = WI_READING_JOINED * PART;
    return token;
}

struct wi_reading_token *wi_reading_token_ref(struct wi_reading_token *token)
{
    token->references++;
    return token;
}

void wi_reading_token_unref(struct wi_reading_token *token)
{
    if (token && --token->references == 0)
        free(token);
}

void wi_reading_begin(
    struct wi_reading *reading, struct wi_reading_token *token, struct wi_toll *joined)
{
    *reading = (struct wi_reading){
        .own = {.part = joined ? PART : WI_READING_OURS, .parent = token ? &token->toll : NULL},
        .token = token,
        .joined = joined,
    };
}

double wi_reading_pay(struct wi_reading *reading, double now_ms, double ms)
{
    struct wi_reading_token *token = reading->token;
    uint64_t ns = (uint64_t)(ms * NS_PER_MS);
    wi_toll_pay(&reading->own, now_ms, ns);
    double wait = wi_toll_wait(&reading->own, now_ms);
    if (!reading->joined)
        return wait;
    wi_toll_pay(&token->sure, now_ms, ns);
    wi_toll_pay(reading->joined, now_ms, ns);
    double all = wi_toll_wait(reading->joined, now_ms);
    return fmax(wait, fmin(all, wi_toll_wait(&token->sure, now_ms)));
}
