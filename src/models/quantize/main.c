/*
 * webinfer-quantize: writes an ONNX model in fewer bits for the daemon, which examines the result
 * before it publishes anything.
 *
 *   webinfer-quantize --bits 4|8|16 [--mixed] [--form wasm|webgpu] [--memory BYTES]
 *                     [--time SECONDS] SOURCE TARGET
 *
 * SOURCE is the graph; files with its tensors are in the same folder. TARGET is the new graph. Its
 * tensors are in TARGET_data if they are more than 1 MB in all. Standard output has lines of JSON:
 * {"done", "total"} during the work, in bytes of the weights that change, and at the end {"result":
 * {…}} or {"error": {"code", "detail", "share"}}. The exit status is 0, 1 after an error, and 2 if
 * the command line is wrong. After any status but 0, the caller has to remove TARGET and
 * TARGET_data.
 *
 * Source files are not trusted, so the program first limits its own memory (2 GB, or --memory),
 * processor time (an hour, or --time), open files and size of files (at most that of memory), and
 * it lowers its priority.
 */
#include "base/buffer.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/file.h"
#include "base/memory.h"
#include "models/quantize/quantize.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define NICE 10
#define MEMORY ((uint64_t)2 << 30)
#define SECONDS 3600
/* Files open at a time: the model, a file with its tensors, the two that are written, and the
 * standard ones. */
#define FILES 16
/* A page holds tensors that are in a separate file once in memory, and not a second time in the
 * model. */
#define INLINE_MAX (1u << 20)
#define OUT_SIZE ((size_t)256 << 10)
/* A line of progress at most so often. */
#define TELL_MS 100

/* A file being written. */
struct target {
    char *path;
    int fd; /* -1: nothing was written yet */
    struct wi_buffer buffer;
    uint64_t bytes;
};

struct program {
    struct wi_quantize quantize;
    uint64_t memory, seconds;
    const char *source_path;
    char *folder;     /* of the source */
    char *other_path; /* of the open file with tensors */
    int source, other;
    struct target targets[2]; /* the model, and its data */
    double told_at;
};

/* --- the source ------------------------------------------------------------------------------- */

static ssize_t read_source(void *source, void *bytes, size_t size, uint64_t at)
{
    const int *fd = source;
    return pread(*fd, bytes, size, (off_t)at);
}

/* Only one file is open at a time: most tensors are in one file. */
static ssize_t read_other(void *source, const char *path, void *bytes, size_t size, uint64_t at)
{
    struct program *program = source;
    if (!program->other_path || strcmp(program->other_path, path) != 0) {
        struct stat status;
        wi_close(program->other);
        free(program->other_path);
        program->other_path = wi_strdup(path);
        program->other = wi_open_inside(program->folder, program->folder, path, &status, NULL);
    }
    return program->other < 0 ? -1 : pread(program->other, bytes, size, (off_t)at);
}

static char *folder_of(const char *path)
{
    char *copy = wi_strdup(path), *folder = wi_strdup(dirname(copy));
    free(copy);
    return folder;
}

/* --- the target ------------------------------------------------------------------------------- */

