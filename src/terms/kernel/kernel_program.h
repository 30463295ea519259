/*
 * A program: WGSL that a client sends instead of a kernel's name, with its outputs and dispatch. It
 * is checked here as far as possible without compiling it. The page checks it against the limits of
 * its adapter, and the browser compiles it.
 *
 * Its bindings are in group 0: from 0 on, the inputs in order, read-only, then the outputs in
 * order, writable and initially zero. Each binding has exactly the tensor's bytes.
 */
#ifndef WI_TERMS_KERNEL_KERNEL_PROGRAM_H
#define WI_TERMS_KERNEL_KERNEL_PROGRAM_H

#include "base/buffer.h"
#include "terms/kernel/kernel.h"

#define WI_PROGRAM_SOURCE_MAX (64 * 1024) /* bytes */
#define WI_PROGRAM_NAME_MAX 128           /* of the entry's or a constant's name */
#define WI_PROGRAM_CONSTANTS 64
#define WI_PROGRAM_TENSORS 8 /* inputs and outputs together: as many as every WebGPU can bind */
#define WI_PROGRAM_WORKGROUPS_MAX UINT32_MAX
/* The phase that the page reports (task_progress) when it begins to compile the program: [api]
 * kernel_time starts then. */
#define WI_PROGRAM_PHASE "computing"

/* All members are owned. A program is not changed after it has been checked. */
struct wi_program {
    char *source;
    char *entry;       /* the name of its entry point */
    json_t *constants; /* {NAME: number} for its overrides, or NULL */
    int64_t workgroups[3];
    struct wi_tensors outputs; /* without bytes */
    unsigned _references;
};

/* An empty program with one reference. */
struct wi_program *wi_program_new(void);
/* References are counted on one thread at a time. Returns `program`; NULL is fine. */
struct wi_program *wi_program_retain(struct wi_program *program);
void wi_program_release(struct wi_program *program);

/* Reads the [x, y, z] of a dispatch. WI_OK, or WI_INVALID_FIELD. */
enum wi_code wi_program_read_workgroups(
    struct wi_program *program, const json_t *list, struct wi_error *error);
/* Takes a reference to `constants`. WI_OK, or WI_INVALID_FIELD naming the constant at fault. */
enum wi_code wi_program_read_constants(
    struct wi_program *program, json_t *constants, struct wi_error *error);
/* Whether these inputs and the program's outputs can be bound: WI_OK, WI_INVALID_FIELD,
 * WI_INPUT_DATATYPE, WI_INPUT_SHAPE, and WI_ANSWER_TOO_LARGE beyond WI_KERNEL_BYTES_MAX. */
enum wi_code wi_program_check(
    const struct wi_program *program, const struct wi_tensors *inputs, struct wi_error *error);
/* Whether `outputs` are the requested ones, in order. WI_OK or WI_INFERENCE_FAILED. */
enum wi_code wi_program_check_answer(
    const struct wi_program *program, const struct wi_tensors *outputs, struct wi_error *error);
/* Appends the program as a node gets it: {"source","entry","constants","workgroups","outputs"}. */
void wi_program_add(struct wi_buffer *out, const struct wi_program *program);

#endif
