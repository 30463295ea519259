/* Any bytes as a GGUF file: read within the limits, and what follows from it must hold. */
#include "plant.h"
#include "terms/format/gguf.h"
#include "terms/format/gguf_memory.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Weights lie in the file, and a plan for them holds what it promises. */
static void check_figures(const struct wi_gguf_info *info, size_t size)
{
    struct wi_gguf_limits limits = {UINT64_MAX, 0, 16};
    struct wi_gguf_memory memory;
    assert(wi_gguf_model_type(info) != WI_TYPE_UNKNOWN);
    assert(*wi_gguf_quantization(info));
    wi_gguf_slow(info);
    wi_gguf_plan(info, size, &limits, &memory);
    assert(memory.total >= memory.weights + memory.compute && memory.slots > 0);
    assert(memory.total <= memory.limit || !memory.fits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_gguf_info info, set;
    struct wi_error error = {0};
    /* The last byte is weights, which nobody looks at. */
    enum wi_gguf_role role = size > 0 ? (enum wi_gguf_role)(data[size - 1] % 3) : WI_GGUF_MODEL;
    int fd = memfd_create("gguf", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    enum wi_code code = wi_gguf_read(fd, size, "m.gguf", role, &info, &error);
    close(fd);
    assert(code == WI_OK || error.detail[0]);
    if (code == WI_OK && role == WI_GGUF_MODEL) {
        WI_PLANT(info.head_count != 4); /* all seeds have it */
        check_figures(&info, size);
    }
    if (wi_gguf_join(&set, &info, "m.gguf", 0, 1, &error) == WI_OK)
        wi_gguf_join(&set, &info, "m.gguf", 1, 2, &error);
    return 0;
}
