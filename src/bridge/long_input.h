/*
 * The input of a task with text, where its JSON might not fit a message: as a tensor behind those
 * of the task (webinfer-inputs(7), "Long text").
 */
#ifndef WI_BRIDGE_LONG_INPUT_H
#define WI_BRIDGE_LONG_INPUT_H

#include "bridge/bridge.h"
#include "node/frame.h"

/* Bytes of JSON that an input may have in the head of a message; the rest is for options, names and
 * acknowledgements. */
#define WI_INPUT_SHORT_MAX ((size_t)WI_FRAME_HEAD_MAX / 2)

/* Whether the task is one with text whose JSON may be larger than the head of a message has room
 * for. */
int wi_input_is_long(const struct wi_task *task);
/* Adds the JSON of the task's input to `list`: a copy, charged to `budget`. 0, or -1 where there is
 * no memory, and the list is as it was. */
int wi_input_lay_out(struct wi_tensors *list, const struct wi_task *task, struct wi_budget *budget);

#endif
