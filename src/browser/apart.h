/*
 * What one session has for itself, in namespaces that the lifeline helper makes before it starts
 * anything, and in which it stays.
 *
 * A network: a network namespace (network_namespaces(7)) in which only loopback is up. The daemon
 * stays outside and receives sockets that were made inside and belong to that network for good: it
 * accepts on one and connects others, so there is no proxy between the two.
 *
 * Descriptor 3 is then a socket for packets. The helper sends one packet with the listening socket
 * and WI_APART_STOCK others, and later one with a further socket for each byte that it receives.
 *
 * Its GPU: a mount namespace (mount_namespaces(7)) in which the devices of the others cannot be
 * opened. Drivers leave out such a device, as they do for a user without the rights to it.
 *
 * It depends on libc only, for the helper's sake.
 */
#ifndef WI_BROWSER_APART_H
#define WI_BROWSER_APART_H

#include <stddef.h>
#include <sys/types.h>

#define WI_APART_STOCK 4
#define WI_APART_PACKET_MAX (1 + WI_APART_STOCK) /* descriptors in a packet */
/* The first words of the helper if it failed, then the step and the reason. */
#define WI_APART_REFUSED "its network cannot be isolated: "
/* Its exit status in that case; with --try-apart, the latter if the machine refuses user namespaces
 * to every process of this user. */
#define WI_APART_EXIT 3
#define WI_APART_EXIT_CONFINED 4

/* Moves this process, which must have one thread, into a network of its own. A user other than
 * root, or a root without the right, also gets a user namespace of its own, in which its identity
 * is unchanged. 0, or -1 with errno and the failed step in `*step` (static): nothing may be started
 * then, as half of it may be done. */
int wi_apart_enter(const char **step);
/* The first words of the helper if devices could not be hidden, then the step and the reason. */
#define WI_APART_SHOWN "other GPUs cannot be hidden from it: "

/* Moves this process, which must have one thread, into mounts of its own, likewise; after
 * wi_apart_enter if both are wanted. Then every open of the devices at the `count` paths fails with
 * EACCES, for it and for its descendants. */
int wi_apart_hide(const char *const *paths, size_t count, const char **step);

/* Listens at 127.0.0.1:PORT: the descriptor (close-on-exec, non-blocking), or -1 with errno. */
int wi_apart_listen(unsigned port);
/* An unconnected IPv4 TCP socket, likewise. */
int wi_apart_socket(void);

/* Sends a packet with `count` descriptors, without waiting: 0, or -1 with errno. */
int wi_apart_send(int channel, const int *fds, size_t count);
/* Takes the next packet, without waiting: the number of descriptors in it (close-on-exec, the
 * caller's), or -1 with errno: EAGAIN if there is none now, EPIPE at the end. */
ssize_t wi_apart_receive(int channel, int fds[WI_APART_PACKET_MAX]);

#endif