static int target_flush(struct target *target)
{
    int code = 0;
    if (target->fd < 0)
        target->fd = open(target->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (target->fd < 0)
        return -1;
    if (target->buffer.size)
        code = wi_write_all(target->fd, target->buffer.text, target->buffer.size);
    wi_buffer_clear(&target->buffer);
    return code;
}

static int write_target(void *sink, int data, const void *bytes, size_t size)
{
    struct program *program = sink;
    struct target *target = &program->targets[data != 0];
    target->bytes += size;
    if (target->buffer.size + size < OUT_SIZE) {
        wi_buffer_add(&target->buffer, bytes, size);
        return 0;
    }
    return target_flush(target) == 0 ? wi_write_all(target->fd, bytes, size) : -1;
}

/* All that is left, and down to the disk. 0, or -1 with errno. */
static int finish_targets(struct program *program)
{
    for (int i = 0; i < 2; i++) {
        struct target *target = &program->targets[i];
        if (target->bytes == 0)
            continue;
        if (target_flush(target) != 0 || fsync(target->fd) != 0 || close(target->fd) != 0)
            return -1;
    }
    return 0;
}

/* --- output ----------------------------------------------------------------------------------- */

static void say_progress(void *sink, uint64_t done, uint64_t total)
{
    struct program *program = sink;
    double now = wi_now_ms();
    if (done < total && now - program->told_at < TELL_MS)
        return;
    program->told_at = now;
    printf("{\"done\": %" PRIu64 ", \"total\": %" PRIu64 "}\n", done, total);
    fflush(stdout);
}

static int say_problem(const struct wi_quantize_problem *problem)
{
    struct wi_buffer detail = {0};
    wi_buffer_json_string(&detail, problem->detail);
    printf("{\"error\": {\"code\": \"%s\", \"detail\": %s", problem->code, detail.text);
    if (problem->share >= 0)
        printf(", \"share\": %.4f", problem->share);
    puts("}}");
    wi_buffer_clear(&detail);
    return 1;
}

static int say_errno(const char *code, const char *what)
{
    struct wi_quantize_problem problem = {.code = code, .share = -1};
    snprintf(problem.detail, sizeof problem.detail, "%s: %s", what, strerror(errno));
    return say_problem(&problem);
}

static int say_result(const struct program *program, const struct wi_quantize_result *result)
{
    printf("{\"result\": {\"weights\": %" PRIu64 ", \"quantizable\": %" PRIu64
           ", \"quantized\": %" PRIu64 ", \"nodes\": %zu, \"kept\": %zu, \"bytes\": %" PRIu64
           "}}\n",
        result->weights, result->quantizable, result->quantized, result->nodes, result->kept,
        program->targets[0].bytes + program->targets[1].bytes);
    return 0;
}

/* --- the program ------------------------------------------------------------------------------ */

static int usage_print(void)
{
    fprintf(stderr,
        "usage: webinfer-quantize --bits 4|8|16 [--mixed] [--form wasm|webgpu] [--memory BYTES]\n"
        "                         [--time SECONDS] SOURCE TARGET\n");
    return EXIT_USAGE;
}

/* A whole number above zero. */
static int number_read(const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && errno == 0 && *number > 0 ? 0 : -1;
}

static int read_option(struct program *program, int option)
{
    uint64_t number;
    switch (option) {
    case 'b':
        if (number_read(optarg, &number) != 0 || (number != 4 && number != 8 && number != 16))
            return -1;
        program->quantize.bits = (unsigned)number;
        return 0;
    case 'x':
        program->quantize.mixed = 1;
        return 0;
    case 'f':
        program->quantize.for_webgpu = strcmp(optarg, "webgpu") == 0;
        return program->quantize.for_webgpu || strcmp(optarg, "wasm") == 0 ? 0 : -1;
    case 'm':
        return number_read(optarg, &program->memory);
    case 't':
        return number_read(optarg, &program->seconds);
    default:
        return -1;
    }
}

static int read_line(struct program *program, int argc, char **argv)
{
    static const struct option options[] = {{"bits", required_argument, NULL, 'b'},
        {"mixed", no_argument, NULL, 'x'}, {"form", required_argument, NULL, 'f'},
        {"memory", required_argument, NULL, 'm'}, {"time", required_argument, NULL, 't'}, {0}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (read_option(program, option) != 0)
            return -1;
    if (argc - optind != 2 || program->quantize.bits == 0 ||
        (program->quantize.mixed && program->quantize.bits != 4))
        return -1;
    program->source_path = argv[optind];
    program->targets[0].path = wi_strdup(argv[optind + 1]);
    program->targets[1].path = wi_sprintf("%s_data", argv[optind + 1]);
    return 0;
}

static void resource_limit(int resource, uint64_t most)
{
    struct rlimit limits = {most, most};
    setrlimit((__rlimit_resource_t)resource, &limits);
}

static void take_limits(const struct program *program)
{
#ifndef __SANITIZE_ADDRESS__ /* which takes addresses by the terabyte */
    resource_limit(RLIMIT_AS, program->memory);
#endif
    resource_limit(RLIMIT_CPU, program->seconds);
    resource_limit(RLIMIT_CORE, 0);
    resource_limit(RLIMIT_NOFILE, FILES);
    resource_limit(RLIMIT_FSIZE, program->memory); /* of which a model in fewer bits takes a part */
    signal(SIGXFSZ, SIG_IGN);                      /* then writing fails */
    setpriority(PRIO_PROCESS, 0, NICE);
}

static int program_run(struct program *program)
{
    struct wi_protobuf *input = wi_alloc(sizeof *input);
    struct wi_quantize_result result;
    struct wi_quantize_problem problem;
    struct stat status;
    program->source = open(program->source_path, O_RDONLY | O_CLOEXEC);
    if (program->source < 0 || fstat(program->source, &status) != 0) {
        free(input);
        return say_errno("internal", "the model cannot be opened");
    }
    input->read = read_source;
    input->source = &program->source;
    input->size = (uint64_t)status.st_size;
    program->quantize.input = input;
    int code = wi_quantize(&program->quantize, &result, &problem);
    if (code != 0)
        code = say_problem(&problem);
    else if (finish_targets(program) != 0)
        code = say_errno(
            wi_is_full(errno) ? "no_room" : "internal", "the new model cannot be written");
    else
        code = say_result(program, &result);
    close(program->source);
    free(input);
    return code;
}

int main(int argc, char **argv)
{
    struct program program = {
        .memory = MEMORY, .seconds = SECONDS, .other = -1, .targets = {{.fd = -1}, {.fd = -1}}};
    if (read_line(&program, argc, argv) != 0)
        return usage_print();
    take_limits(&program);
    program.folder = folder_of(program.source_path);
    program.quantize.inline_max = INLINE_MAX;
    program.quantize.read = read_other;
    program.quantize.source = &program;
    program.quantize.write = write_target;
    program.quantize.progress = say_progress;
    program.quantize.sink = &program;
    program.quantize.data_name = basename(program.targets[1].path);
    int code = program_run(&program);
    wi_close(program.other);
    free(program.other_path);
    free(program.folder);
    for (int i = 0; i < 2; i++) {
        wi_buffer_clear(&program.targets[i].buffer);
        free(program.targets[i].path);
    }
    return code;
}
