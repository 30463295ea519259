/*
 * Comparing what models speak, by its samples: WAV files (RIFF; Multimedia Programming Interface
 * and Data Specifications 1.0, Microsoft and IBM 1991) of 16-bit PCM in one channel, as the page
 * writes them.
 */
#include "model/compare_private.h"

#include <math.h>
#include <string.h>

/* Of the length: how long each sound lasts is rounded to whole frames, and a tie falls either way.
 */
#define LENGTH 0.05
/* Each side has rounded to 16 bits. */
#define STEP (2.0 / 32768)
/* What is not louder than that is none. */
#define QUIET (100 * STEP)
/* Files have few chunks. */
#define CHUNKS_MAX 64

struct wav {
    int good; /* it is of that form */
    uint32_t rate;
    const unsigned char *samples; /* little-endian */
    size_t count;
};

static uint32_t u32(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The chunk "fmt ". */
static void read_form(struct wav *wav, const unsigned char *chunk, size_t size)
{
    static const unsigned char pcm_mono[] = {1, 0, 1, 0};
    wav->good = size >= 16 && memcmp(chunk, pcm_mono, sizeof pcm_mono) == 0 && chunk[14] == 16 &&
                chunk[15] == 0;
    wav->rate = wav->good ? u32(chunk + 4) : 0;
}

static struct wav read_wav(const unsigned char *bytes, size_t size)
{
    struct wav wav = {0};
    size_t at = 12;
    if (size < at || memcmp(bytes, "RIFF", 4) != 0 || memcmp(bytes + 8, "WAVE", 4) != 0)
        return wav;
    for (int i = 0; i < CHUNKS_MAX && size - at >= 8; i++) {
        const unsigned char *name = bytes + at;
        size_t length = u32(name + 4), rest = size - at - 8;
        if (length > rest)
            break;
        if (memcmp(name, "fmt ", 4) == 0) {
            read_form(&wav, name + 8, length);
        } else if (memcmp(name, "data", 4) == 0) {
            wav.samples = name + 8;
            wav.count = length / 2;
            break;
        }
        at += 8 + length + (length % 2 && length < rest);
    }
    wav.good = wav.good && wav.count > 0;
    return wav;
}

static struct wav wav_of(const struct wi_tensors *outputs)
{
    const struct wi_tensor *file = wi_compare_find(outputs, "audio", 0);
    return file ? read_wav(wi_tensor_bytes(file), file->size) : (struct wav){0};
}

static double sample_at(const struct wav *wav, size_t index)
{
    const unsigned char *at = wav->samples + 2 * index;
    return (int16_t)(at[0] | at[1] << 8) / 32768.0;
}

static void compare_samples(
    const struct wav *wanted, const struct wav *had, double of_largest, struct wi_comparison *out)
{
    double largest = 0, worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < wanted->count; i++) {
        double error = fabs(sample_at(had, i) - sample_at(wanted, i));
        largest = fmax(largest, fabs(sample_at(wanted, i)));
        if (error > worst) {
            worst = error;
            at = i;
        }
    }
    wi_compare_note(out, worst / fmax(of_largest * largest, STEP),
        "sample %zu: %.5g where WASM makes %.5g", at, sample_at(had, at), sample_at(wanted, at));
    if (largest < QUIET)
        wi_compare_leave_open(out, "there is no sound to compare");
}

void wi_compare_sounds(const struct wi_tensors *reference, const struct wi_tensors *got,
    double of_largest, struct wi_comparison *out)
{
    struct wav wanted = wav_of(reference), had = wav_of(got);
    double longer = fabs((double)had.count - (double)wanted.count);
    if (!wanted.good || !had.good)
        wi_compare_leave_open(out, "the sounds cannot be read");
    else if (wanted.rate != had.rate)
        wi_compare_note(out, (double)INFINITY, "%u samples a second where WASM has %u",
            (unsigned)had.rate, (unsigned)wanted.rate);
    else if (wanted.count == had.count)
        compare_samples(&wanted, &had, of_largest, out);
    else if (longer <= LENGTH * (double)wanted.count)
        wi_compare_leave_open(out,
            "%zu samples where WASM makes %zu: too many to be the same, too few to be wrong",
            had.count, wanted.count);
    else
        wi_compare_note(
            out, (double)INFINITY, "%zu samples where WASM makes %zu", had.count, wanted.count);
}
