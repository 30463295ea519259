/*
 * The daemon's side of a session's own network (browser/apart.h): takes the sockets that the
 * lifeline helper sends, and keeps some in stock, so that no connection has to wait for one.
 */
#ifndef WI_BROWSER_DOOR_H
#define WI_BROWSER_DOOR_H

#include <uv.h>

/* The network exists: `fd` listens in it and is the callee's; -1 if no descriptor was left for it.
 * Called once. The door must not be freed inside. */
typedef void wi_door_fn(void *context, int fd);

struct wi_door;
/* `channel` is borrowed. NULL if it cannot be watched. */
struct wi_door *wi_door_new(uv_loop_t *loop, int channel, wi_door_fn *on_open, void *context);
/* See wi_outlet.take. */
int wi_door_take(struct wi_door *door);
void wi_door_free(struct wi_door *door); /* NULL is fine */

#endif
