/*
 * A program: WGSL that a client sends in the place of a kernel's name, with what it is to be run
 * over. Here it is checked as far as that goes without compiling it; the page holds it against the
 * limits of its adapter, and the browser compiles it.
 *
 * Its bindings are group 0: the inputs in their order from 0, to be read, then the outputs in
 * theirs, zero at the beginning, to be written. Each is bound to exactly its bytes.
 */
#ifndef WI_TERMS_KERNEL_PROGRAM_H
#define WI_TERMS_KERNEL_PROGRAM_H

#include "base/buffer.h"
#include "terms/kernel/kernel.h"

#define WI_PROGRAM_SOURCE_MAX (64 * 1024) /* bytes */
#define WI_PROGRAM_NAME_MAX 128           /* of its entry, and of a constant */
#define WI_PROGRAM_CONSTANTS 64
#define WI_PROGRAM_TENSORS 8 /* inputs and outputs together: what every WebGPU binds */
#define WI_PROGRAM_WORKGROUPS_MAX UINT32_MAX
/* The phase that its page tells (task_progress) when it begins to compile it: [api] kernel_time
 * runs from then on. */
#define WI_PROGRAM_PHASE "computing"

/* Owned. Nobody changes it once it is checked. */
struct wi_program {
    char *source;
    char *entry;       /* the function of it that is run */
    json_t *constants; /* {NAME: number} for its overrides, or NULL */
    int64_t workgroups[3];
    struct wi_tensors outputs; /* without bytes */
    unsigned _references;
};

/* An empty one with one reference. */
struct wi_program *wi_program_new(void);
/* References are counted on one thread at a time. Gives `program`; NULL is fine. */
struct wi_program *wi_program_retain(struct wi_program *program);
void wi_program_release(struct wi_program *program);

/* [x, y, z] of a dispatch: WI_OK, or WI_INVALID_FIELD. */
enum wi_code wi_program_read_workgroups(
    struct wi_program *program, const json_t *list, struct wi_error *error);
/* Takes a reference. WI_OK, or WI_INVALID_FIELD naming the one at fault. */
enum wi_code wi_program_read_constants(
    struct wi_program *program, json_t *constants, struct wi_error *error);
/* Whether it can be bound to these inputs and its outputs: WI_OK, WI_INVALID_FIELD,
 * WI_INPUT_DATATYPE, WI_INPUT_SHAPE, and WI_ANSWER_TOO_LARGE beyond WI_KERNEL_BYTES_MAX. */
enum wi_code wi_program_check(
    const struct wi_program *program, const struct wi_tensors *inputs, struct wi_error *error);
/* Whether `outputs` are those that were asked for, in their order. WI_OK or WI_INFERENCE_FAILED. */
enum wi_code wi_program_check_answer(
    const struct wi_program *program, const struct wi_tensors *outputs, struct wi_error *error);
/* Appends it as a node gets it: {"source","entry","constants","workgroups","outputs"}. */
void wi_program_add(struct wi_buffer *out, const struct wi_program *program);

#endif
