/* Rows of connections that may be closed, in the order in which they began, and all strangers in an
 * array, from which one is drawn; see connections.h. */
#include "api/http/clients/connections.h"

#include "base/memory.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <utlist.h>

#define LEFT_ALONE_MS 1000
/* How many are drawn; the one of them that began first is closed. So the client that came last is
 * almost safe until as many others have come after it as there are places, at any pace. */
#define DRAWS 4
/* The most drawn strangers that are spared because they have sent input that is not read yet. */
#define SPARED_MAX 8
/* The distance between draws, from a random start; it is prime, so it has no divisor in common with
 * a smaller number. */
#define STRIDE 1000003u

/* --- rows ------------------------------------------------------------------------------------- */

static void add_stranger(struct wi_connections *connections, struct wi_connection *connection)
{
    if (connections->_stranger_count == connections->_stranger_room) {
        connections->_stranger_room = 2 * connections->_stranger_room + 16;
        connections->_strangers = wi_realloc_array(
            connections->_strangers, connections->_stranger_room, sizeof *connections->_strangers);
    }
    connection->_index = connections->_stranger_count++;
    connections->_strangers[connection->_index] = connection;
}

/* The last one takes its place. */
static void remove_stranger(struct wi_connections *connections, struct wi_connection *connection)
{
    struct wi_connection *last = connections->_strangers[--connections->_stranger_count];
    connections->_strangers[connection->_index] = last;
    last->_index = connection->_index;
}

static int is_in(const struct wi_connections *connections, const struct wi_connection *connection,
    enum wi_connection_row row)
{
    return connection->_row == &connections->_rows[row];
}

/* Out of its row, if it is in one. */
static void leave_row(struct wi_connections *connections, struct wi_connection *connection)
{
    if (!connection->_row)
        return;
    if (!is_in(connections, connection, WI_CONNECTION_KNOWN))
        remove_stranger(connections, connection);
    DL_DELETE2(*connection->_row, connection, _before, _after);
    connection->_row = NULL;
    connections->replaceable--;
}

/* Into the row, as the last. */
static void enter_row(struct wi_connections *connections, struct wi_connection *connection,
    enum wi_connection_row row, double now)
{
    connection->_row = &connections->_rows[row];
    connection->_since = now;
    DL_APPEND2(*connection->_row, connection, _before, _after);
    if (row != WI_CONNECTION_KNOWN)
        add_stranger(connections, connection);
    connections->replaceable++;
}

/* --- what becomes of one ---------------------------------------------------------------------- */

static void count_out(struct wi_connections *connections, const struct wi_connection *connection)
{
    connections->count--;
    connections->here -= connection->admitted.exempt ? 1 : 0;
}

void wi_connections_add(
    struct wi_connections *connections, struct wi_connection *connection, double now)
{
    DL_PREPEND2(connections->all, connection, previous, next);
    connections->count++;
    connections->here += connection->admitted.exempt ? 1 : 0;
    enter_row(connections, connection, WI_CONNECTION_NEW, now);
}

void wi_connections_remove(struct wi_connections *connections, struct wi_connection *connection)
{
    leave_row(connections, connection);
    DL_DELETE2(connections->all, connection, previous, next);
    if (!connection->is_leaving)
        count_out(connections, connection);
    if (connections->all)
        return;
    free(connections->_strangers);
    connections->_strangers = NULL;
    connections->_stranger_room = 0;
}

void wi_connections_ask(
    struct wi_connections *connections, struct wi_connection *connection, double now)
{
    leave_row(connections, connection);
    if (!connection->is_known && !connection->is_leaving)
        enter_row(connections, connection, WI_CONNECTION_SERVED, now);
}

void wi_connections_know(struct wi_connections *connections, struct wi_connection *connection)
{
    connection->is_known = 1;
    leave_row(connections, connection);
}

void wi_connections_wait(
    struct wi_connections *connections, struct wi_connection *connection, double now)
{
    leave_row(connections, connection);
    if (!connection->is_leaving)
        enter_row(connections, connection,
            connection->is_known ? WI_CONNECTION_KNOWN : WI_CONNECTION_STRANGER, now);
}

/* --- which one goes --------------------------------------------------------------------------- */

/* Whether it has sent input that was not read, or a head that waits for its turn, which may have a
 * token. */
static int may_show_one(
    const struct wi_connections *connections, const struct wi_connection *connection)
{
    char byte;
    return !is_in(connections, connection, WI_CONNECTION_SERVED) &&
           (wi_turns_is_waiting(&connection->place) ||
               recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0);
}

/* Of the strangers that have had their time, the one that began first; NULL: there is none, or it
 * may show a token. */
static struct wi_connection *oldest_stranger(const struct wi_connections *connections, double now)
{
    struct wi_connection *oldest = NULL;
    for (int row = 0; row < WI_CONNECTION_KNOWN; row++) {
        struct wi_connection *first = connections->_rows[row];
        int is_ripe =
            first && (row == WI_CONNECTION_STRANGER || now - first->_since >= LEFT_ALONE_MS);
        if (is_ripe && (!oldest || first->_since < oldest->_since))
            oldest = first;
    }
    return oldest && !may_show_one(connections, oldest) ? oldest : NULL;
}

static int is_among(const struct wi_connection *connection, const struct wi_peer *among)
{
    return !among || (among->exempt ? connection->admitted.exempt
                                    : !connection->admitted.exempt &&
                                          wi_peer_same(&connection->admitted, among));
}

/* A stranger at random, preferably one without unread input; or NULL. */
static struct wi_connection *drawn_stranger(
    struct wi_connections *connections, const struct wi_peer *among)
{
    struct wi_connection *drawn = NULL, *spared = NULL;
    size_t count = connections->_stranger_count, draws = 0, spared_count = 0;
    size_t at = count ? (size_t)nrand48(connections->dice) % count : 0;
    for (size_t i = 0; i < count && draws < DRAWS && spared_count < SPARED_MAX; i++) {
        struct wi_connection *one = connections->_strangers[at];
        at = (at + STRIDE) % count;
        if (!is_among(one, among))
            continue;
        if (may_show_one(connections, one)) {
            spared = one;
            spared_count++;
        } else {
            if (!drawn || one->_since < drawn->_since)
                drawn = one;
            draws++;
        }
    }
    return drawn ? drawn : spared;
}

/* The connection with a token that has been idle for the longest time; or NULL. */
static struct wi_connection *idle_one(
    const struct wi_connections *connections, const struct wi_peer *among, double now)
{
    struct wi_connection *one = connections->_rows[WI_CONNECTION_KNOWN];
    while (one && now - one->_since >= LEFT_ALONE_MS && !is_among(one, among))
        one = one->_after;
    return one && now - one->_since >= LEFT_ALONE_MS ? one : NULL;
}

const struct wi_connection *wi_connections_make_room(
    struct wi_connections *connections, const struct wi_peer *among, double now)
{
    struct wi_connection *first = among ? NULL : oldest_stranger(connections, now);
    if (!first)
        first = drawn_stranger(connections, among);
    if (!first)
        first = idle_one(connections, among, now);
    if (!first)
        return NULL;
    leave_row(connections, first);
    shutdown(first->fd, SHUT_RDWR); /* libmicrohttpd sees its end, and tells */
    first->is_leaving = 1;
    count_out(connections, first);
    return first;
}
