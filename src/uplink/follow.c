/*
 * The own daemon is asked regularly which members its cluster has, and every other one borrows. An
 * address is looked up on a thread, because that may take long; a member that cannot be used is
 * tried again after a time that grows, with the others unaffected.
 */
#include "uplink/follow.h"

#include "base/clock.h"
#include "base/memory.h"
#include "uplink/borrowers.h"
#include "uplink/roster.h"
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS WI_MEMBER_BEAT_MS
/* A member is gone once so many looks in turn lack it: a daemon that has just connected to the
 * cluster does not list all members yet. */
#define LOOKS_MISSED 3
/* Until a member is tried again that cannot be used: a random time from a half of it up to it. */
#define AGAIN_FIRST_MS 10000.0
#define AGAIN_MAX_MS 300000.0
/* Addresses that are looked up at a time: a name server may be slow, and threads are few. */
#define SEARCHES_MAX 2

struct member {
    struct wi_uplink_follow *follow;
    struct member *next;
    struct wi_uplink_peer peer;
    struct wi_uplink_borrower *borrower; /* NULL: it is not lent to now */
    struct search *search;               /* its address is being looked up */
    unsigned missed;                     /* looks in turn */
    int is_told;                         /* as in its borrowers */
    double again_at, again_ms;           /* of wi_now_ms(); the next wait */
};

/* For a thread. */
struct search {
    struct member *member; /* valid unless it was abandoned */
    struct wi_work *work;
    char bridge[WI_MEMBER_URL_SIZE];
    char *token;
    struct wi_join_link link;
    struct wi_error error;
    enum wi_code code;
};

struct wi_uplink_follow {
    struct wi_uplink_run *run;
    struct wi_timer *look;
    struct wi_http_call *looking;
    struct member *members; /* at most WI_MEMBERS_MAX */
    size_t count, searching;
    struct wi_pcg32 random;
    struct wi_uplink_roster roster;
    char told[WI_UPLINK_WHY_SIZE]; /* what was said last of it */
};

/* --- a member's address ----------------------------------------------------------------------- */

static void member_wait(struct member *member)
{
    double share = (1 + wi_pcg32_share(&member->follow->random)) / 2;
    member->again_at = wi_now_ms() + share * member->again_ms;
    member->again_ms = member->again_ms * 2 < AGAIN_MAX_MS ? member->again_ms * 2 : AGAIN_MAX_MS;
}

static void member_borrow(struct member *member, const struct wi_join_link *link)
{
    struct wi_uplink_run *run = member->follow->run;
    member->borrower = wi_uplink_borrower_new(run, member->peer.name, member->peer.bridge, link);
    member->borrower->is_told = member->is_told;
    if (!member->is_told)
        wi_uplink_warn_plain(member->borrower->to, member->peer.bridge);
}

static void search_run(void *data)
{
    struct search *search = data;
    search->code = wi_join_link_make(search->bridge, search->token, &search->link, &search->error);
}

static void search_end(struct search *search)
{
    OPENSSL_cleanse(&search->link, sizeof search->link);
    OPENSSL_cleanse(search->token, strlen(search->token));
    free(search->token);
    free(search);
}

static void members_go_on(struct wi_uplink_follow *follow);

static void on_found(void *data, int cancelled)
{
    struct search *search = data;
    struct member *member = search->member;
    if (cancelled) {
        search_end(search);
        return;
    }
    member->search = NULL;
    member->follow->searching--;
    if (search->code == WI_OK) {
        member_borrow(member, &search->link);
    } else {
        if (!member->is_told)
            wi_uplink_tell("%s (%s) cannot borrow: %s; it is tried again now and then",
                member->peer.name, member->peer.bridge,
                *search->error.expected ? "its bridge has no usable address"
                                        : search->error.detail);
        member->is_told = 1;
        member_wait(member);
    }
    search_end(search);
    members_go_on(member->follow);
}

static void member_search(struct member *member)
{
    struct wi_uplink_follow *follow = member->follow;
    struct search *search = wi_alloc(sizeof *search);
    search->member = member;
    search->token = wi_strdup(follow->run->options->token);
    strcpy(search->bridge, member->peer.bridge);
    member->search = search;
    follow->searching++;
    search->work = wi_work_start(follow->run->loop, search_run, on_found, search);
}

/* --- a member --------------------------------------------------------------------------------- */

static struct member *member_new(struct wi_uplink_follow *follow, const struct wi_uplink_peer *peer)
{
    struct member *member = wi_alloc(sizeof *member);
    member->follow = follow;
    member->peer = *peer;
    member->again_ms = AGAIN_FIRST_MS;
    member->next = follow->members;
    follow->members = member;
    follow->count++;
    return member;
}

static void member_stop(struct member *member, const char *reason)
{
    if (member->search) {
        member->follow->searching--;
        wi_work_abandon(member->search->work);
    }
    if (member->borrower)
        wi_uplink_borrower_end(member->borrower, reason);
    member->search = NULL;
    member->borrower = NULL;
}

