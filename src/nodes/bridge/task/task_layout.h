/*
 * The layout of a task in its task_request: which data goes in the JSON, and which as tensors after
 * those of the task (webinfer-streams(7), "Text as tensors"). The extra tensors hold the input, if
 * its JSON exceeds 4 KiB, and the text and tokens of a continuation.
 */
#ifndef WI_NODES_BRIDGE_TASK_LAYOUT_H
#define WI_NODES_BRIDGE_TASK_LAYOUT_H

#include "nodes/bridge/bridge.h"

/* Bytes of an input's JSON in the head of a message. */
#define WI_INPUT_HEAD_MAX ((size_t)4096)

/* Made by wi_layout_make; free with wi_layout_clear. */
struct wi_layout {
    const struct wi_tensors *tensors; /* all of them: the task's own, or those below */
    char input[WI_INPUT_HEAD_MAX];    /* JSON of a short input, without a NUL */
    size_t input_size;                /* 0: it goes as a tensor, or there is none */
    int input_at, text_at, tokens_at; /* which of the tensors each is; -1: none */
    struct wi_tensors _own;
};

/* Borrows from the task. Data that becomes extra tensors is copied and charged to `budget`. Returns
 * 0, or -1 if there is no memory. */
int wi_layout_make(struct wi_layout *layout, const struct wi_task *task, struct wi_budget *budget);
/* Adds the members of the task's data that name these tensors, each preceded by a comma. */
void wi_layout_add(
    struct wi_buffer *out, const struct wi_layout *layout, const struct wi_task *task);
void wi_layout_clear(struct wi_layout *layout);

#endif
