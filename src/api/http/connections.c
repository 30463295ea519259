/* Rows of those that wait, in the order in which they began; see connections.h. */
#include "api/http/connections.h"

#include <sys/socket.h>
#include <utlist.h>

#define LEFT_ALONE_MS 1000

/* Out of its row, if it is in one. */
static void leave_row(struct wi_connections *connections, struct wi_connection *connection)
{
    if (!connection->_row)
        return;
    DL_DELETE2(*connection->_row, connection, _before, _after);
    connection->_row = NULL;
    connections->waiting--;
}

/* Into the row, as the last. */
static void enter_row(struct wi_connections *connections, struct wi_connection *connection,
    enum wi_connection_row row, double now)
{
    connection->_row = &connections->_rows[row];
    connection->_since = now;
    DL_APPEND2(*connection->_row, connection, _before, _after);
    connections->waiting++;
}

void wi_connections_add(
    struct wi_connections *connections, struct wi_connection *connection, double now)
{
    DL_PREPEND2(connections->all, connection, previous, next);
    connections->count++;
    enter_row(connections, connection, WI_CONNECTION_NEW, now);
}

void wi_connections_remove(struct wi_connections *connections, struct wi_connection *connection)
{
    leave_row(connections, connection);
    DL_DELETE2(connections->all, connection, previous, next);
    if (!connection->is_leaving)
        connections->count--;
}

void wi_connections_ask(struct wi_connections *connections, struct wi_connection *connection)
{
    leave_row(connections, connection);
}

void wi_connections_wait(
    struct wi_connections *connections, struct wi_connection *connection, double now)
{
    if (!connection->is_leaving)
        enter_row(connections, connection,
            connection->is_known ? WI_CONNECTION_KNOWN : WI_CONNECTION_STRANGER, now);
}

/* NULL: none may go. */
static struct wi_connection *first_to_go(const struct wi_connections *connections, double now)
{
    struct wi_connection *stranger = connections->_rows[WI_CONNECTION_STRANGER];
    struct wi_connection *fresh = connections->_rows[WI_CONNECTION_NEW];
    struct wi_connection *known = connections->_rows[WI_CONNECTION_KNOWN];
    if (fresh && now - fresh->_since < LEFT_ALONE_MS)
        fresh = NULL;
    if (stranger && fresh)
        return stranger->_since < fresh->_since ? stranger : fresh;
    if (stranger || fresh)
        return stranger ? stranger : fresh;
    return known && now - known->_since >= LEFT_ALONE_MS ? known : NULL;
}

int wi_connections_make_room(struct wi_connections *connections, double now)
{
    struct wi_connection *first = first_to_go(connections, now);
    if (!first)
        return 0;
    leave_row(connections, first);
    shutdown(first->fd, SHUT_RDWR); /* libmicrohttpd sees its end, and tells */
    first->is_leaving = 1;
    connections->count--;
    return 1;
}
