/* Ends of connections that libmicrohttpd has missed; see second_look.h. */
#include "api/http/second_look.h"

#include "api/http/request.h"
#include "base/memory.h"
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>

/* Whether libmicrohttpd is to read it now: it does not while an answer is made or sent. */
static int is_read(const struct wi_connection *connection)
{
    const struct wi_request *request = connection->request;
    if (wi_turns_is_waiting(&connection->place))
        return 0;
    return !request || (!request->suspended && (request->state == WI_REQUEST_READING ||
                                                   request->state == WI_REQUEST_DISCARDING));
}

static size_t count_all(const struct wi_connections *connections)
{
    size_t count = 0;
    for (const struct wi_connection *one = connections->all; one; one = one->next)
        count++;
    return count;
}

/* libmicrohttpd counts a resumed connection as ready to be read. */
static void look_again(struct wi_connection *connection)
{
    connection->is_unread = 0;
    MHD_suspend_connection(connection->mhd);
    MHD_resume_connection(connection->mhd);
}

size_t wi_second_look(const struct wi_connections *connections)
{
    size_t count = count_all(connections), at = 0, again = 0;
    struct pollfd *polled = wi_realloc_array(NULL, count, sizeof *polled);
    for (const struct wi_connection *one = connections->all; one; one = one->next)
        polled[at++] = (struct pollfd){.fd = is_read(one) ? one->fd : -1, .events = POLLIN};
    int ready = poll(polled, count, 0);
    at = 0;
    for (struct wi_connection *one = connections->all; one; one = one->next) {
        int is_unread = ready > 0 && polled[at++].revents != 0;
        if (is_unread && one->is_unread) {
            look_again(one);
            again++;
        } else {
            one->is_unread = is_unread;
        }
    }
    free(polled);
    return again;
}
