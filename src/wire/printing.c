/* The part of printing that is the same for every answer: tensors, one after the other. */
#include "wire/printing.h"

#include "base/memory.h"
#include <stdlib.h>

static void print_outputs(struct wi_printing *printing)
{
    if (printing->write)
        printing->write(printing);
    for (size_t i = 0; !printing->write && i < printing->outputs.count; i++) {
        if (i > 0)
            wi_buffer_add(&printing->text, ",", 1);
        wi_tensor_to_json(&printing->text, &printing->outputs.items[i], printing->binary[i]);
    }
    if (printing->tail.size > 0)
        wi_buffer_add(&printing->text, printing->tail.text, printing->tail.size);
}

static void make_slices(struct wi_printing *printing)
{
    size_t count = 1;
    printing->slices =
        wi_realloc_array(NULL, printing->outputs.count + 1, sizeof *printing->slices);
    printing->slices[0] = (struct wi_slice){printing->text.text, printing->text.size};
    for (size_t i = 0; printing->binary && i < printing->outputs.count; i++) {
        const struct wi_tensor *tensor = &printing->outputs.items[i];
        if (printing->binary[i] && tensor->size > 0)
            printing->slices[count++] = (struct wi_slice){wi_tensor_bytes(tensor), tensor->size};
    }
    printing->slice_count = count;
}

struct wi_printing *wi_printing_json(json_t *answer)
{
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    wi_buffer_json(&printing->text, answer);
    wi_buffer_puts(&printing->text, "\n");
    json_decref(answer);
    return printing;
}

void wi_printing_event(struct wi_buffer *out, const char *type, json_t *data)
{
    if (type)
        wi_buffer_strings(out, "event: ", type, "\n", NULL);
    wi_buffer_puts(out, "data: ");
    wi_buffer_json(out, data);
    wi_buffer_puts(out, "\n\n");
    json_decref(data);
}

void wi_printing_run(struct wi_printing *printing)
{
    print_outputs(printing);
    make_slices(printing);
}

const struct wi_slice *wi_printing_slices(const struct wi_printing *printing, size_t *count)
{
    *count = printing->slice_count;
    return printing->slices;
}

int wi_printing_has_binary(const struct wi_printing *printing)
{
    for (size_t i = 0; printing->binary && i < printing->outputs.count; i++)
        if (printing->binary[i])
            return 1;
    return 0;
}

void wi_printing_free(struct wi_printing *printing)
{
    if (!printing)
        return;
    wi_tensors_clear(&printing->outputs);
    free(printing->binary);
    wi_buffer_clear(&printing->text);
    wi_buffer_clear(&printing->tail);
    free(printing->slices);
    free(printing);
}
