/*
 * Faults in a peer's WebSocket frames that libwebsockets 4.1 does not report. It lets some pass,
 * and closes the socket by itself for others, with its own reason or none.
 */
#ifndef WI_BASE_NET_LWS_FAULT_H
#define WI_BASE_NET_LWS_FAULT_H

#include <libwebsockets.h>
#include <stdint.h>

/* A frame whose first bytes LWS_CALLBACK_RECEIVE passes on. */
struct wi_lws_frame {
    const unsigned char *payload; /* where lws has it */
    uint64_t size;                /* of the whole payload */
    unsigned char opcode;         /* 0: the frame continues a message */
};

/* Whether the frame has no mask (RFC 6455, 5.1). The library does not say so, but passes the
 * payload on in the buffer into which it was read, so that the frame's head is before it. That
 * holds for every frame with a payload whose head was read together with the payload's first byte.
 * For all others, and for control frames, it cannot be determined, and they are taken to be
 * masked. */
int wi_lws_is_unmasked(const struct wi_lws_frame *frame);

/* For LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL: a description of the peer's fault for which lws closes
 * the socket; NULL: there was none. lws_close_reason changes the reason in the close frame. */
const char *wi_lws_fault(struct lws *wsi);

/* Whether a socket's connection has ended: it was reset, or the peer has closed it and everything
 * sent has been read. After a reset, bytes that came before it can still be read. Public for
 * tests. */
int wi_lws_has_ended(int fd);

#endif
