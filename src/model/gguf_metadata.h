/* The parts of reading a GGUF file, in their order; for gguf.c alone. */
#ifndef WI_MODEL_GGUF_METADATA_H
#define WI_MODEL_GGUF_METADATA_H

#include "model/gguf.h"
#include "model/gguf_input.h"

/* `pairs` keys with their values into `info`. 0, or -1 with the input's problem set. */
int wi_gguf_read_metadata(struct wi_gguf_input *input, uint64_t pairs, struct wi_gguf_info *info);
/* `count` outlines of tensors, and whether all of them lie inside the file. Likewise. */
int wi_gguf_read_tensors(struct wi_gguf_input *input, uint64_t count, struct wi_gguf_info *info);

#endif
