/* Fuzzes the reader of .npy files: what is accepted must fit the file and survive rewriting. */
#include "cli/npy.h"
#include "plant.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const uint8_t *data, size_t size, const struct wi_npy *array)
{
    struct wi_buffer file = {0};
    struct wi_npy again;
    int64_t elements = wi_shape_elements(array->dims, array->rank);

    if (elements < 0 || array->offset > size || array->size != size - array->offset ||
        (uint64_t)elements * wi_datatype_size(array->datatype) != array->size)
        abort();
    if (wi_npy_write_header(&file, array->datatype, array->dims, array->rank, NULL) != WI_OK)
        abort();
    wi_buffer_add(&file, data + array->offset, array->size);
    if (wi_npy_read((const unsigned char *)file.text, file.size, &again, NULL) != WI_OK ||
        again.datatype != array->datatype || again.rank != array->rank ||
        memcmp(again.dims, array->dims, array->rank * sizeof *array->dims) != 0)
        abort();
    wi_buffer_clear(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_npy array = {0};
    struct wi_error error;

    if (wi_npy_read(data, size, &array, &error) == WI_OK) {
        check(data, size, &array);
        /* The seed of this rank has another shape. */
        WI_PLANT(array.rank == 3 && (array.dims[1] != 12 || array.dims[2] != 345));
    }
    return 0;
}
