/* Faults in frames that libwebsockets does not tell; see lws_fault.h. */
#include "base/net/lws_fault.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* --- masks ------------------------------------------------------------------------------------ */

#define OPCODE 0x7f /* with the reserved bits, which are 0 */
#define MASK 0x80
#define MASK_SIZE 4

/* The forms of a frame's length (RFC 6455, 5.2): the second byte of the head is the length, or a
 * mark that the next `more` bytes are. */
static const struct {
    unsigned char mark, more;
} forms[] = {{0, 0}, {126, 2}, {127, 8}};

#define FORMS (sizeof forms / sizeof *forms)
#define MARKS 126 /* from here on it is none */

/* Whether the bytes before `end` are the head of the frame, in that form, up to its mask. */
static int is_head(
    const struct wi_lws_frame *frame, const unsigned char *end, size_t form, unsigned char mask)
{
    size_t more = forms[form].more;
    const unsigned char *head = end - more - 2;
    unsigned char second = head[1] & ~MASK;
    uint64_t size = more ? 0 : second;
    for (size_t i = 0; i < more; i++)
        size = size << 8 | head[2 + i];
    return (head[0] & OPCODE) == frame->opcode && (head[1] & MASK) == mask &&
           (more ? second == forms[form].mark : second < MARKS) && size == frame->size;
}

/* The payload that the library passes on has LWS_PRE bytes before it, more than any head. */
int wi_lws_is_unmasked(const struct wi_lws_frame *frame)
{
    int masked = 0, unmasked = 0;
    _Static_assert(LWS_PRE >= 2 + 8 + MASK_SIZE, "the longest head is before the payload");
    for (size_t i = 0; i < FORMS; i++) {
        masked |= is_head(frame, frame->payload - MASK_SIZE, i, MASK);
        unmasked |= is_head(frame, frame->payload, i, 0);
    }
    return unmasked && !masked;
}

/* --- faults by which lws closes --------------------------------------------------------------- */

/* The log lines of lws 4.1 for faults, and their meaning. */
static const struct {
    const char *said, *words;
} faults[] = {
    {"frag ctl", "a control frame may not come in fragments"},
    {"bad cont", "a frame continues no message, or begins one inside another"},
    {"bad fin", "a message began before the one before it had ended"},
    {"bad opc", "a frame has an opcode that RFC 6455 does not define"},
    {"rsv bits", "a frame has reserved bits set, and no extension was negotiated"},
};

#define OTHER_FAULT "a frame does not follow RFC 6455"
/* The two by which lws closes without a word. */
#define LENGTH_FAULT "a frame has 2^63 bytes or more, or is a control frame of more than 125"
#define CODE_SIZE 2

static const char *words_of(const unsigned char *said, size_t length)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strlen(faults[i].said) == length && memcmp(faults[i].said, said, length) == 0)
            return faults[i].words;
    return OTHER_FAULT;
}

int wi_lws_has_ended(int fd)
{
    char byte;
    struct pollfd socket = {.fd = fd};
    if (poll(&socket, 1, 0) > 0)
        return 1; /* POLLERR or POLLHUP: nothing else was asked for */
    ssize_t got = recv(fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

const char *wi_lws_fault(struct lws *wsi)
{
    int length = lws_get_close_length(wsi);
    if (length > CODE_SIZE)
        return words_of(lws_get_close_payload(wsi) + CODE_SIZE, (size_t)length - CODE_SIZE);
    /* The end of TLS comes before that of its socket, so it cannot be told from a fault. */
    return lws_is_ssl(wsi) || wi_lws_has_ended(lws_get_socket_fd(wsi)) ? NULL : LENGTH_FAULT;
}