/* Forgets those that so many looks lacked; `why`, for people, follows the names of borrowers. */
static void members_drop(struct wi_uplink_follow *follow, unsigned missed, const char *why)
{
    struct member **at = &follow->members, *member;
    while ((member = *at)) {
        if (member->missed < missed) {
            at = &member->next;
            continue;
        }
        if (why && member->borrower)
            wi_uplink_tell("%s %s", member->borrower->to, why);
        *at = member->next;
        follow->count--;
        member_stop(member, "it is lent to members only");
        free(member);
    }
}

/* Where it is now, or whether it is another process, may have changed. A connection that lasts
 * leads to the new one. */
static void member_update(struct member *member, const struct wi_uplink_peer *peer)
{
    int is_moved = strcmp(member->peer.bridge, peer->bridge) != 0;
    int is_other = strcmp(member->peer.instance, peer->instance) != 0;
    int is_up = member->borrower && wi_uplink_borrower_is_up(member->borrower);
    member->missed = 0;
    member->peer = *peer;
    if (!is_moved && (!is_other || is_up))
        return;
    member_stop(member, "the member has another address, or is another process");
    member->is_told = 0;
    member->again_at = 0;
    member->again_ms = AGAIN_FIRST_MS;
}

static void member_go_on(struct member *member, double now)
{
    struct wi_uplink_borrower *borrower = member->borrower;
    if (borrower && borrower->is_refused) {
        member->is_told = 1;
        member_stop(member, "it is no relay there");
        member_wait(member);
    } else if (borrower && borrower->welcomed) {
        member->is_told = borrower->is_told;
        member->again_ms = AGAIN_FIRST_MS;
    } else if (!borrower && !member->search && now >= member->again_at &&
               member->follow->searching < SEARCHES_MAX) {
        member_search(member);
    }
}

static void members_go_on(struct wi_uplink_follow *follow)
{
    double now = wi_now_ms();
    if (follow->run->ending)
        return;
    for (struct member *member = follow->members; member; member = member->next)
        member_go_on(member, now);
}

/* --- all members ------------------------------------------------------------------------------ */

static struct member *member_find(const struct wi_uplink_follow *follow, const char *name)
{
    struct member *member = follow->members;
    while (member && strcmp(member->peer.name, name) != 0)
        member = member->next;
    return member;
}

static void members_take(struct wi_uplink_follow *follow)
{
    const struct wi_uplink_roster *roster = &follow->roster;
    struct wi_uplink_run *run = follow->run;
    if (!*run->options->name)
        strcpy(run->name, roster->own);
    for (struct member *member = follow->members; member; member = member->next)
        member->missed++;
    for (size_t i = 0; i < roster->count; i++) {
        struct member *member = member_find(follow, roster->peers[i].name);
        if (member)
            member_update(member, &roster->peers[i]);
        else if (follow->count < WI_MEMBERS_MAX) /* else when one of them is gone */
            member_new(follow, &roster->peers[i]);
    }
    members_drop(follow, LOOKS_MISSED, "is no member any more, so nothing is lent to it");
}

/* What a person should know, once as long as it lasts. The loss of the own daemon is told by own.c.
 */
static void follow_tell(struct wi_uplink_follow *follow)
{
    const char *why = follow->roster.why;
    if (strcmp(why, follow->told) == 0)
        return;
    if (*why)
        wi_uplink_tell("%s: %s", follow->run->options->url, why);
    strcpy(follow->told, why);
}

static void on_cluster(void *context, const struct wi_http_answer *answer)
{
    struct wi_uplink_follow *follow = context;
    json_t *root = wi_uplink_answer_json(answer);
    follow->looking = NULL;
    wi_uplink_roster_read(&follow->roster, root);
    json_decref(root);
    if (follow->run->ending)
        return;
    if (answer->end == WI_HTTP_ANSWERED)
        follow_tell(follow);
    if (follow->roster.state == WI_ROSTER_MEMBERS)
        members_take(follow);
    else if (follow->roster.state == WI_ROSTER_ALONE)
        members_drop(follow, 0, NULL);
    members_go_on(follow);
    wi_timer_start(follow->look, LOOK_MS, 0);
}

static void on_look(void *context)
{
    struct wi_uplink_follow *follow = context;
    if (!follow->run->ending)
        follow->looking = wi_uplink_get(follow->run, "/v1/cluster", on_cluster, follow);
}

/* --- itself ----------------------------------------------------------------------------------- */

struct wi_uplink_follow *wi_uplink_follow_new(struct wi_uplink_run *run)
{
    struct wi_uplink_follow *follow = wi_alloc(sizeof *follow);
    follow->run = run;
    follow->look = wi_timer_new(run->loop, on_look, follow);
    wi_pcg32_seed(&follow->random, uv_hrtime(), 0);
    wi_timer_start(follow->look, 0, 0);
    return follow;
}

void wi_uplink_follow_free(struct wi_uplink_follow *follow)
{
    if (!follow)
        return;
    wi_http_cancel(follow->looking);
    wi_timer_free(follow->look);
    members_drop(follow, 0, NULL);
    free(follow);
}
