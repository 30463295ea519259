/*
 * The loop's time for requests; see spending.h. Asking the clock for the thread's time is a system
 * call, so it is done where the connection changes, and not around each of libmicrohttpd's calls.
 */
#include "api/http/clients/spending.h"

#include "api/http/request.h"
#include "base/clock.h"
#include <assert.h>
#include <stddef.h>
#include <stdio.h>

/* --- measuring -------------------------------------------------------------------------------- */

static void note_spent(struct wi_request_time *spent, uint64_t turn, uint64_t ns)
{
    if (spent->_turn != turn)
        spent->_in_turn = 0;
    spent->_turn = turn;
    spent->_in_turn += ns;
    spent->all += ns;
    if (spent->_in_turn > spent->most)
        spent->most = spent->_in_turn;
}

static void close_account(struct wi_spending *spending, uint64_t until)
{
    struct wi_connection *connection = spending->_open;
    uint64_t ns = until - spending->_since;
    spending->_open = NULL;
    spending->_until = 0;
    wi_turns_pay(&spending->turns, &connection->place, ns);
    if (connection->request)
        note_spent(&connection->request->spent, spending->turns.number, ns);
}

void wi_spending_settle(struct wi_spending *spending)
{
    struct wi_connection *connection = spending->_open;
    if (!connection)
        return;
    uint64_t now = spending->_until ? spending->_until : wi_thread_ns();
    close_account(spending, now);
    if (spending->_depth > 0) {
        spending->_open = connection;
        spending->_since = now;
    }
}

void wi_spending_begin(struct wi_spending *spending, struct wi_connection *connection)
{
    if (spending->_depth++ > 0)
        return;
    if (spending->_open == connection) {
        spending->_until = 0;
        return;
    }
    uint64_t now = wi_thread_ns();
    if (spending->_open)
        close_account(spending, spending->_until ? spending->_until : now);
    spending->_open = connection;
    spending->_since = now;
}

void wi_spending_end(struct wi_spending *spending)
{
    assert(spending->_depth > 0);
    if (--spending->_depth == 0)
        wi_spending_settle(spending);
}

void wi_spending_pause(struct wi_spending *spending)
{
    assert(spending->_depth > 0);
    if (--spending->_depth > 0 || !spending->_open)
        return;
    const struct wi_request *request = spending->_open->request;
    /* While a head or a body is read the next call follows at once, as a rule. */
    if (!request || request->state != WI_REQUEST_READING)
        spending->_until = wi_thread_ns();
}

void wi_request_begin_spending(struct wi_request *request)
{
    wi_spending_begin(&request->api->spending, request->connection);
}

void wi_request_end_spending(struct wi_request *request)
{
    wi_spending_end(&request->api->spending);
}

/* --- turns ------------------------------------------------------------------------------------ */

void wi_connection_join(struct wi_connection *connection)
{
    const struct wi_request *request = connection->request;
    char name[sizeof connection->peer + 8];
    const char *party = wi_request_client(request);
    if (request->route && request->route->rank == WI_RANK_NONE) {
        snprintf(name, sizeof name, "open %s", connection->peer);
        party = name;
    }
    wi_turns_join(&connection->api->spending.turns, &connection->place, party);
}

/* The connection waits for others, which is no fault of its client: its deadline waits, too. */
int wi_connection_may_go_on(struct wi_connection *connection)
{
    struct wi_api *api = connection->api;
    int is_suspended = connection->request && connection->request->suspended;
    /* libmicrohttpd may bring the next chunk of a body though its request waits. */
    if (is_suspended || wi_turns_ask(&api->spending.turns, &connection->place))
        return 1;
    connection->waits_since = wi_now_ms();
    connection->held = connection->deadline;
    connection->deadline = 0;
    MHD_suspend_connection(connection->mhd);
    wi_turn_schedule(api->turn);
    return 0;
}

static void take_up(void *context, struct wi_turns_place *place)
{
    struct wi_connection *connection =
        (struct wi_connection *)((char *)place - offsetof(struct wi_connection, place));
    struct wi_request *request = connection->request;
    double waited = wi_now_ms() - connection->waits_since;
    if (connection->held > 0)
        connection->deadline = connection->held + waited;
    if (request)
        wi_pace_skip(&request->pace, waited);
    MHD_resume_connection(connection->mhd);
}

void wi_spending_next_turn(struct wi_api *api)
{
    wi_turns_begin(&api->spending.turns, take_up, NULL);
}

void wi_spending_end_turns(struct wi_api *api)
{
    wi_turns_end(&api->spending.turns, take_up, NULL);
}
