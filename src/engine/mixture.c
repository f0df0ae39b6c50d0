/* Mixtures of Gaussians: which are sound, and samples of them by the noise contract. */
#include <dissolve/mixture.h>
#include <dissolve/noise.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>

enum {
    BATCH = 1024, /* samples drawn at once */
};

/* No normal of the noise contract is larger: sqrt(-2 ln 2^-24) = 5.77. */
static const double largest_normal = 6.0;

static bool component_is_sound(double weight, double mean, double std)
{
    return isfinite(weight) && weight >= 0.0 && isfinite(mean) && isfinite(std) && std >= 0.0 &&
           fabs(mean) + largest_normal * std <= (double)FLT_MAX;
}

static double sum_of_weights(const struct dissolve_mixture *mixture)
{
    double sum = 0.0;

    for (size_t k = 0; k < mixture->components; k++)
        sum += mixture->weights[k];
    return sum;
}

enum dissolve_status dissolve_mixture_check(const struct dissolve_mixture *mixture)
{
    double sum;

    if (mixture->components < 1 || mixture->components > DISSOLVE_MAX_COMPONENTS)
        return DISSOLVE_INVALID;
    for (size_t k = 0; k < mixture->components; k++) {
        if (!component_is_sound(mixture->weights[k], mixture->means[k], mixture->stds[k]))
            return DISSOLVE_INVALID;
    }
    sum = sum_of_weights(mixture);
    return isfinite(sum) && sum > 0.0 ? DISSOLVE_OK : DISSOLVE_INVALID;
}

/*
 * The first component whose cumulated weight exceeds u, else the last: as many as do not exceed it,
 * the last left out. No branch depends on u, which no processor can predict.
 */
static size_t choose(const double *cumulated, size_t components, double u)
{
    size_t first = 0, left = components - 1;

    while (left) {
        size_t half = (left + 1) / 2;

        /* NOLINTNEXTLINE: first + left never passes components - 1 */
        first += half * (cumulated[first + half - 1] <= u);
        left -= half;
    }
    return first;
}

/* Draws at most BATCH samples. */
static void draw_batch(const struct dissolve_mixture *mixture, const double *cumulated,
                       uint64_t seed, uint64_t first, size_t count, float *samples)
{
    uint32_t words[BATCH + 8]; /* the blocks that hold the samples; at most one more than BATCH/4 */
    size_t skip = (size_t)(first % 4);

    dissolve_words(seed, DISSOLVE_STREAM_COMPONENT, 0, first / 4, (skip + count + 3) / 4, words);
    dissolve_normals(seed, DISSOLVE_STREAM_MIXTURE, 0, first, count, samples);
    for (size_t i = 0; i < count; i++) {
        double u = (double)(words[skip + i] >> 8) * 0x1p-24;
        size_t k = choose(cumulated, mixture->components, u);

        samples[i] = (float)(mixture->means[k] + mixture->stds[k] * (double)samples[i]);
    }
}

void dissolve_mixture_draw(const struct dissolve_mixture *mixture, uint64_t seed, uint64_t offset,
                           size_t count, float *samples)
{
    double cumulated[DISSOLVE_MAX_COMPONENTS];
    double sum = sum_of_weights(mixture);
    double below = 0.0;

    for (size_t k = 0; k < mixture->components; k++) {
        below += mixture->weights[k] / sum;
        cumulated[k] = below;
    }
    for (size_t done = 0; done < count; done += BATCH) {
        size_t some = count - done < BATCH ? count - done : BATCH;

        draw_batch(mixture, cumulated, seed, offset + done, some, samples + done);
    }
}
