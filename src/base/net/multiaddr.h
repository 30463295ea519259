/*
 * The addresses at which pages reach a webinfer-peer: multiaddrs
 * (https://github.com/multiformats/multiaddr) of a WebSocket, with the id of the peer. Pure.
 */
#ifndef WI_BASE_NET_MULTIADDR_H
#define WI_BASE_NET_MULTIADDR_H

/* An Ed25519 key in base58, as libp2p writes it ("12D3KooW…"), with the NUL. */
#define WI_PEER_ID_SIZE 53
/* "wss://", a host name (RFC 1035, 2.3.4), a colon and a port, with the NUL. */
#define WI_PEER_ORIGIN_SIZE (6 + 253 + 6 + 1)

struct wi_multiaddr {
    char origin[WI_PEER_ORIGIN_SIZE]; /* such as "wss://peer.example:9090", for a page's policy */
    char peer[WI_PEER_ID_SIZE];
};

/* Reads "/dns4/HOST/tcp/PORT/wss/p2p/PEER" or a similar text. Returns NULL, or the form that it
 * lacks (static), in the words of an error that says what is allowed. */
const char *wi_multiaddr_read(const char *text, struct wi_multiaddr *multiaddr);
/* Whether `text` has the form of such an id; whether there is such a key is not checked. */
int wi_peer_id_ok(const char *text);

#endif
