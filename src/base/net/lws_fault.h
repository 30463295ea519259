/*
 * Faults in a peer's WebSocket frames that libwebsockets 4.1 does not tell: some it lets pass, and
 * others it closes by itself, in words of its own or in none.
 */
#ifndef WI_BASE_NET_LWS_FAULT_H
#define WI_BASE_NET_LWS_FAULT_H

#include <libwebsockets.h>
#include <stdint.h>

/* A frame as LWS_CALLBACK_RECEIVE hands over its first bytes. */
struct wi_lws_frame {
    const unsigned char *payload; /* where lws has it */
    uint64_t size;                /* of the whole payload */
    unsigned char opcode;         /* 0: it continues a message */
};

/* Whether the frame has no mask (RFC 6455, 5.1). The library has no word for it, but hands the
 * payload over where it was read, so that the frame's head is before it. That is so of every frame
 * with a payload whose head was read together with the first byte of it; of the others, and of
 * control frames, nobody can tell, and they are taken to be masked. */
int wi_lws_is_unmasked(const struct wi_lws_frame *frame);

/* In LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL: the fault of the peer's by which lws closes the socket,
 * in words; NULL where there was none. lws_close_reason sets what the close frame says instead. */
const char *wi_lws_fault(struct lws *wsi);

/* Whether a socket's connection has ended: it was reset, or its peer sends no more and all that it
 * sent was read. After a reset, bytes that came before it can still be read. Public for tests. */
int wi_lws_has_ended(int fd);

#endif
