/* See frame.h. */
#include "nodes/node/message.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct wi_message *wi_message_new(
    int binary, struct wi_buffer *head, const struct wi_tensors *tensors)
{
    size_t count = tensors ? tensors->count : 0, section = 0;
    struct wi_message *message =
        wi_alloc(sizeof *message + (1 + count) * sizeof(struct wi_message_piece));
    message->binary = binary;
    message->count = 1 + count;
    message->pieces[0].size = head->size;
    message->head = wi_buffer_take(head);
    message->pieces[0].bytes = (const unsigned char *)message->head;
    for (size_t i = 0; i < count; i++) {
        const struct wi_tensor *tensor = &tensors->items[i];
        struct wi_message_piece *piece = &message->pieces[1 + i];
        piece->blob = wi_blob_ref(tensor->blob);
        piece->bytes = wi_tensor_bytes(tensor);
        piece->size = tensor->size;
        piece->padding = wi_frame_align(section) - section;
        section += piece->padding + piece->size;
    }
    message->total = message->pieces[0].size + section;
    return message;
}

struct wi_message *wi_message_lend(
    int binary, size_t size, const struct wi_message_source *source, void *owner)
{
    struct wi_message *message = wi_alloc(sizeof *message + sizeof(struct wi_message_piece));
    message->binary = binary;
    message->source = source;
    message->owner = owner;
    message->count = 1;
    message->pieces[0].size = size;
    return message;
}

void wi_message_free(struct wi_message *message)
{
    if (!message)
        return;
    for (size_t i = 0; i < message->count; i++)
        wi_blob_unref(message->pieces[i].blob);
    if (message->source)
        message->source->let_go(message->owner);
    free(message->head);
    free(message);
}

void wi_messages_clear(struct wi_message **queue)
{
    struct wi_message *message, *next;
    DL_FOREACH_SAFE(*queue, message, next)
    wi_message_free(message);
    *queue = NULL;
}

size_t wi_message_gather(const struct wi_message *message, struct wi_message_place *place,
    unsigned char *out, size_t room)
{
    size_t size = 0;
    while (place->piece < message->count && size < room) {
        const struct wi_message_piece *piece = &message->pieces[place->piece];
        int pads = place->done < piece->padding;
        size_t end = pads ? piece->padding : piece->padding + piece->size;
        size_t left = end - place->done < room - size ? end - place->done : room - size;
        if (pads)
            memset(out + size, 0, left);
        else if (message->source)
            message->source->read(message->owner, place->done, out + size, left);
        else if (left)
            memcpy(out + size, piece->bytes + (place->done - piece->padding), left);
        size += left;
        place->done += left;
        if (place->done == piece->padding + piece->size)
            *place = (struct wi_message_place){.piece = place->piece + 1};
    }
    return size;
}
