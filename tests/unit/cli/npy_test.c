/* NumPy files: every datatype there and back, and every way in which a file can be wrong. */
#include "../test.h"

#include "cli/npy.h"
#include <string.h>

/* A file of format 1.0 with `header` and `elements` bytes behind it. */
static size_t make(unsigned char *out, const char *header, size_t elements)
{
    size_t length = strlen(header);
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = (unsigned char)(length & 0xff);
    out[9] = (unsigned char)(length >> 8);
    memcpy(out + 10, header, length);
    memset(out + 10 + length, 7, elements);
    return 10 + length + elements;
}

static enum wi_code read_header(
    const char *header, size_t elements, struct wi_npy *array, struct wi_error *error)
{
    unsigned char file[1024];
    return wi_npy_read(file, make(file, header, elements), array, error);
}

TEST(reads_what_numpy_writes)
{
    struct wi_npy array;
    assert_int_equal(read_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n",
                         24, &array, NULL),
        WI_OK);
    assert_int_equal(array.datatype, WI_FP32);
    assert_int_equal(array.rank, 2);
    assert_int_equal(array.dims[0], 2);
    assert_int_equal(array.dims[1], 3);
    assert_int_equal(array.size, 24);
}

TEST(reads_scalars_vectors_and_empty_arrays)
{
    struct wi_npy array;
    assert_int_equal(
        read_header("{'descr': '<i8', 'fortran_order': True, 'shape': ()}", 8, &array, NULL),
        WI_OK);
    assert_int_equal(array.rank, 0);
    assert_int_equal(
        read_header("{'descr': '<i8', 'fortran_order': True, 'shape': (3,)}", 24, &array, NULL),
        WI_OK);
    assert_int_equal(array.rank, 1);
    assert_int_equal(
        read_header("{'shape': (0, 5), 'descr': '|u1', 'fortran_order': False}", 0, &array, NULL),
        WI_OK);
    assert_int_equal(array.size, 0);
}

TEST(reads_format_2)
{
    static const char header[] = "{'descr': '|b1', 'fortran_order': False, 'shape': (1,), }\n";
    unsigned char file[128] = "\x93NUMPY\x02";
    struct wi_npy array;
    file[8] = sizeof header - 1;
    memcpy(file + 12, header, sizeof header - 1);
    assert_int_equal(wi_npy_read(file, 12 + sizeof header, &array, NULL), WI_OK);
    assert_int_equal(array.datatype, WI_BOOL);
}

TEST(writes_what_it_reads)
{
    static const int64_t dims[] = {1, 2, 3};
    for (int type = 0; type < WI_DATATYPE_COUNT; type++) {
        struct wi_buffer file = {0};
        struct wi_error error = {0};
        struct wi_npy array;
        for (unsigned rank = 0; rank <= 3; rank++) {
            size_t elements = rank == 0 ? 1 : rank == 1 ? 1 : rank == 2 ? 2 : 6;
            wi_buffer_clear(&file);
            if (type == WI_BYTES) {
                assert_int_equal(
                    wi_npy_write_header(&file, type, dims, rank, &error), WI_INPUT_INVALID);
                continue;
            }
            assert_int_equal(wi_npy_write_header(&file, type, dims, rank, &error), WI_OK);
            assert_int_equal(file.size % 64, 0);
            for (size_t i = 0; i < elements * wi_datatype_size(type); i++)
                wi_buffer_add(&file, "x", 1);
            assert_int_equal(
                wi_npy_read((unsigned char *)file.text, file.size, &array, &error), WI_OK);
            assert_int_equal(array.datatype, type == WI_BF16 ? WI_UINT16 : (enum wi_datatype)type);
            assert_int_equal(array.rank, rank);
        }
        wi_buffer_clear(&file);
    }
}

TEST(writes_long_headers)
{
    int64_t dims[16];
    struct wi_buffer file = {0};
    for (size_t i = 0; i < 16; i++)
        dims[i] = INT64_MAX;
    assert_int_equal(wi_npy_write_header(&file, WI_FP32, dims, 16, NULL), WI_OK);
    const unsigned char *head = (const unsigned char *)file.text;
    assert_true(file.size > 256);
    assert_int_equal(head[8] | head[9] << 8, file.size - 10);
    wi_buffer_clear(&file);
}

static void refuses(const char *header, size_t elements, const char *why)
{
    struct wi_npy array;
    struct wi_error error = {0};
    assert_int_equal(read_header(header, elements, &array, &error), WI_INPUT_INVALID);
    if (!strstr(error.detail, why))
        fail_msg("\"%s\" does not say \"%s\"", error.detail, why);
}

TEST(refuses_bad_headers)
{
#define TAIL ", 'fortran_order': False, 'shape': (1,)}"
    refuses("", 0, "not a dictionary");
    refuses("{", 0, "malformed key");
    refuses("{'descr'", 0, "malformed key");
    refuses("{'descr': '<f4'", 0, "does not end");
    refuses("{'descr': '<f4'}", 0, "incomplete");
    refuses("{'descr': '<f4', 'descr': '<f4'" TAIL, 4, "unknown or repeated");
    refuses("{'descr': '<f4', 'more': 1" TAIL, 4, "unknown or repeated");
    refuses("{'descr': [('a', '<f4')]" TAIL, 4, "structured");
    refuses("{'descr': '<f4'" TAIL " 1", 4, "incomplete");
    refuses("{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}", 4, "True nor False");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': 1}", 4, "tuple");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 4, "tuple");
    refuses(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 4, "tuple");
    refuses(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}", 4,
        "16 sizes");
    refuses("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}", 16, "ascontiguousarray");
    refuses("{'descr': '>f4'" TAIL, 4, "astype");
    refuses("{'descr': '<c8'" TAIL, 8, "astype");
    refuses("{'descr': '<U3'" TAIL, 12, "astype");
    refuses("{'descr': '<f4'" TAIL, 3, "needs 4 bytes");
    refuses("{'descr': '<f4'" TAIL, 5, "needs 4 bytes");
    refuses("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904,)}", 8,
        "too large");
    refuses("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 8,
        "too large");
}

TEST(refuses_what_is_no_npy)
{
    unsigned char file[64] = "\x93NUMPY\x01";
    struct wi_npy array;
    struct wi_error error;
    assert_int_equal(wi_npy_read(file, 0, &array, &error), WI_INPUT_INVALID);
    assert_int_equal(wi_npy_read((const unsigned char *)"PK\3\4 a zip file", 16, &array, &error),
        WI_INPUT_INVALID);
    file[6] = 3;
    assert_int_equal(wi_npy_read(file, sizeof file, &array, &error), WI_INPUT_INVALID);
    file[6] = 2;
    assert_int_equal(wi_npy_read(file, 11, &array, &error), WI_INPUT_INVALID);
    file[8] = file[9] = file[10] = file[11] = 0xff;
    assert_int_equal(wi_npy_read(file, sizeof file, &array, &error), WI_INPUT_INVALID);
    assert_non_null(strstr(error.detail, "longer than"));
}

/* Every prefix of a good file is refused without a read past its end (ASan watches). */
TEST(refuses_every_prefix)
{
    unsigned char file[256], *copy;
    size_t size = make(file, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", 24);
    struct wi_npy array;
    for (size_t i = 0; i < size; i++) {
        copy = test_malloc(i + 1);
        memcpy(copy, file, i);
        assert_int_equal(wi_npy_read(copy, i, &array, NULL), WI_INPUT_INVALID);
        test_free(copy);
    }
    assert_int_equal(wi_npy_read(file, size, &array, NULL), WI_OK);
}
