/* See message.h. */
#include "node/message.h"
#include "base/memory.h"
#include "node/frame.h"
#include <stdlib.h>

struct wi_message *wi_message_new(
    int binary, struct wi_buffer *head, const struct wi_tensors *tensors)
{
    size_t count = tensors ? tensors->count : 0, section = 0;
    struct wi_message *message = wi_alloc(sizeof *message + (1 + count) * sizeof(struct wi_piece));
    message->binary = binary;
    message->count = 1 + count;
    message->pieces[0].size = head->size;
    message->head = wi_buffer_take(head);
    message->pieces[0].bytes = (const unsigned char *)message->head;
    for (size_t i = 0; i < count; i++) {
        const struct wi_tensor *tensor = &tensors->items[i];
        struct wi_piece *piece = &message->pieces[1 + i];
        piece->blob = wi_blob_ref(tensor->blob);
        piece->bytes = wi_tensor_bytes(tensor);
        piece->size = tensor->size;
        piece->padding = wi_frame_align(section) - section;
        section += piece->padding + piece->size;
    }
    message->total = message->pieces[0].size + section;
    return message;
}

void wi_message_free(struct wi_message *message)
{
    if (!message)
        return;
    for (size_t i = 0; i < message->count; i++)
        wi_blob_unref(message->pieces[i].blob);
    free(message->head);
    free(message);
}
