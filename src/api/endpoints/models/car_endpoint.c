/*
 * See car_endpoint.h. A file is sent as a CAR is, of one segment. One piece is read ahead, on a
 * thread of the pool; while there is none the connection is suspended. libmicrohttpd asks for more
 * when the socket has taken what it was given, so that a slow client costs two pieces of memory and
 * no thread.
 */
#include "api/endpoints/models/car_endpoint.h"

#include "api/endpoints/endpoints.h"
#include "api/http/taking.h"
#include "api/http/waiting.h"
#include "base/descriptors.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#define PIECE (128 * 1024)

struct wi_api_sender {
    struct wi_taking taking;          /* first: it is the request's work */
    struct wi_request *request;       /* NULL once it is completed */
    struct wi_block_reading *reading; /* NULL of a file */
    struct wi_api_file file;          /* its descriptor is -1 of a CAR */
    struct wi_segment segment;        /* what is left of it */
    struct wi_work *work;             /* a read that is under way */
    size_t size, given;               /* bytes of the piece: read, and given to libmicrohttpd */
    size_t wanted, got;               /* bytes that a read should give, and gave */
    int is_over;                      /* nothing follows what is in the piece */
    int is_cut;
    struct wi_api_sender *prev, *next;
    char piece[PIECE];
};

static void file_end(const struct wi_api_file *file)
{
    if (file->fd < 0)
        return;
    close(file->fd);
    file->on_end(file->context);
}

static void free_sender(struct wi_api_sender *sender)
{
    wi_block_reading_free(sender->reading);
    file_end(&sender->file);
    free(sender);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* On a thread. */
static void read_piece(void *data)
{
    struct wi_api_sender *sender = data;
    ssize_t got = wi_read_all(
        sender->segment.fd, sender->piece + sender->size, sender->wanted, sender->segment.at);
    sender->got = got > 0 ? (size_t)got : 0;
}

static void break_off(struct wi_api_sender *sender)
{
    sender->is_over = 1;
    wi_warn("api", sender->request->id, "%s was interrupted: a file cannot be read, or has changed",
        sender->reading ? "a CAR" : sender->file.name);
}

/* Moves on by `size` bytes of the segment, which are in the piece now. */
static void sender_advance(struct wi_api_sender *sender, size_t size)
{
    if (sender->segment.memory)
        sender->segment.memory += size;
    sender->segment.at += size;
    sender->segment.size -= size;
    sender->size += size;
}

static void on_read(void *data, int cancelled)
{
    struct wi_api_sender *sender = data;
    sender->work = NULL;
    (void)cancelled; /* only where the request has gone */
    if (!sender->request) {
        free_sender(sender);
        return;
    }
    if (sender->got == sender->wanted)
        sender_advance(sender, sender->wanted);
    else
        break_off(sender);
    wi_request_resume(sender->request);
}

/* 0 where nothing follows. */
static int has_segment(struct wi_api_sender *sender)
{
    while (sender->segment.size == 0 && !sender->is_over) {
        int more = sender->reading ? wi_block_reading_next(sender->reading, &sender->segment) : 0;
        sender->is_over = more == 0;
        if (more < 0)
            break_off(sender);
    }
    return !sender->is_over;
}

/* Begins to fill the piece, which is empty: copies the segments in memory at once, and starts to
 * read the first one that is in a file. */
static void sender_fill(struct wi_api_sender *sender)
{
    sender->size = sender->given = 0;
    while (sender->size < PIECE && has_segment(sender)) {
        size_t room = PIECE - sender->size;
        size_t size = sender->segment.size < room ? sender->segment.size : room;
        if (!sender->segment.memory) {
            sender->wanted = size;
            sender->work =
                wi_work_start(sender->request->api->deps.loop, read_piece, on_read, sender);
            return;
        }
        memcpy(sender->piece + sender->size, sender->segment.memory, size);
        sender_advance(sender, size);
    }
}

/* --- sending ---------------------------------------------------------------------------------- */

static ssize_t on_wanted(void *context, uint64_t position, char *out, size_t max)
{
    struct wi_api_sender *sender = context;
    wi_taking_rest(&sender->taking);
    if (sender->is_cut)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (sender->work)
        return wi_taking_pause(&sender->taking);
    size_t left = sender->size - sender->given, size = left < max ? left : max;
    if (size == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR; /* more was announced */
    memcpy(out, sender->piece + sender->given, size);
    sender->given += size;
    if (sender->given == sender->size)
        sender_fill(sender);
    return wi_taking_give(&sender->taking, size);
}

static void on_completed(void *context)
{
    struct wi_api_sender *sender = context;
    DL_DELETE(sender->request->api->endpoints->senders, sender);
    sender->request = NULL;
    if (sender->work)
        wi_work_abandon(sender->work); /* on_read follows */
    else
        free_sender(sender);
}

static void send_bytes(
    struct wi_api_sender *sender, uint64_t size, const char *type, const char *name)
{
    struct wi_request *request = sender->request;
    wi_taking_begin(&sender->taking, request, type,
        MHD_create_response_from_callback(size, PIECE, on_wanted, sender, NULL), on_completed);
    char *header = wi_sprintf("attachment; filename=\"%s\"", name);
    wi_request_add_header(request, "Content-Disposition", header);
    free(header);
    DL_APPEND(request->api->endpoints->senders, sender);
    sender_fill(sender);
}

static struct wi_api_sender *sender_new(struct wi_request *request)
{
    struct wi_api_sender *sender = wi_alloc(sizeof *sender);
    sender->request = request;
    sender->file.fd = -1;
    return sender;
}

/* Whether there is memory for a sender; else it is answered. */
static int reserve_pieces(struct wi_request *request, const char *what)
{
    if (wi_request_reserve(request, 2 * PIECE) == 0)
        return 1;
    wi_request_answer_refusal(request, WI_MEMORY_BUDGET, NULL,
        "there is no memory to send this %s now; try again later", what);
    return 0;
}

void wi_api_answer_car(
    struct wi_request *request, struct wi_block_reading *reading, uint64_t bytes, const char *cid)
{
    char name[WI_CID_TEXT + sizeof ".car"];
    if (!reserve_pieces(request, "CAR")) {
        wi_block_reading_free(reading);
        return;
    }
    struct wi_api_sender *sender = sender_new(request);
    sender->reading = reading;
    snprintf(name, sizeof name, "%s.car", cid);
    send_bytes(sender, bytes, WI_CAR_TYPE_WRITTEN, name);
}

void wi_api_answer_file(struct wi_request *request, const struct wi_api_file *file)
{
    if (!reserve_pieces(request, "file")) {
        file_end(file);
        return;
    }
    struct wi_api_sender *sender = sender_new(request);
    sender->file = *file;
    sender->segment = (struct wi_segment){.fd = file->fd, .size = file->size};
    send_bytes(sender, file->size, file->type, file->name);
}

/* --- all of them ------------------------------------------------------------------------------ */

void wi_api_senders_finish(struct wi_endpoints *endpoints)
{
    for (struct wi_api_sender *sender = endpoints->senders; sender; sender = sender->next) {
        sender->is_cut = 1;
        wi_request_resume(sender->request);
    }
}
